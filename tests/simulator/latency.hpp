#pragma once

#include <cstdint>

namespace fd::simulator {

/// The longest delay that is drawn: keeps a wide lognormal within a timer's range.
inline constexpr double kMaxLatencyMs = 3'600'000;

/// How long an answer takes.
struct LatencyModel {
  double mean_ms = 0;  ///< 0: at once
  double sigma = 0;    ///< 0: always the mean; else lognormal with this sigma of the logarithm
};

/// Returns the delay of a request, which `hash` alone decides, so that a run can be repeated.
/// Over many hashes the mean is `mean_ms` (mu = ln mean - sigma^2 / 2). Units: microseconds.
/// Requires: mean_ms and sigma are finite and not negative.
std::uint64_t draw_latency_us(const LatencyModel& model, std::uint64_t hash);

}  // namespace fd::simulator
