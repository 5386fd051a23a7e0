#pragma once

#include <string>
#include <string_view>

#include "tests/sim/random.hpp"

namespace fd::fuzz {

/// No mutation makes an input longer than this.
inline constexpr std::size_t kMaxInputBytes = 1u << 20;

/// Breaks `bytes` in one to four places: flipped bits, edges in place of bytes or lengths, cuts,
/// doubled and moved pieces, a piece of `other`, msgpack headers that promise anything, deep
/// nesting.
void mutate(sim::Random& random, std::string& bytes, std::string_view other);

/// Returns random bytes, or a wide or deep msgpack structure without any sense.
std::string nonsense(sim::Random& random);

}  // namespace fd::fuzz
