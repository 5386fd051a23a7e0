#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/control/coordinator_core.hpp"

namespace fd {

/// How far a run is. Counts of samples, but for shards, calls and tokens.
struct Progress {
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint32_t shards_committed = 0;  ///< without a failed sample
  std::uint32_t shards_failed = 0;     ///< that this start wrote, with failed samples
  std::uint64_t calls = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double cost = 0;             ///< of the calls, by the config's prices
  std::uint64_t unpriced = 0;  ///< calls that no price is known for
  std::uint32_t in_flight = 0;
  std::uint32_t workers = 0;
  std::vector<WorkerView> worker_views;
};

}  // namespace fd
