#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fd {

/// A log-scale histogram of whole numbers: 32 buckets an octave, so that a quantile is at most
/// 1/64 (1.6 %) away from the value it stands for; below 64 it is exact. Fixed size (9 KiB),
/// mergeable. Thread: one at a time.
///
/// Units: those of the values; microseconds by convention, up to 2^40 (12 days). What is larger
/// counts as the largest.
class Histogram {
 public:
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << 40) - 1;

  void add(std::uint64_t value);
  /// Adds everything that `other` holds.
  void merge(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Returns the smallest value that at least the share `q` of all values do not exceed (the middle
  /// of its bucket); 0 without values. Units: `q` is clamped to [0, 1].
  [[nodiscard]] std::uint64_t quantile(double q) const;

 private:
  static constexpr std::size_t kSubBuckets = 32;
  static constexpr std::size_t kSubBits = 5;
  static constexpr std::size_t kBuckets = (40 - kSubBits + 1) * kSubBuckets;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace fd
