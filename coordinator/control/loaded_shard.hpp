#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/control/coordinator_events.hpp"
#include "coordinator/control/shard_store.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/records.hpp"

namespace fd {

/// A shard as it was read: its samples in id order, what the ledger has of them, oldest first, and
/// the answers and calls that lie beside the ledger.
struct LoadedShard {
  std::uint32_t shard = 0;
  std::vector<Sample> samples;
  std::vector<Record> recorded;
  std::vector<Record> beside;
};

/// What the records of a shard mean: to the files that will be written, and to the core.
struct FoldedShard {
  ShardStore store;
  ShardLoaded event;
};

/// Passes the records through RecordFold. A failed outcome is not final, and is left out. Pure.
/// Errors: corrupt, when the shard has not `count` samples, as it had when the run began.
Result<FoldedShard> fold(LoadedShard loaded, std::uint32_t count);

}  // namespace fd
