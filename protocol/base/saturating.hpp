#pragma once

#include <algorithm>
#include <concepts>
#include <limits>

namespace fd {

/// Adds to a counter, which stays at its largest value instead of beginning anew: what is summed
/// may come from a peer or a provider.
template <std::unsigned_integral T>
constexpr void add_saturating(T& sum, T more) {
  sum = more > std::numeric_limits<T>::max() - sum ? std::numeric_limits<T>::max()
                                                   : static_cast<T>(sum + more);
}

/// Returns the finite number that is nearest to a sum or product of finite ones: JSON has no other.
constexpr double finite(double number) {
  constexpr double kMost = std::numeric_limits<double>::max();
  return std::clamp(number, -kMost, kMost);
}

}  // namespace fd
