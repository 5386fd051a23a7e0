#include "coordinator/ledger/reader.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "coordinator/ledger/database.hpp"
#include "coordinator/ledger/rows.hpp"
#include "coordinator/ledger/schema.hpp"
#include "coordinator/ledger/tables.hpp"

namespace fd {
namespace {

constexpr const char* kRecordsOfShard =
    "SELECT seq, body FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq";
constexpr const char* kLastRecordOfShard =
    "SELECT seq, body FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT 1";

Result<std::vector<Record>> read_records(LedgerDatabase& database, std::uint32_t shard) {
  std::vector<Record> records;
  FD_TRY(const std::uint64_t first, ledger_key(shard, 0));
  FD_TRY(const std::uint64_t last, ledger_key(shard, kLedgerRecordsPerShardMax - 1));
  FD_TRY(LedgerStatement rows, database.prepare(kRecordsOfShard));
  rows.bind(1, first).bind(2, last);
  LedgerRecordReader reader(database, rows);
  for (;;) {
    FD_TRY(std::optional<Record> record, reader.next());
    if (!record) {
      return records;
    }
    records.push_back(std::move(*record));
  }
}

/// Returns whether the last record of a shard is anything but an outcome.
Result<bool> goes_on_behind_outcomes(LedgerDatabase& database, std::uint32_t shard) {
  FD_TRY(const std::uint64_t first, ledger_key(shard, 0));
  FD_TRY(const std::uint64_t last, ledger_key(shard, kLedgerRecordsPerShardMax - 1));
  FD_TRY(LedgerStatement row, database.prepare(kLastRecordOfShard));
  row.bind(1, first).bind(2, last);
  FD_TRY(const bool found, row.step());
  if (!found) {
    return false;
  }
  const std::uint64_t key = row.number(0);
  const auto record = decode_ledger_row(key, row.bytes(1));
  return record.ok() ? Result<bool>(!record->outcome)
                     : ledger_row_error(database, "records", key, record.error().message,
                                        record.error().code);
}

}  // namespace

Result<std::vector<Record>> read_earlier_ledger(const std::string& path, const std::string& run_id,
                                                std::uint32_t shard) {
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(path));
  FD_TRY(const bool made, is_ledger(database, run_id));
  return made ? read_records(database, shard) : std::vector<Record>();
}

Result<std::vector<StartMade>> read_starts(const std::string& path, const std::string& run_id) {
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(path));
  FD_TRY(const bool made, is_ledger(database, run_id));
  return made ? read_ledger_starts(database) : std::vector<StartMade>();
}

Result<std::uint64_t> read_late_facts(
    const std::string& path, const std::string& run_id, std::uint32_t shards,
    const std::function<Result<void>(std::uint32_t shard, std::vector<Record> records)>& take) {
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(path));
  FD_TRY(const bool made, is_ledger(database, run_id));
  if (!made) {
    return 0;
  }
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    FD_TRY(const bool goes_on, goes_on_behind_outcomes(database, shard));
    if (goes_on) {
      FD_TRY(std::vector<Record> records, read_records(database, shard));
      FD_TRY_VOID(take(shard, std::move(records)));
    }
  }
  FD_TRY(const OpenShares shares, open_shares(database));
  std::uint64_t unknown_calls = 0;
  for (const auto& [incarnation, share] : shares) {
    unknown_calls += share.calls;
  }
  return unknown_calls;
}

}  // namespace fd
