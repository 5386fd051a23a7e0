#pragma once

#include <vector>

#include "coordinator/shards/write.hpp"
#include "protocol/messages.hpp"
#include "protocol/records.hpp"

namespace fd {

/// What is kept of a shard that is worked on, besides what CoordinatorCore knows: the contents.
struct ShardStore {
  std::vector<Sample> samples;
  ShardResult result;  ///< what will be written

  /// Adds what a record brings to the shard that will be written.
  void keep(const Record& record);
  /// Returns whether a sample failed.
  [[nodiscard]] bool has_failed() const;
};

}  // namespace fd
