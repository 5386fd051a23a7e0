#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Returns the records of a shard from the ledger of a run that nobody works on, in the order of
/// their commits, without changing the ledger. Requires: the run's folder is locked.
/// Errors: corrupt, naming the row; unsupported (another version's ledger); storage.
Result<std::vector<Record>> read_earlier_ledger(const std::string& path, const std::string& run_id,
                                                std::uint32_t shard);

/// What a ledger knows that the files of the shards do not.
struct LateFacts {
  /// The records of each shard that has some behind its last outcome, oldest first.
  std::map<std::uint32_t, std::vector<Record>> shards;
  /// Calls that may have been in flight at workers that never came back.
  std::uint64_t unknown_calls = 0;
};
/// Reads it from the ledger of a run with so many shards, without changing the ledger. Requires:
/// nobody works on the run. Errors: as above.
Result<LateFacts> read_late_facts(const std::string& path, const std::string& run_id,
                                  std::uint32_t shards);

}  // namespace fd
