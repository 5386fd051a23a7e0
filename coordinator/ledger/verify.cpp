#include <chrono>
#include <optional>

#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "coordinator/ledger/schema.hpp"
#include "coordinator/ledger/tables.hpp"

namespace fd {
namespace {

/// Returns the page number that a line of SQLite's integrity check names, 0 when it names none.
std::uint64_t page_in(const std::string& finding) {
  std::size_t at = finding.find("page ");
  if (at == std::string::npos) {
    at = finding.find("Page ");
  }
  std::uint64_t page = 0;
  if (at != std::string::npos) {
    for (at += 5; at < finding.size() && finding[at] >= '0' && finding[at] <= '9'; ++at) {
      page = page * 10 + static_cast<std::uint64_t>(finding[at] - '0');
    }
  }
  return page;
}

Result<void> check_structure(LedgerDatabase& database) {
  FD_TRY(const std::string finding, database.text("PRAGMA integrity_check(1)"));
  if (finding == "ok") {
    return {};
  }
  FD_TRY(const std::uint64_t page_size, database.number("PRAGMA page_size"));
  const std::uint64_t page = page_in(finding);
  return Error{Errc::corrupt,
               database.path() + ": " + finding +
                   (page > 0 ? " (byte " + std::to_string((page - 1) * page_size) + ")" : "")};
}

Result<void> check_records(LedgerDatabase& database) {
  FD_TRY(LedgerStatement rows, database.prepare("SELECT seq, body FROM records ORDER BY seq"));
  LedgerRecordReader reader(database, rows);
  for (;;) {
    FD_TRY(const std::optional<Record> record, reader.next());
    if (!record) {
      return {};
    }
  }
}

Result<std::uint64_t> check_all(LedgerDatabase& database, const std::string& run_id) {
  FD_TRY(const bool made, is_ledger(database, run_id));
  if (!made) {
    return Error{Errc::corrupt, database.path() + ": has no tables"};
  }
  FD_TRY_VOID(check_structure(database));
  FD_TRY_VOID(check_records(database));
  FD_TRY(const LedgerLeases leases, read_ledger_leases(database));
  FD_TRY(const std::uint64_t epoch, read_ledger_epoch(database));
  FD_TRY(const std::uint64_t ledger, ledger_id_of(database));
  FD_TRY(const OpenShares shares, open_shares(database));
  FD_TRY(const std::vector<StartMade> starts, read_ledger_starts(database));
  static_cast<void>(starts);
  static_cast<void>(ledger);
  static_cast<void>(shares);
  if (epoch == 0 && leases.last_fence > 0) {
    return Error{Errc::corrupt, database.path() + ": has leases and no epoch"};
  }
  return database.number("SELECT (SELECT COUNT(*) FROM records) + (SELECT COUNT(*) FROM leases)");
}

}  // namespace

Result<std::uint64_t> verify_ledger(const std::string& path, const std::string& run_id,
                                    const std::string& vfs) {
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(path, vfs));
  // One look at everything: what is added meanwhile is not seen.
  FD_TRY_VOID(database.exec("BEGIN"));
  const Result<std::uint64_t> checked = check_all(database, run_id);
  database.rollback();
  if (database.changed_meanwhile()) {
    return Error{Errc::busy, path + ": another process opened it while it was checked"};
  }
  return checked;
}

}  // namespace fd
