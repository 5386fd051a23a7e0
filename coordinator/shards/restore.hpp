#pragma once

#include <string>
#include <vector>

#include "coordinator/shards/write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Returns what the records of a shard, oldest first, say of it: the last outcome of each sample,
/// with the answers and calls that were on record by then. A late answer to a sample that failed,
/// which only a later start uses, is left out. Requires: `samples` rise by id. Errors: corrupt,
/// when a sample has no outcome.
Result<ShardResult> recorded_result(std::uint32_t shard, const std::vector<Sample>& samples,
                                    std::vector<Record> records);

/// Writes the files of a finished shard again, from its input, its manifest and the run's ledger,
/// when one of the others is missing or damaged. Nothing is changed unless outcomes and answers
/// come out as the manifest says. Requires: the run's folder is locked. Errors: corrupt (the input
/// or the ledger is damaged too, or the ledger has not all of it: what `replay --fresh` brought
/// lies in the shard's files alone); storage, unsupported.
Result<void> restore_shard(const RunDir& dir, const RunConfig& config, const std::string& run_id,
                           std::uint32_t shard);

}  // namespace fd
