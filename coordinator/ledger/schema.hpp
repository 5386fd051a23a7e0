#pragma once

#include <cstdint>
#include <string>

#include "coordinator/ledger/database.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// The schema that this program writes (PRAGMA user_version).
inline constexpr std::uint64_t kLedgerSchema = 3;

/// Returns whether the database is the ledger of `run_id`; false when it holds nothing yet. Changes
/// nothing. Errors: unsupported (another version's); corrupt (no ledger, other tables, another
/// run's); busy, storage.
Result<bool> is_ledger(LedgerDatabase& database, const std::string& run_id);

/// Makes an empty database a ledger of kLedgerSchema for `run_id`, known by `ledger_id`. In one
/// transaction. Errors: busy, storage. The database is unchanged then.
Result<void> make_ledger(LedgerDatabase& database, const std::string& run_id,
                         std::uint64_t ledger_id);
/// Returns the id that a ledger was made with. Errors: corrupt, busy, storage.
Result<std::uint64_t> ledger_id_of(LedgerDatabase& database);

}  // namespace fd
