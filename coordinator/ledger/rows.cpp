#include "coordinator/ledger/rows.hpp"

#include "protocol/base/coding.hpp"
#include "protocol/base/crc32c.hpp"

namespace fd {
namespace {

std::uint32_t row_crc(std::uint64_t key, std::string_view record) {
  std::string key_bytes;  // 8 bytes: within the string itself
  append_big_endian(key, 8, key_bytes);
  return crc32c(record, crc32c(key_bytes));
}

}  // namespace

Result<std::uint64_t> ledger_key(std::uint64_t shard, std::uint64_t n) {
  if (shard >= kLedgerShardsMax || n >= kLedgerRecordsPerShardMax) {
    return Error{Errc::exhausted, "shard " + std::to_string(shard) + ": no key for record " +
                                      std::to_string(n) + " of it"};
  }
  return (shard << 32) | n;
}

std::string encode_ledger_row(std::uint64_t key, const Record& record) {
  std::string body = encode(record);
  append_big_endian(row_crc(key, body), kLedgerCrcBytes, body);
  return body;
}

Result<Record> decode_ledger_row(std::uint64_t key, std::string_view body) {
  if (body.size() < kLedgerCrcBytes) {
    return Error{Errc::corrupt, std::to_string(body.size()) + " bytes are too few for a record"};
  }
  const std::string_view encoded = body.substr(0, body.size() - kLedgerCrcBytes);
  if (read_big_endian(body.substr(encoded.size())) != row_crc(key, encoded)) {
    return Error{Errc::corrupt, "the checksum does not match"};
  }
  auto record = decode_stored<Record>(encoded);
  if (!record.ok()) {
    return record;
  }
  if (record->shard != shard_of_ledger_key(key)) {
    return Error{Errc::corrupt, "holds a record of shard " + std::to_string(record->shard)};
  }
  return record;
}

std::uint32_t ledger_crc(const LeaseGranted& lease) {
  std::string bytes;
  append_big_endian(lease.fence, 8, bytes);
  append_big_endian(lease.shard, 4, bytes);
  append_big_endian(lease.incarnation, 8, bytes);
  return crc32c(lease.worker, crc32c(bytes));
}

std::uint32_t ledger_crc(std::uint64_t epoch, std::uint64_t start) {
  std::string bytes;
  append_big_endian(epoch, 8, bytes);
  append_big_endian(start, 8, bytes);
  return crc32c(bytes);
}

std::uint32_t ledger_crc(std::uint64_t seq, const Decision& decision) {
  std::string bytes;
  append_big_endian(seq, 8, bytes);
  append_big_endian(static_cast<std::uint64_t>(decision.kind), 1, bytes);
  return crc32c(decision.body, crc32c(bytes));
}

}  // namespace fd
