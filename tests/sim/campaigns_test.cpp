// Every campaign over its seeds. FD_SIM_SEEDS sets how many (default 2,000; nightly 1,000,000):
// docs/simulation.md.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/batch.hpp"

namespace fd::sim {
namespace {

constexpr std::uint64_t kSeeds = 2'000;

std::uint64_t seeds() {
  const char* asked = std::getenv("FD_SIM_SEEDS");
  return asked == nullptr ? kSeeds : std::strtoull(asked, nullptr, 10);
}

class SimCampaign : public testing::TestWithParam<Campaign> {};

TEST_P(SimCampaign, EverySeedKeepsEveryPromise) {
  const Batch batch = run_batch(GetParam(), 1, seeds());
  EXPECT_TRUE(batch.failures.empty()) << batch.report();
  EXPECT_GE(batch.requests, batch.count);  // the worlds did something
}

INSTANTIATE_TEST_SUITE_P(Sim, SimCampaign, testing::ValuesIn(campaigns()),
                         [](const testing::TestParamInfo<Campaign>& one) {
                           return std::string(one.param.name);
                         });

/// What a campaign plans between workers takes place.
TEST(SimPeers, EveryKindOfFaultHappens) {
  const Batch batch = run_batch(*find_campaign("C18"), 1, kSeeds / 5);
  EXPECT_TRUE(batch.failures.empty()) << batch.report();
  for (const auto& [name, count] : PeerTally::members()) {
    EXPECT_GT(batch.peers.*count, 0u) << name;
  }
}

}  // namespace
}  // namespace fd::sim
