#include "coordinator/reports/histogram.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Histogram, HasZeroAsQuantileOfNothing) {
  EXPECT_EQ(Histogram().quantile(0.5), 0u);
  EXPECT_EQ(Histogram().count(), 0u);
}

TEST(Histogram, IsExactBelow64) {
  for (std::uint64_t value = 0; value < 64; ++value) {
    Histogram histogram;
    histogram.add(value);
    EXPECT_EQ(histogram.quantile(0.5), value);
  }
}

TEST(Histogram, TakesTheSmallestValueThatTheShareDoesNotExceed) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 10; ++value) {
    histogram.add(value);
  }
  EXPECT_EQ(histogram.quantile(0.0), 1u);
  EXPECT_EQ(histogram.quantile(0.1), 1u);
  EXPECT_EQ(histogram.quantile(0.11), 2u);
  EXPECT_EQ(histogram.quantile(0.5), 5u);
  EXPECT_EQ(histogram.quantile(0.9), 9u);
  EXPECT_EQ(histogram.quantile(1.0), 10u);
  EXPECT_EQ(histogram.quantile(-1), 1u);
  EXPECT_EQ(histogram.quantile(2), 10u);
}

TEST(Histogram, StaysWithinOneSixtyFourthOfEveryValue) {
  std::mt19937_64 random(7);
  for (int bits = 6; bits <= 40; ++bits) {
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t low = std::uint64_t{1} << (bits - 1);
      const std::uint64_t value = low + random() % low;
      Histogram histogram;
      histogram.add(value);
      const double error =
          std::abs(static_cast<double>(histogram.quantile(0.5)) - static_cast<double>(value));
      ASSERT_LE(error * 64, static_cast<double>(value)) << value;
    }
  }
}

TEST(Histogram, CountsWhatIsTooLargeAsTheLargest) {
  Histogram largest;
  largest.add(Histogram::kValueMax);
  Histogram larger;
  larger.add(Histogram::kValueMax + 1);
  larger.add(UINT64_MAX);
  EXPECT_EQ(largest.quantile(0.5), larger.quantile(0.5));
  EXPECT_EQ(larger.count(), 2u);
}

TEST(Histogram, MergesToWhatOneHistogramOfAllValuesHolds) {
  Histogram left;
  Histogram right;
  Histogram both;
  for (std::uint64_t value = 1; value < 100'000; value = value * 3 / 2 + 1) {
    (value % 2 == 0 ? left : right).add(value);
    both.add(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  for (const double q : {0.0, 0.25, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_EQ(left.quantile(q), both.quantile(q)) << q;
  }
}

}  // namespace
}  // namespace fd
