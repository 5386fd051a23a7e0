#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/batch.hpp"

namespace fd::sim {
namespace {

constexpr std::uint64_t kSeeds = 100;

TEST(SimSameSeed, GivesTheSameTrace) {
  for (const Campaign& campaign : campaigns()) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Verdict first = run_world(campaign, seed);
      const Verdict second = run_world(campaign, seed);
      ASSERT_EQ(first.trace, second.trace) << campaign.name << " seed " << seed;
      ASSERT_EQ(first.events, second.events) << campaign.name << " seed " << seed;
    }
  }
}

TEST(SimSameSeed, OtherSeedsGiveOtherTraces) {
  const Campaign& campaign = campaigns().front();
  EXPECT_NE(run_world(campaign, 1).trace, run_world(campaign, 2).trace);
}

/// Every world is checked against the files that Dataset::expected() says: a run with one worker
/// and no faults writes them.
TEST(SimWithoutFaults, OneWorkerWritesTheExpectedFiles) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan = without_faults(plan_for(campaigns().front(), seed));
    const Verdict verdict = World(plan, false).run();
    ASSERT_FALSE(verdict.failure) << "seed " << seed << ": " << *verdict.failure;
    ASSERT_EQ(verdict.extra, 0u);
  }
}

/// tests/sim/seeds.txt: every seed that ever failed, with what it was.
TEST(SimRegression, SeedsThatOnceFailedKeepEveryPromise) {
  std::ifstream in(std::string(FD_SOURCE_DIR) + "/tests/sim/seeds.txt");
  ASSERT_TRUE(in.good());
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') {
      continue;
    }
    std::istringstream words(line);
    std::string name;
    std::uint64_t seed = 0;
    ASSERT_TRUE(words >> name >> seed) << line;
    const Campaign* campaign = find_campaign(name);
    ASSERT_NE(campaign, nullptr) << line;
    const Verdict verdict = run_campaign_world(*campaign, seed);
    EXPECT_FALSE(verdict.failure) << line << "\n" << *verdict.failure;
    ++count;
  }
  EXPECT_GE(count, 10u);
}

}  // namespace
}  // namespace fd::sim
