#include "worker/data_channel_monitor.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTtl = seconds(10);

class BulkWatchTest : public testing::Test {
 protected:
  /// Something is awaited, and the coordinator is heard on the other connection.
  BulkWatch::Act wait(Duration time) {
    now_ += time;
    return watch_.look(now_, {true, sent_bytes_, true, kTtl});
  }
  /// As often as something is looked at while it is awaited. Returns when the connection was given
  /// up, or `most`.
  Duration until_reconnect(Duration most) {
    const Instant begin = now_;
    while (now_ - begin < most && !wait(milliseconds(500)).reconnect) {
    }
    return now_ - begin;
  }

  BulkWatch watch_;
  std::size_t sent_bytes_ = 0;
  Instant now_{};
};

TEST_F(BulkWatchTest, AnEchoIsSentOnceSomethingIsAwaitedForItsTime) {
  EXPECT_FALSE(wait(seconds(5)).echo);
  EXPECT_FALSE(wait(BulkWatch::kEchoAfter - milliseconds(1)).echo);
  EXPECT_EQ(wait(milliseconds(1)).echo, 1u);
  EXPECT_FALSE(wait(seconds(5)).echo) << "one is under way";
}

TEST_F(BulkWatchTest, NothingAwaitedIsNothingToAskAfter) {
  wait(seconds(0));
  now_ += seconds(5);
  EXPECT_FALSE(watch_.look(now_, {false, 0, true, kTtl}).echo);
  EXPECT_FALSE(wait(milliseconds(1)).echo) << "the time begins anew";
  EXPECT_FALSE(watch_.connected(now_, false).echo);
}

/// What keeps coming says nothing of the one request that is lost.
TEST_F(BulkWatchTest, AnEchoIsSentAlsoWhileOtherMessagesCome) {
  wait(seconds(0));
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(wait(milliseconds(100)).echo);
    watch_.heard(now_);
  }
  EXPECT_EQ(wait(milliseconds(100)).echo, 1u);
}

TEST_F(BulkWatchTest, WhatWasSentBeforeAnEchoHasPassedOnceItIsBack) {
  const std::uint64_t before = watch_.mark();
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).echo, 1u);
  const std::uint64_t behind = watch_.mark();
  EXPECT_FALSE(watch_.passed(before));
  watch_.returned(now_, 1);
  EXPECT_TRUE(watch_.passed(before));
  EXPECT_FALSE(watch_.passed(behind));
  EXPECT_EQ(wait(milliseconds(0)).echo, std::nullopt);
  EXPECT_EQ(wait(BulkWatch::kEchoAfter).echo, 2u);
}

TEST_F(BulkWatchTest, AnEchoThatWasNeverSentProvesNothing) {
  watch_.returned(now_, 1000);
  EXPECT_FALSE(watch_.passed(watch_.mark()));
}

TEST_F(BulkWatchTest, ANewConnectionIsAskedAtOnceAlsoWithAnEchoUnderWay) {
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).echo, 1u);
  EXPECT_EQ(watch_.connected(now_, true).echo, 2u);
  watch_.returned(now_, 2);
  EXPECT_TRUE(watch_.passed(1));
}

TEST_F(BulkWatchTest, AnotherCoordinatorIsAskedForEverything) {
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).echo, 1u);
  const std::uint64_t asked = watch_.mark();
  watch_.start_anew();
  EXPECT_TRUE(watch_.passed(asked));
  EXPECT_FALSE(watch_.passed(watch_.mark()));
}

TEST_F(BulkWatchTest, B06AMuteConnectionIsMadeAnewAfterTwoLeases) {
  wait(seconds(0));
  EXPECT_EQ(until_reconnect(seconds(600)), BulkWatch::kMuteTtls * kTtl);
}

/// Also for a coordinator that knows no echoes.
TEST_F(BulkWatchTest, WhatWasSentOnAMuteConnectionIsLost) {
  wait(seconds(0));
  ASSERT_TRUE(wait(seconds(1)).echo);
  const std::uint64_t asked = watch_.mark();
  until_reconnect(seconds(600));
  EXPECT_TRUE(watch_.passed(asked));
  EXPECT_FALSE(watch_.passed(watch_.mark()));
}

TEST_F(BulkWatchTest, B14TimeInWhichNothingIsHeardAnywhereDoesNotCount) {
  wait(seconds(0));
  ASSERT_TRUE(wait(seconds(1)).echo);
  now_ += seconds(3600);
  EXPECT_FALSE(watch_.look(now_, {true, 0, false, kTtl}).reconnect);
  watch_.was_away();
  EXPECT_FALSE(wait(seconds(0)).reconnect);
  EXPECT_EQ(until_reconnect(seconds(600)), BulkWatch::kMuteTtls * kTtl);
}

TEST_F(BulkWatchTest, B10WhatWasSentHasItsTimeOnASlowLink) {
  sent_bytes_ = 60 * BulkWatch::kSlowestBytesPerS;
  wait(seconds(0));
  EXPECT_EQ(until_reconnect(seconds(600)), seconds(60));
}

/// A message to us that takes 70 s costs the connection a few times, and then never again.
TEST_F(BulkWatchTest, B10PatienceGrowsUntilASlowLinkIsNotTakenForAMuteOne) {
  wait(seconds(0));
  int given_up = 0;
  while (until_reconnect(seconds(70)) < seconds(70)) {
    ++given_up;
  }
  EXPECT_EQ(given_up, 2);  // after 20 s and after 40 s
  for (int message = 0; message < 5; ++message) {
    watch_.returned(now_, watch_.mark());
    EXPECT_EQ(until_reconnect(seconds(70)), seconds(70));
  }
}

}  // namespace
}  // namespace fd
