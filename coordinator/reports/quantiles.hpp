#pragma once

#include <array>

#include "coordinator/reports/histogram.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// p50, p90, p95 and p99 of durations. Units: milliseconds.
using Quantiles = std::array<double, 4>;

/// Returns those of a histogram of microseconds; 0 without values.
Quantiles quantiles_ms(const Histogram& histogram);
/// Returns them as reports have them: `p50_ms`, `p90_ms`, `p95_ms`, `p99_ms`.
json::Object quantiles_object(const Quantiles& quantiles);

}  // namespace fd
