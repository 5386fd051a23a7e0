#include "tests/sim/mutants.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd::sim {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

class SimMutant : public testing::TestWithParam<Mutant> {};

TEST_P(SimMutant, IsNoticed) {
  const std::optional<Kill> kill = hunt(GetParam(), kSeeds);
  ASSERT_TRUE(kill.has_value()) << GetParam().about << ": kept every promise in " << kSeeds
                                << " seeds each of " << GetParam().campaigns;
  RecordProperty("campaign", kill->campaign);
  RecordProperty("seed", std::to_string(kill->seed));
}

INSTANTIATE_TEST_SUITE_P(Sim, SimMutant, testing::ValuesIn(mutants()),
                         [](const testing::TestParamInfo<Mutant>& one) {
                           return std::string(one.param.name);
                         });

TEST(SimMutants, AreAtLeastTwenty) {
  EXPECT_GE(mutants().size(), 20u);
}

TEST(SimMutants, WithoutOneEveryPromiseIsKept) {
  const Mutant none{"", "no mistake", "C1 C2 C3"};
  EXPECT_FALSE(hunt(none, 50).has_value());
}

}  // namespace
}  // namespace fd::sim
