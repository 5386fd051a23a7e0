#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/ledger/ledger_event.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// One past the highest shard whose records have a key: keys are signed 64-bit numbers.
inline constexpr std::uint64_t kLedgerShardsMax = std::uint64_t{1} << 31;
/// One past the highest number of a record within its shard.
inline constexpr std::uint64_t kLedgerRecordsPerShardMax = std::uint64_t{1} << 32;
/// Bytes of the CRC-32C behind a record.
inline constexpr std::size_t kLedgerCrcBytes = 4;

/// Returns the key of record `n` of a shard: one range of keys per shard, in the order of commits.
/// Errors: exhausted, when shard or number is beyond the limits above.
Result<std::uint64_t> ledger_key(std::uint64_t shard, std::uint64_t n);
/// Returns the shard of a key.
inline std::uint32_t shard_of_ledger_key(std::uint64_t key) {
  return static_cast<std::uint32_t>(key >> 32);
}
/// Returns the number within its shard of a key.
inline std::uint32_t number_of_ledger_key(std::uint64_t key) {
  return static_cast<std::uint32_t>(key);
}

/// Returns the body of a row: the msgpack record, then 4 bytes big-endian of CRC-32C over the key
/// (8 bytes big-endian) and the msgpack.
std::string encode_ledger_row(std::uint64_t key, const Record& record);
/// Returns the record of a row. Errors: corrupt (checksum, no record, a record of another shard).
Result<Record> decode_ledger_row(std::uint64_t key, std::string_view body);

/// Returns the checksum of a lease: CRC-32C over fence (8 bytes), shard (4), incarnation (8), all
/// big-endian, and the worker's name.
std::uint32_t ledger_crc(const LeaseGranted& lease);
/// Returns the checksum of an epoch: CRC-32C over it and its start id, 8 bytes each, big-endian.
std::uint32_t ledger_crc(std::uint64_t epoch, std::uint64_t start);
/// Returns the checksum of a decision: CRC-32C over its sequence number (8 bytes, big-endian), its
/// kind (1 byte) and its body.
std::uint32_t ledger_crc(std::uint64_t seq, const Decision& decision);

}  // namespace fd
