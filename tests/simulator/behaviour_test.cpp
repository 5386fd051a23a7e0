#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "tests/simulator/faults.hpp"
#include "tests/simulator/hash.hpp"
#include "tests/simulator/latency.hpp"

namespace fd::simulator {
namespace {

TEST(Latency, IsTheMeanWithoutSigma) {
  EXPECT_EQ(draw_latency_us({.mean_ms = 50, .sigma = 0}, 1), 50'000u);
  EXPECT_EQ(draw_latency_us({.mean_ms = 0.25, .sigma = 0}, 2), 250u);
  EXPECT_EQ(draw_latency_us({.mean_ms = 0, .sigma = 0.5}, 3), 0u);
}

TEST(Latency, HasTheMeanAndSpreadOfItsLognormal) {
  const LatencyModel model{.mean_ms = 50, .sigma = 0.5};
  std::vector<double> draws;
  double sum = 0;
  for (std::uint64_t hash = 0; hash < 20'000; ++hash) {
    draws.push_back(static_cast<double>(draw_latency_us(model, hash)));
    sum += draws.back();
  }
  std::sort(draws.begin(), draws.end());
  EXPECT_NEAR(sum / 20'000, 50'000, 700);
  EXPECT_NEAR(draws[10'000], 50'000 * std::exp(-0.125), 900);       // the median
  EXPECT_NEAR(draws[16'827] / draws[10'000], std::exp(0.5), 0.05);  // one sigma above it
}

TEST(Latency, DependsOnTheHashAlone) {
  const LatencyModel model{.mean_ms = 50, .sigma = 0.5};
  EXPECT_EQ(draw_latency_us(model, 77), draw_latency_us(model, 77));
  EXPECT_NE(draw_latency_us(model, 77), draw_latency_us(model, 78));
}

TEST(Latency, NeverExceedsItsLimit) {
  const LatencyModel wild{.mean_ms = kMaxLatencyMs, .sigma = 10};
  for (std::uint64_t hash = 0; hash < 1000; ++hash) {
    EXPECT_LE(draw_latency_us(wild, hash), 3'600'000'000u);
  }
}

TEST(FaultPlan, GivesNoFaultWithoutRates) {
  FaultPlan plan({}, 1);
  for (std::uint64_t body = 0; body < 1000; ++body) {
    EXPECT_EQ(plan.next(body), Fault::none);
  }
}

TEST(FaultPlan, FailsEachBodyTheFirstTimes) {
  FaultPlan plan({.fail_first = 2}, 1);
  EXPECT_EQ(plan.next(10), Fault::first_failures);
  EXPECT_EQ(plan.next(11), Fault::first_failures);
  EXPECT_EQ(plan.next(10), Fault::first_failures);
  EXPECT_EQ(plan.next(10), Fault::none);
  EXPECT_EQ(plan.next(11), Fault::first_failures);
  EXPECT_EQ(plan.next(11), Fault::none);
}

TEST(FaultPlan, GivesEveryFaultItsShare) {
  FaultPlan plan({.rate_limited = 0.1,
                  .server_error = 0.1,
                  .closed = 0.1,
                  .truncated = 0.1,
                  .hung = 0.1,
                  .malformed = 0.1},
                 5);
  std::map<Fault, int> counts;
  for (std::uint64_t body = 0; body < 20'000; ++body) {
    ++counts[plan.next(body)];
  }
  for (const Fault fault : {Fault::rate_limited, Fault::server_error, Fault::closed,
                            Fault::truncated, Fault::hung, Fault::malformed}) {
    EXPECT_NEAR(counts[fault], 2000, 200) << fault_name(fault);
  }
  EXPECT_NEAR(counts[Fault::none], 8000, 400);
}

TEST(FaultPlan, GivesARepeatedRequestNewLuckWhateverComesBetween) {
  const FaultRates half{.server_error = 0.5};
  FaultPlan alone(half, 5);
  std::vector<Fault> fates;
  for (int time = 0; time < 64; ++time) {
    fates.push_back(alone.next(42));
  }
  EXPECT_TRUE(std::count(fates.begin(), fates.end(), Fault::none) > 10);
  EXPECT_TRUE(std::count(fates.begin(), fates.end(), Fault::server_error) > 10);
  FaultPlan crowded(half, 5);
  for (int time = 0; time < 64; ++time) {
    crowded.next(static_cast<std::uint64_t>(1000 + time));
    EXPECT_EQ(crowded.next(42), fates[static_cast<std::size_t>(time)]);
  }
}

TEST(FaultPlan, AlwaysFailsAtRateOne) {
  FaultPlan plan({.rate_limited = 1}, 3);
  for (std::uint64_t body = 0; body < 1000; ++body) {
    EXPECT_EQ(plan.next(body), Fault::rate_limited);
  }
}

}  // namespace
}  // namespace fd::simulator
