#include "coordinator/control/shares.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr std::uint64_t kMuch = 1'000'000;

using Parts = std::vector<std::uint32_t>;
using Shares = std::vector<CallsByProvider>;

Parts parts(std::uint32_t capacity, const std::vector<std::uint64_t>& wants,
            std::size_t absent = 0) {
  return divide(capacity, wants, absent);
}

TEST(Divide, GivesEachWhatItWantsWhereThereIsEnough) {
  EXPECT_EQ(parts(10, {3, 0, 7}), (Parts{3, 0, 7}));
  EXPECT_EQ(parts(10, {}), Parts{});
}

TEST(Divide, SpreadsEvenlyWhatIsNotEnough) {
  EXPECT_EQ(parts(10, {kMuch, kMuch}), (Parts{5, 5}));
  EXPECT_EQ(parts(10, {kMuch, 2, kMuch}), (Parts{4, 2, 4}));
  EXPECT_EQ(parts(11, {20, 15}), (Parts{6, 5})) << "the earlier of those that want all";
  EXPECT_EQ(parts(2, {kMuch, kMuch, kMuch}), (Parts{1, 1, 0}));
}

TEST(Divide, KeepsAPartForThoseThatHaveNotCome) {
  EXPECT_EQ(parts(10, {kMuch}, 1), Parts{5});
  EXPECT_EQ(parts(10, {2}, 3), Parts{2});
}

Demand demand(std::uint64_t calls, CallsByProvider has = {}) {
  Demand made;
  made.calls = calls;
  made.taken = has;
  made.has = has;
  made.told = std::move(has);
  return made;
}

Shares shares(const CallsByProvider& limits, const std::vector<Demand>& demands,
              std::size_t absent = 0) {
  return share_out(limits, {}, demands, absent).calls;
}

TEST(ShareOut, GivesAllToTheOneThatHoldsSamples) {
  EXPECT_EQ(shares({32}, {demand(0), demand(200), demand(0)}), (Shares{{0}, {32}, {0}}));
}

TEST(ShareOut, KeepsToEachProviderAndToAWorkersOwnLimit) {
  EXPECT_EQ(shares({4, 28}, {demand(kMuch), demand(kMuch)}), (Shares{{2, 14}, {2, 14}}));
  Demand capped = demand(kMuch);
  capped.cap = 8;
  EXPECT_EQ(shares({4, 28}, {capped, demand(kMuch)}), (Shares{{1, 7}, {3, 21}}));
}

TEST(ShareOut, GivesANewcomerNothingBeforeItIsGivenBack) {
  const std::vector<Demand> demands = {demand(kMuch, {16}), demand(kMuch)};
  const SharedOut first = share_out({16}, {}, demands, 0);
  EXPECT_EQ(first.calls, (Shares{{8}, {0}}));
  EXPECT_TRUE(first.lacking);
  // The first goes by 8 now, and has 11 in flight still.
  Demand gives_back = demand(kMuch, {11});
  gives_back.told = {8};
  EXPECT_EQ(shares({16}, {gives_back, demand(kMuch)}), (Shares{{8}, {5}}));
}

TEST(ShareOut, CountsWhatOthersMayHaveInFlight) {
  EXPECT_EQ(share_out({16}, {10}, std::vector{demand(kMuch)}, 0).calls, (Shares{{6}}));
  EXPECT_EQ(share_out({16}, {20}, std::vector{demand(kMuch)}, 0).calls, (Shares{{0}}));
}

TEST(ShareOut, TellsAWorkerOnlyAgainWhatItIsSureToHave) {
  Demand unheard = demand(kMuch);
  unheard.taken = {10};  // as an earlier start may have told it
  EXPECT_EQ(shares({16}, {unheard}), (Shares{{6}}));
}

TEST(ShareOut, LeavesAWorkerWhatNobodyWaitsFor) {
  EXPECT_EQ(shares({16}, {demand(3, {16})}), (Shares{{16}}));
  EXPECT_EQ(shares({16}, {demand(0, {16})}), (Shares{{0}})) << "who holds nothing gets nothing";
  EXPECT_EQ(shares({16}, {demand(3, {16}), demand(kMuch)}), (Shares{{3}, {0}}));
}

