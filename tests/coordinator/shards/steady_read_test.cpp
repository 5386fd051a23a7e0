#include "coordinator/shards/steady_read.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

/// Returns what is read of something that changes during the first `changes` reads.
std::vector<int> reads_of(int changes, std::optional<int>& found) {
  int version = 0;
  std::vector<int> reads;
  found = steady_read([&] { return version; },
                      [&](int before) {
                        reads.push_back(before);
                        version += version < changes ? 1 : 0;
                        return before * 10;
                      });
  return reads;
}

TEST(SteadyRead, IsOneReadWhereNothingChanges) {
  std::optional<int> found;
  EXPECT_EQ(reads_of(0, found), (std::vector<int>{0}));
  EXPECT_EQ(found, 0);
}

TEST(SteadyRead, ReadsAgainUnderTheVersionThatCame) {
  std::optional<int> found;
  EXPECT_EQ(reads_of(2, found), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(found, 20);
}

TEST(SteadyRead, GivesUpWhenTheLastReadWasDisturbedToo) {
  std::optional<int> found;
  EXPECT_EQ(reads_of(kSteadyReadsMax - 1, found).size(), kSteadyReadsMax);
  EXPECT_EQ(found, (kSteadyReadsMax - 1) * 10);
  EXPECT_EQ(reads_of(kSteadyReadsMax, found).size(), kSteadyReadsMax);
  EXPECT_EQ(found, std::nullopt);
}

}  // namespace
}  // namespace fd
