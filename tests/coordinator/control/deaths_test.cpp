#include "coordinator/control/deaths.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr std::uint64_t kWorker = 7;

/// Two shards of two samples, leased to one worker. Only shard 0 is worked on.
class Deaths : public testing::Test {
 protected:
  Deaths() : leases_({{2}, {2}}, 0, Instant{}) {
    fence_ = leases_.grant(0, kWorker, "w1").fence;
    leases_.grant(1, kWorker, "w1");
    std::vector<SampleId> ids(2);
    ids[1].bytes.fill(1);
    shards_.emplace(0, ShardProgress(std::move(ids), {}));
  }
  void answer(std::uint32_t position) {
    ShardProgress& shard = shards_.at(0);
    Answer answer;
    answer.sample_id = shard.ids[position];
    shard.record_answer(position, answer);
  }
  SampleState& sample(std::uint32_t position) { return shards_.at(0).samples[position]; }

  LeaseTable leases_;
  std::uint64_t fence_ = 0;
  ShardProgresses shards_;
};

TEST_F(Deaths, CountOnlyAgainstWhatWasInFlightUnderTheLease) {
  answer(0);
  answer(1);
  sample(0).sent_fence = fence_;
  sample(1).sent_fence = fence_ - 1;
  EXPECT_EQ(count_death(shards_, leases_, kWorker),
            (std::vector<Caught>{{{0, 0}, kSuspicionAnswered}}));
  EXPECT_EQ(sample(0).suspicion, kSuspicionAnswered);
  EXPECT_EQ(sample(1).suspicion, 0);
  EXPECT_TRUE(count_death(shards_, leases_, kWorker + 1).empty());
  shards_.at(0).finish(0, false);
  EXPECT_TRUE(count_death(shards_, leases_, kWorker).empty());
}

TEST_F(Deaths, MakeASuspectAtTheSecondWithAnAnswerOnRecordAndAtTheEighthWithout) {
  sample(0).sent_fence = sample(1).sent_fence = fence_;
  answer(1);
  for (int death = 1; death <= 8; ++death) {
    count_death(shards_, leases_, kWorker);
    EXPECT_EQ(sample(1).suspect(), death >= 2) << death;
    EXPECT_EQ(sample(0).suspect(), death >= 8) << death;
  }
}

TEST_F(Deaths, OfAnyNumberDoNotMakeASuspectInnocent) {
  sample(0).sent_fence = fence_;
  answer(0);
  for (int death = 1; death <= 100; ++death) {
    count_death(shards_, leases_, kWorker);
    EXPECT_EQ(sample(0).suspect(), death >= 2) << death;
  }
}

TEST_F(Deaths, TheThirdStrikeIsPoison) {
  EXPECT_FALSE(add_strike(shards_, {0, 1}));
  EXPECT_FALSE(add_strike(shards_, {0, 1}));
  EXPECT_TRUE(add_strike(shards_, {0, 1}));
}

TEST_F(Deaths, ASampleThatIsDoneOrOfAnotherShardGetsNoStrike) {
  sample(0).strikes = 2;
  shards_.at(0).finish(0, false);
  EXPECT_FALSE(add_strike(shards_, {0, 0}));
  EXPECT_EQ(sample(0).strikes, 2);
  EXPECT_FALSE(add_strike(shards_, {1, 0}));
}

TEST_F(Deaths, ALapseIsTakenBackWhole) {
  sample(0).sent_fence = fence_;
  sample(1).sent_fence = fence_;
  answer(0);
  Lapse lapse{count_death(shards_, leases_, kWorker), SamplePlace{0, 0}, 1};
  add_strike(shards_, *lapse.alone);
  take_back(shards_, lapse);
  EXPECT_EQ(sample(0).suspicion, 0);
  EXPECT_EQ(sample(1).suspicion, 0);
  EXPECT_EQ(sample(0).strikes, 0);
  lapse.under_way.push_back({{1, 0}, kSuspicionAnswered});  // its shard was written meanwhile
  take_back(shards_, lapse);
  EXPECT_EQ(sample(0).suspicion, 0);
}

}  // namespace
}  // namespace fd
