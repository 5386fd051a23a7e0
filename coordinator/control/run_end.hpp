#pragma once

#include <cstdint>

#include "coordinator/reports/timing.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// How the live part of a run ended.
struct RunEnd {
  enum class Kind { finished, drained, no_endpoint, no_stage, no_worker, failed };
  Kind kind = Kind::finished;
  Error error;     ///< of failed and no_worker, and what no_endpoint and no_stage were told
  RunTimes times;  ///< all but wall_s
  std::uint64_t failed = 0;     ///< samples that failed since this start
  std::uint32_t in_flight = 0;  ///< calls that a drain did not wait for any longer
};

}  // namespace fd
