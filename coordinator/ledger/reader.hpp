#pragma once

#include <cstdint>
#include <functional>
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

/// Returns the starts of the coordinator whose fences are on record, oldest first.
/// Requires and errors: as above.
Result<std::vector<StartMade>> read_starts(const std::string& path, const std::string& run_id);

/// Reads from the ledger of a run with so many shards, without changing it, what the files of the
/// shards do not say: calls `take` with the records, oldest first, of each shard that has some
/// behind its last outcome, shard by shard; returns how many calls may have been in flight at
/// workers that never came back. Memory: the records of one shard. Requires: nobody works on the
/// run. Errors: as above; that of `take`, which ends it.
Result<std::uint64_t> read_late_facts(
    const std::string& path, const std::string& run_id, std::uint32_t shards,
    const std::function<Result<void>(std::uint32_t shard, std::vector<Record> records)>& take);

}  // namespace fd
