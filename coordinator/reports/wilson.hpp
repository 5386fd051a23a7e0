#pragma once

#include <cstdint>

namespace fd {

/// A closed interval of fractions.
struct Interval {
  double low = 0;
  double high = 1;
};

/// Returns the 95 % Wilson score interval of a pass rate.
///
/// Units: fractions in [0, 1]; `trials` and `passes` are counts of samples.
/// Requires: passes <= trials. With no trials the interval is [0, 1].
/// Source: E. B. Wilson, JASA 22 (1927); it stays inside [0, 1] where the normal interval does not.
Interval wilson_interval(std::uint64_t passes, std::uint64_t trials);

}  // namespace fd
