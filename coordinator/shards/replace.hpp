#pragma once

#include <string>

#include "coordinator/shards/write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

// A shard that has failed samples is written again, over the files that it has already, and its
// folder may be the only place that knows of its answers. So the new files are made in a folder of
// their own, and moved over once they are complete (coordinator/shards/current.hpp). The next
// process that works on the run finishes a move that was cut off.

/// Writes `result` over the shard in `folder`, all at once, and removes the journal of a replay.
/// Requires: `result` has what that journal holds. Errors: as write_shard_at().
Result<Manifest> replace_shard(const std::string& folder, const RunConfig& config,
                               ShardResult result);

/// Writes the shard of a run: write_shard_at(), or replace_shard() when it is finished already.
Result<Manifest> write_shard(const RunDir& dir, const RunConfig& config, ShardResult result);

/// Finishes a replace_shard() that was cut off behind its point of no return, and removes what one
/// left that was cut off before it. Does nothing where there is nothing. Requires: nobody else
/// works on the folder. Errors: storage.
Result<void> finish_replacement(const std::string& folder);

}  // namespace fd
