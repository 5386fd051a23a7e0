#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/ledger_event.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// What all rows of `leases` say.
struct LedgerLeases {
  std::uint64_t last_fence = 0;    ///< the highest; 0 without any
  std::vector<LeaseGranted> last;  ///< the last one of each shard that had one, by shard
};

/// Returns an error that names file, table and row.
Error ledger_row_error(const LedgerDatabase& database, const char* table, std::uint64_t row,
                       const std::string& what, Errc code = Errc::corrupt);

/// Runs `change` as one transaction: all of it is committed, or nothing of it is there.
Result<void> ledger_transaction(LedgerDatabase& database,
                                const std::function<Result<void>()>& change);

/// What insert_ledger_record() and insert_ledger_lease() want prepared.
inline constexpr const char* kInsertLedgerRecord = "INSERT INTO records(seq, body) VALUES(?, ?)";
inline constexpr const char* kInsertLedgerLease =
    "INSERT INTO leases(fence, shard, worker, incarnation, crc) VALUES(?, ?, ?, ?, ?)";
/// Adds a record under its key. Errors: busy, corrupt (also: the key is taken), storage.
Result<void> insert_ledger_record(LedgerStatement& insert, std::uint64_t key, const Record& record);
/// Adds a lease. Errors: as above.
Result<void> insert_ledger_lease(LedgerStatement& insert, const LeaseGranted& lease);
/// Adds a decision behind those that are there. Errors: as above.
Result<void> insert_ledger_decision(LedgerDatabase& database, const Decision& decision);

/// Reads rows (seq, body) of `records` in the order of their keys and checks each: its checksum,
/// its content, and that no record of its shard is missing before it. Lifetime: not longer than
/// database and statement.
class LedgerRecordReader {
 public:
  LedgerRecordReader(LedgerDatabase& database, LedgerStatement& rows)
      : database_(database), rows_(rows) {}

  /// Returns the next record, or nothing at the end.
  /// Errors: corrupt, naming row and, where it is known, the byte in the file; busy, storage.
  Result<std::optional<Record>> next();

 private:
  LedgerDatabase& database_;
  LedgerStatement& rows_;
  std::optional<std::uint64_t> last_key_;
};

/// Returns what the leases say, each checked. Errors: corrupt, naming the row; busy, storage.
Result<LedgerLeases> read_ledger_leases(LedgerDatabase& database);
/// Returns the highest epoch, 0 without any; each row is checked. Errors: as above.
Result<std::uint64_t> read_ledger_epoch(LedgerDatabase& database);
/// Commits the epoch that follows the highest one, with the id of this start and the highest fence
/// that was given before it, and returns it. Errors: as above.
Result<std::uint64_t> add_ledger_epoch(LedgerDatabase& database, std::uint64_t start,
                                       std::uint64_t last_fence);
/// Returns the starts whose fences are on record, oldest first: a program from before that was kept
/// leaves none. Errors: as above.
Result<std::vector<StartMade>> read_ledger_starts(LedgerDatabase& database);
/// Returns the shares that are not settled, by incarnation. Errors: as above.
Result<OpenShares> open_shares(LedgerDatabase& database);

}  // namespace fd
