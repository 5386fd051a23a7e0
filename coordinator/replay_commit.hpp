#pragma once

#include <string>

#include "coordinator/shard_files.hpp"
#include "protocol/manifest.hpp"
#include "protocol/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

// A shard that is written again has files already, and its folder may be the only place that knows
// of its answers. So the new files are made in a folder of their own, and moved over once they are
// complete; a replay that dies in between is finished by whoever comes next.

/// Returns the folder, in a shard's folder, where a replay keeps what is not committed yet.
std::string replay_folder(const std::string& shard_folder);

/// Writes `result` over the shard in `folder`, all at once. Errors: as write_shard(), and storage.
Result<Manifest> replace_shard(const std::string& folder, const RunConfig& config,
                               ShardResult result);

/// Finishes a replace_shard() that was cut off behind its point of no return, and removes what one
/// left that was cut off before it. Does nothing where there is nothing. Requires: nobody else
/// works on the folder. Errors: storage; corrupt.
Result<void> finish_replacement(const std::string& folder);

}  // namespace fd
