#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "actors/storage/files.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Cuts samples that come in id order into the input files of shards, with a manifest beside each.
/// One file is open at a time; nothing is synced. Errors of all members: storage.
class ShardWriter {
 public:
  /// `base` holds what all manifests share: run_id, config_digest, shards.
  ShardWriter(RunDir dir, Manifest base) : dir_(std::move(dir)), base_(std::move(base)) {}

  /// `line` is the sample's line, with its newline. Requires: rising ids.
  Result<void> add(const SampleId& id, std::string_view line, const std::string& database);
  /// Completes the last shard, and makes those that no sample fell into.
  Result<void> finish();

 private:
  Result<void> start();
  Result<void> complete();

  RunDir dir_;
  Manifest base_;
  Manifest manifest_;  ///< of the shard that is open
  std::set<std::string> databases_;
  std::optional<AtomicFile> file_;
  std::uint32_t next_ = 0;
};

}  // namespace fd
