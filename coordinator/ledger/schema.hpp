#pragma once

#include <cstdint>
#include <string>

#include "coordinator/ledger/database.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// The schema that this program writes (PRAGMA user_version).
inline constexpr std::uint64_t kLedgerSchema = 2;
/// What the copy of a ledger that is migrated is called: its path and this.
inline constexpr const char* kLedgerBackupSuffix = ".v1";

/// What a file that is opened as a ledger holds.
enum class LedgerContent {
  nothing,   ///< no table yet
  schema_1,  ///< of an older version: to be migrated
  current,   ///< of kLedgerSchema, and of the run that was named
};

/// Returns what the database holds, without changing it.
/// Errors: unsupported (a newer version); corrupt (no ledger, other tables, another run's);
/// busy, storage.
Result<LedgerContent> inspect_ledger(LedgerDatabase& database, const std::string& run_id);

/// Makes a database a ledger of kLedgerSchema for `run_id`, from whatever `inspect_ledger` accepts;
/// a ledger of schema 1 is copied to its path and kLedgerBackupSuffix first. In one transaction.
/// Errors: corrupt (a row of the old ledger); busy, storage. The database is unchanged then.
Result<void> make_ledger_current(LedgerDatabase& database, LedgerContent content,
                                 const std::string& run_id);

}  // namespace fd
