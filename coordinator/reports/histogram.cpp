#include "coordinator/reports/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fd {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  const std::uint64_t held = std::min(value, kValueMax);
  if (held < kSubBuckets) {
    return static_cast<std::size_t>(held);
  }
  const auto shift = static_cast<std::size_t>(std::bit_width(held)) - 1 - kSubBits;
  const auto sub = static_cast<std::size_t>(held >> shift) - kSubBuckets;
  return (shift + 1) * kSubBuckets + sub;
}

std::uint64_t Histogram::middle_of(std::size_t bucket) {
  if (bucket < kSubBuckets) {
    return bucket;
  }
  const std::size_t shift = bucket / kSubBuckets - 1;
  const std::uint64_t lowest = (kSubBuckets + bucket % kSubBuckets) << shift;
  return lowest + (std::uint64_t{1} << shift) / 2;
}

void Histogram::add(std::uint64_t value) {
  ++counts_.at(bucket_of(value));
  ++count_;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    counts_.at(bucket) += other.counts_.at(bucket);
  }
  count_ += other.count_;
}

std::uint64_t Histogram::quantile(double q) const {
  if (count_ == 0) {
    return 0;
  }
  const double share = std::clamp(q, 0.0, 1.0);
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  const std::uint64_t wanted = std::clamp<std::uint64_t>(rank, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_.at(bucket);
    if (seen >= wanted) {
      return middle_of(bucket);
    }
  }
  return kValueMax;
}

}  // namespace fd
