#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/base/splitmix64.hpp"

namespace fd::simulator {

/// Returns a well-mixed function of both words: how seeds, contents and purposes are combined.
inline std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  return mix64(left * kSplitMix64Gamma + (right ^ 0xD6E8FEB86659FD93u));
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
