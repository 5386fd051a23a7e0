#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/splitmix64.hpp"

namespace fd::sim {

/// A stream of random numbers: the same seed and name give the same numbers on every machine.
/// Streams of different names are independent, so that one more draw in one place does not change
/// all others. Source: SplitMix64.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view stream) : state_(seed) {
    for (const char letter : stream) {
      state_ = (state_ ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
    }
    next();
  }

  /// Returns 64 random bits.
  std::uint64_t next() {
    state_ += kSplitMix64Gamma;
    return mix64(state_);
  }

  /// Returns a number in [low, high]. Requires: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }

  /// Returns a number in [0, count). Requires: count >= 1.
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(next() % count); }

  /// Returns true `permille` times of a thousand.
  bool chance(std::uint32_t permille) { return next() % 1000 < permille; }

 private:
  std::uint64_t state_;
};

}  // namespace fd::sim
