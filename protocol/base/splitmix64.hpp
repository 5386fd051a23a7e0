#pragma once

#include <cstdint>

namespace fd {

/// What the state of SplitMix64 grows by from one number to the next.
inline constexpr std::uint64_t kSplitMix64Gamma = 0x9E3779B97F4A7C15u;

/// Returns `word` well mixed: the finalizer of SplitMix64. Not for what an enemy chooses.
/// Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators" (2014).
constexpr std::uint64_t mix64(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
  return word ^ (word >> 31);
}

}  // namespace fd
