#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages.hpp"

namespace fd {

/// In which start of the coordinator calls were made, by the fence of the lease that they were made
/// under. A worker that lives on while the coordinator is started again keeps its lease: what it
/// asks under that counts for the start that gave it. Pure.
class CallStarts {
 public:
  /// Requires: `starts` rise, by both numbers.
  explicit CallStarts(std::vector<StartMade> starts = {}) : starts_(std::move(starts)) {}

  /// Returns the number of the start that gave this lease; "earlier" when it was given before
  /// starts were kept; "none" without a lease, as for a shard that is replayed.
  [[nodiscard]] std::string name_of(std::uint64_t fence) const;

 private:
  std::vector<StartMade> starts_;
};

}  // namespace fd
