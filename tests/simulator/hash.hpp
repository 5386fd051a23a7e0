#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace fd::simulator {

/// Returns a well-mixed function of both words: how seeds, contents and purposes are combined.
/// Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
inline std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  std::uint64_t word = left * 0x9E3779B97F4A7C15u + (right ^ 0xD6E8FEB86659FD93u);
  word = (word ^ (word >> 30u)) * 0xBF58476D1CE4E5B9u;
  word = (word ^ (word >> 27u)) * 0x94D049BB133111EBu;
  return word ^ (word >> 31u);
}

/// Returns a 64-bit hash of `bytes`, continued from `state`. Not for adversaries: it only decides
/// what a stand-in answers. Little-endian words, so that a seed means the same on every machine we
/// build for.
inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t state = 0) {
  state = mix(state, bytes.size());
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    state = mix(state, word);
    bytes.remove_prefix(sizeof(word));
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) {
    std::memcpy(&rest, bytes.data(), bytes.size());
  }
  return mix(state, rest);
}

/// Returns a number in [0, 1) made of the upper 53 bits of `word`.
inline double unit_interval(std::uint64_t word) {
  return static_cast<double>(word >> 11u) * 0x1.0p-53;
}

}  // namespace fd::simulator
