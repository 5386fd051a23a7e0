#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "coordinator/control/loaded_shard.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Reads the shards of a run from its folder, its ledger and what lies beside that. Waits for
/// disks.
class ShardLoader {
 public:
  /// Returns answers to calls of a shard's samples that lie beside the ledger, in the shard's
  /// folder or with earlier runs: a record each, with the call that brought it or without.
  using Beside = std::function<Result<std::vector<Record>>(std::uint32_t shard,
                                                           const std::vector<Sample>& samples)>;

  /// `ledger`: null when nothing can be on record. `beside`: may be empty. Lifetime: the ledger
  /// outlives this.
  ShardLoader(RunDir dir, Ledger* ledger, Beside beside)
      : dir_(std::move(dir)), ledger_(ledger), beside_(std::move(beside)) {}

  /// Errors: corrupt, naming file or row; storage; what `beside` returns.
  [[nodiscard]] Result<LoadedShard> load(std::uint32_t shard) const;

 private:
  RunDir dir_;
  Ledger* ledger_;
  Beside beside_;
};

}  // namespace fd
