#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/plan.hpp"
#include "tests/sim/world.hpp"

namespace fd::sim {

/// What many seeds of one campaign came to.
struct Batch {
  const Campaign* campaign = nullptr;
  std::uint64_t first = 1;
  std::uint64_t count = 0;
  std::uint64_t requests = 0;
  std::uint64_t extra = 0;
  std::uint64_t events = 0;
  PeerTally peers;
  std::uint64_t failed = 0;                                     ///< seeds that broke a promise
  std::vector<std::pair<std::uint64_t, std::string>> failures;  ///< the first of them

  /// Returns a line for people and, for every failure, the command that shows it again.
  [[nodiscard]] std::string report() const;
};

/// Runs `count` seeds from `first` on.
Batch run_batch(const Campaign& campaign, std::uint64_t first, std::uint64_t count);

/// Runs one world and what its campaign promises beyond it: under clock offsets alone the very same
/// trace as without them.
Verdict run_campaign_world(const Campaign& campaign, std::uint64_t seed, bool print = false);

/// Says which seed runs in this process, for the report of a check (FD_CHECK) that ends it.
void guard(const Campaign& campaign, std::uint64_t seed);

}  // namespace fd::sim