TEST(ShareOut, MovesNothingForALittle) {
  // 509 each would be even, by a demand that changes with each state.
  EXPECT_EQ(shares({1018}, {demand(kMuch, {520}), demand(kMuch, {498})}), (Shares{{520}, {498}}));
}

/// One that lacks a little may wait; one that has nothing there may not.
TEST(ShareOut, MovesALittleForOneThatHasNothing) {
  Demand waits = demand(1);
  waits.wanted = {1};
  EXPECT_EQ(shares({100}, {demand(kMuch, {100}), waits}), (Shares{{99}, {0}}));
}

TEST(ShareOut, LeavesNothingThatAWorkerCouldUse) {
  std::mt19937_64 random(11);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  for (int round = 0; round < 20'000; ++round) {
    const CallsByProvider limits = {1 + below(40), below(20), below(5)};
    std::vector<Demand> demands(1 + below(5));
    for (Demand& one : demands) {
      one.calls = below(60);
      one.cap = below(3) == 0 ? below(30) : UINT32_MAX;
      for (std::size_t i = 0; i < limits.size(); ++i) {
        one.out.push_back(below(4) == 0);
        one.wanted.push_back(below(8) == 0 ? 1 + below(30) : 0);
        one.most.push_back(below(4) == 0 ? 0 : below(4) == 0 ? 3 : UINT32_MAX);
      }
    }
    const Shares given = shares(limits, demands);
    for (std::size_t i = 0; i < limits.size(); ++i) {
      std::uint32_t sum = 0;
      for (const CallsByProvider& calls : given) {
        sum += calls[i];
      }
      ASSERT_LE(sum, limits[i]);
      for (std::size_t worker = 0; worker < demands.size() && sum < limits[i]; ++worker) {
        const Demand& one = demands[worker];
        if (!one.out[i] && given[worker][i] < one.most[i]) {
          const std::uint64_t all =
              std::accumulate(given[worker].begin(), given[worker].end(), std::uint64_t{0});
          ASSERT_GE(all, std::min<std::uint64_t>(one.calls, one.cap)) << "round " << round;
        }
      }
    }
  }
}

/// Whatever is on its way: what the workers may have in flight is at most what the provider allows.
TEST(ShareOut, NeverGivesMoreThanThereIs) {
  std::mt19937_64 random(7);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  for (int round = 0; round < 20'000; ++round) {
    const CallsByProvider limits = {1 + below(40), below(20)};
    CallsByProvider left = limits;
    CallsByProvider untold(2);
    std::vector<Demand> demands(1 + below(5));
    for (Demand& one : demands) {
      one.calls = below(4) == 0 ? 0 : below(60);
      one.cap = below(3) == 0 ? 1 + below(10) : UINT32_MAX;
      for (std::size_t provider = 0; provider < 2; ++provider) {
        const std::uint32_t has = below(left[provider] + 1);
        left[provider] -= has;
        const std::uint32_t unsure = below(left[provider] + 1);
        left[provider] -= unsure;
        one.has.push_back(has);
        one.taken.push_back(has + unsure);
        one.told.push_back(below(has + 1));
      }
    }
    untold[0] = below(left[0] + 1);
    const SharedOut shared = share_out(limits, untold, demands, below(3));
    for (std::size_t provider = 0; provider < 2; ++provider) {
      std::uint64_t most = untold[provider];
      for (std::size_t worker = 0; worker < demands.size(); ++worker) {
        const std::uint32_t told = shared.calls[worker][provider];
        most += std::max(told, demands[worker].has[provider]);
        EXPECT_TRUE(demands[worker].calls > 0 || told == 0);
      }
      // What is not sure to be there is kept for it.
      for (const Demand& one : demands) {
        most += one.taken[provider] - one.has[provider];
      }
      ASSERT_LE(most, limits[provider]) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace fd
