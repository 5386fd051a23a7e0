#include "coordinator/reports/quantiles.hpp"

#include <cstddef>

namespace fd {

Quantiles quantiles_ms(const Histogram& histogram) {
  constexpr std::array<double, 4> kShares = {0.50, 0.90, 0.95, 0.99};
  Quantiles quantiles{};
  for (std::size_t i = 0; i < kShares.size(); ++i) {
    quantiles.at(i) = static_cast<double>(histogram.quantile(kShares.at(i))) / 1e3;
  }
  return quantiles;
}

json::Object quantiles_object(const Quantiles& quantiles) {
  constexpr std::array<const char*, 4> kKeys = {"p50_ms", "p90_ms", "p95_ms", "p99_ms"};
  json::Object object;
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    object[kKeys.at(i)] = quantiles.at(i);
  }
  return object;
}

}  // namespace fd
