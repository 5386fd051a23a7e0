#pragma once

#include <cstddef>
#include <cstdint>

namespace fd {

/// Bytes that a function, an allocation or a comparison may touch for one step: about as long as a
/// step takes.
inline constexpr unsigned kBytesPerStepShift = 8;

/// Values no longer than this cost next to nothing, whatever SQLite does with them within one step.
inline constexpr std::uint64_t kShortValueBytes = 1u << 10;

/// How many VM steps one query has taken, and may take. What SQLite does within one step is charged
/// here as well: the bytes that functions touch and that it allocates, and the pages it reads.
struct StepMeter {
  std::uint64_t taken = 0;
  std::uint64_t limit = 0;
  /// What a VM step counts: more where one may touch long values, most where these are numbers.
  std::uint64_t weight = 1;
  std::uint64_t weight_of_long_numbers = 1;

  [[nodiscard]] bool exceeded() const { return taken > limit; }
  /// There are long numbers among the values of the query.
  void met_long_number() { weight = weight_of_long_numbers; }
  void charge_bytes(std::uint64_t bytes) { taken += bytes >> kBytesPerStepShift; }
};

}  // namespace fd
