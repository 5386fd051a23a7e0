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

}  // namespace

Result<std::vector<Record>> read_earlier_ledger(const std::string& path, const std::string& run_id,
                                                std::uint32_t shard) {
  FD_TRY(LedgerDatabase database, LedgerDatabase::open_read_only(path));
  FD_TRY(const LedgerContent content, inspect_ledger(database, run_id));
  std::vector<Record> records;
  if (content == LedgerContent::nothing) {
    return records;
  }
  if (content != LedgerContent::current) {
    return Error{Errc::unsupported, path + ": is of an older version; resume that run first"};
  }
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

}  // namespace fd
