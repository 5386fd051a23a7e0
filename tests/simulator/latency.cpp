#include "tests/simulator/latency.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/simulator/hash.hpp"

namespace fd::simulator {

std::uint64_t draw_latency_us(const LatencyModel& model, std::uint64_t hash) {
  double delay_ms = model.mean_ms;
  if (model.sigma > 0 && model.mean_ms > 0) {
    // Box and Muller; 1 - u lies in (0, 1], so the logarithm is finite.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - unit_interval(mix(hash, 1))));
    const double normal = radius * std::cos(2.0 * std::numbers::pi * unit_interval(mix(hash, 2)));
    const double mu = std::log(model.mean_ms) - model.sigma * model.sigma / 2;
    delay_ms = std::exp(mu + model.sigma * normal);
  }
  return static_cast<std::uint64_t>(std::llround(std::min(delay_ms, kMaxLatencyMs) * 1000));
}

}  // namespace fd::simulator
