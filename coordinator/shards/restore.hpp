#pragma once

#include <string>
#include <vector>

#include "coordinator/shards/write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Writes the files of a finished shard again, from its input, its manifest and the run's ledger,
/// when one of the others is missing or damaged. Nothing is changed unless outcomes and answers
/// come out as the manifest says. Requires: the run's folder is locked. Errors: corrupt (the input
/// or the ledger is damaged too, or the ledger has not all of it: what `replay --fresh` brought
/// lies in the shard's files alone); storage, unsupported.
Result<void> restore_shard(const RunDir& dir, const RunConfig& config, const std::string& run_id,
                           std::uint32_t shard);

}  // namespace fd
