#include "coordinator/live/local_journals.hpp"

#include <ctime>
#include <utility>

#include "actors/journal/journal_lock.hpp"
#include "actors/journal/journal_recovery.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "coordinator/live/local_workers.hpp"

namespace fd {
namespace {

/// The kernel ends local workers together with their coordinator, but not in the same instant.
constexpr int kLockTries = 200;
constexpr long kLockWaitNs = 10'000'000;

Result<FolderLock> lock_patiently(const std::string& folder) {
  for (int tries = 1;; ++tries) {
    auto lock = lock_journals(folder);
    if (lock.ok() || lock.error().code != Errc::busy || tries == kLockTries) {
      return lock;
    }
    const timespec wait{0, kLockWaitNs};
    nanosleep(&wait, nullptr);
  }
}

/// Returns the numbers of local workers, which are the names of their folders.
Result<std::vector<std::string>> local_worker_numbers(const RunDir& dir) {
  FD_TRY(std::vector<std::string> names, names_in(dir.workers()));
  std::erase_if(names, [](const std::string& name) {
    return name.find_first_not_of("0123456789") != std::string::npos;
  });
  return names;
}

/// All that the processes of a name did is known: no call is begun that is not in the journal.
void settle_shares(const std::string& worker, OpenShares& open, std::vector<LedgerEvent>& events) {
  std::erase_if(open, [&](const auto& share) {
    if (share.second.worker != worker) {
      return false;
    }
    events.emplace_back(decision(ShareGranted{worker, share.first, 0}));
    return true;
  });
}

}  // namespace

Result<ImportedJournals> import_local_journals(const RunDir& dir, const std::string& run_id,
                                               Ledger& ledger, OpenShares& open) {
  ImportedJournals imported;
  FD_TRY(const std::vector<std::string> numbers, local_worker_numbers(dir));
  for (const std::string& number : numbers) {
    const std::string folder = dir.workers() + "/" + number;
    FD_TRY(const FolderLock lock, lock_patiently(folder));
    remove_abandoned(folder, RunDir::kWorkerDatabases);
    FD_TRY(RecoveredJournal journal, read_journal(folder, run_id));
    std::vector<LedgerEvent> events;
    for (Record& record : journal.ended) {
      events.emplace_back(std::move(record));
    }
    for (const JournalIntent& intent : journal.in_doubt) {
      events.emplace_back(in_doubt_record(intent));
    }
    settle_shares(local_worker_name(number), open, events);
    imported.calls += journal.ended.size();
    imported.in_doubt += journal.in_doubt.size();
    if (!events.empty()) {
      ledger.append(std::move(events), {});
      FD_TRY_VOID(ledger.flush());
    }
    FD_TRY_VOID(remove_journal(folder, run_id));
  }
  return imported;
}

Result<std::unique_ptr<Ledger>> open_run_ledger(const RunDir& dir, const std::string& run_id,
                                                LedgerStart& start, ImportedJournals& found) {
  LedgerOptions options;
  options.path = dir.ledger();
  options.run_id = run_id;
  FD_TRY(std::unique_ptr<Ledger> ledger, Ledger::open(options, start));
  FD_TRY(found, import_local_journals(dir, run_id, *ledger, start.shares));
  return ledger;
}

}  // namespace fd
