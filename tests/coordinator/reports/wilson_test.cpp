#include "coordinator/reports/wilson.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

struct Published {
  std::uint64_t passes;
  std::uint64_t trials;
  double low;
  double high;
};

// R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
TEST(Wilson, GivesThePublishedIntervals) {
  for (const Published& row :
       {Published{81, 263, 0.2553, 0.3662}, Published{15, 148, 0.0624, 0.1605},
        Published{0, 20, 0.0000, 0.1611}, Published{1, 29, 0.0061, 0.1718}}) {
    const Interval interval = wilson_interval(row.passes, row.trials);
    EXPECT_NEAR(interval.low, row.low, 0.00005) << row.passes << "/" << row.trials;
    EXPECT_NEAR(interval.high, row.high, 0.00005) << row.passes << "/" << row.trials;
  }
}

TEST(Wilson, IsEverythingWithoutTrials) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0.0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1.0);
}

TEST(Wilson, ReachesTheEndsExactly) {
  for (const std::uint64_t trials : {1u, 3u, 7u, 877u, 20000u}) {
    EXPECT_EQ(wilson_interval(0, trials).low, 0.0);
    EXPECT_EQ(wilson_interval(trials, trials).high, 1.0);
    EXPECT_GT(wilson_interval(0, trials).high, 0.0);
    EXPECT_LT(wilson_interval(trials, trials).low, 1.0);
  }
}

TEST(WilsonDeathTest, TakesMorePassesThanTrialsForABug) {
  EXPECT_EXIT(wilson_interval(2, 1), testing::ExitedWithCode(70), "passes <= trials");
}

}  // namespace
}  // namespace fd
