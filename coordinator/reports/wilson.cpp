#include "coordinator/reports/wilson.hpp"

#include <cmath>

#include "protocol/base/result.hpp"

namespace fd {

Interval wilson_interval(std::uint64_t passes, std::uint64_t trials) {
  FD_CHECK(passes <= trials);
  if (trials == 0) {
    return {};
  }
  constexpr double kZ = 1.959963984540054;  // the normal distribution's 0.975 quantile
  const auto n = static_cast<double>(trials);
  const double rate = static_cast<double>(passes) / n;
  const double weight = kZ * kZ / n;
  const double middle = (rate + weight / 2) / (1 + weight);
  const double half = std::sqrt(weight * (rate * (1 - rate) + weight / 4)) / (1 + weight);
  // At the ends the formula gives exactly 0 and 1, which rounding would miss by an ulp.
  return {passes == 0 ? 0.0 : middle - half, passes == trials ? 1.0 : middle + half};
}

}  // namespace fd
