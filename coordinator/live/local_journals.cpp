#include "coordinator/live/local_journals.hpp"

#include <ctime>
#include <utility>

#include "actors/journal/journal_lock.hpp"
#include "actors/journal/journal_recovery.hpp"
#include "actors/storage/files.hpp"

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

/// Returns the folders of local workers, by number.
Result<std::vector<std::string>> worker_folders(const RunDir& dir) {
  std::vector<std::string> folders;
  FD_TRY(const std::vector<std::string> names, names_in(dir.workers()));
  for (const std::string& name : names) {
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      folders.push_back(dir.workers() + "/" + name);
    }
  }
  return folders;
}

}  // namespace

Result<ImportedJournals> import_local_journals(const RunDir& dir, const std::string& run_id,
                                               Ledger& ledger, OpenShares& open) {
  ImportedJournals imported;
  FD_TRY(const std::vector<std::string> folders, worker_folders(dir));
  for (const std::string& folder : folders) {
    FD_TRY(const FolderLock lock, lock_patiently(folder));
    FD_TRY(RecoveredJournal journal, read_journal(folder, run_id));
    std::vector<LedgerEvent> events;
    for (Record& record : journal.ended) {
      events.emplace_back(std::move(record));
    }
    for (const JournalIntent& intent : journal.in_doubt) {
      events.emplace_back(in_doubt_record(intent));
    }
    for (const std::uint64_t incarnation : journal.incarnations) {
      if (const auto share = share_of_journal(open, incarnation); share != open.end()) {
        share->second.calls = 0;  // all that it did is known
        events.emplace_back(decision(share->second));
        open.erase(share);
      }
    }
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

}  // namespace fd
