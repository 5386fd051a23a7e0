#include "worker/data_channel_monitor.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTtl = seconds(10);

class DataChannelMonitorTest : public testing::Test {
 protected:
  /// Something is awaited, and the coordinator is heard on the other connection.
  DataChannelMonitor::Act wait(Duration time) {
    now_ += time;
    return monitor_.look(now_, {true, sent_bytes_, true, kTtl});
  }
  /// As often as something is looked at while it is awaited. Returns when the connection was given
  /// up, or `most`.
  Duration until_reconnect(Duration most) {
    const Instant begin = now_;
    while (now_ - begin < most && !wait(milliseconds(500)).reconnect) {
    }
    return now_ - begin;
  }

  DataChannelMonitor monitor_;
  std::size_t sent_bytes_ = 0;
  Instant now_{};
};

TEST_F(DataChannelMonitorTest, AFlushMarkerIsSentOnceSomethingIsAwaitedForItsTime) {
  EXPECT_FALSE(wait(seconds(5)).marker);
  EXPECT_FALSE(wait(DataChannelMonitor::kFlushMarkerAfter - milliseconds(1)).marker);
  EXPECT_EQ(wait(milliseconds(1)).marker, 1u);
  EXPECT_FALSE(wait(seconds(5)).marker) << "one is in flight";
}

TEST_F(DataChannelMonitorTest, NothingAwaitedIsNothingToAskAfter) {
  wait(seconds(0));
  now_ += seconds(5);
  EXPECT_FALSE(monitor_.look(now_, {false, 0, true, kTtl}).marker);
  EXPECT_FALSE(wait(milliseconds(1)).marker) << "the timer starts again";
  EXPECT_FALSE(monitor_.connected(now_, false).marker);
}

/// What keeps coming says nothing of the one request that is lost.
TEST_F(DataChannelMonitorTest, AFlushMarkerIsSentAlsoWhileOtherMessagesCome) {
  wait(seconds(0));
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(wait(milliseconds(100)).marker);
    monitor_.heard(now_);
  }
  EXPECT_EQ(wait(milliseconds(100)).marker, 1u);
}

TEST_F(DataChannelMonitorTest, WhatWasSentBeforeAFlushMarkerHasPassedOnceItIsBack) {
  const std::uint64_t before = monitor_.mark();
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).marker, 1u);
  const std::uint64_t behind = monitor_.mark();
  EXPECT_FALSE(monitor_.passed(before));
  monitor_.returned(now_, 1);
  EXPECT_TRUE(monitor_.passed(before));
  EXPECT_FALSE(monitor_.passed(behind));
  EXPECT_EQ(wait(milliseconds(0)).marker, std::nullopt);
  EXPECT_EQ(wait(DataChannelMonitor::kFlushMarkerAfter).marker, 2u);
}

TEST_F(DataChannelMonitorTest, AFlushMarkerThatWasNeverSentProvesNothing) {
  monitor_.returned(now_, 1000);
  EXPECT_FALSE(monitor_.passed(monitor_.mark()));
}

TEST_F(DataChannelMonitorTest, ANewConnectionIsAskedAtOnceAlsoWithAFlushMarkerInFlight) {
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).marker, 1u);
  EXPECT_EQ(monitor_.connected(now_, true).marker, 2u);
  monitor_.returned(now_, 2);
  EXPECT_TRUE(monitor_.passed(1));
}

TEST_F(DataChannelMonitorTest, AnotherCoordinatorIsAskedForEverything) {
  wait(seconds(0));
  ASSERT_EQ(wait(seconds(1)).marker, 1u);
  const std::uint64_t asked = monitor_.mark();
  monitor_.start_anew();
  EXPECT_TRUE(monitor_.passed(asked));
  EXPECT_FALSE(monitor_.passed(monitor_.mark()));
}

TEST_F(DataChannelMonitorTest, B06AMuteConnectionIsMadeAnewAfterTwoLeases) {
  wait(seconds(0));
  EXPECT_EQ(until_reconnect(seconds(600)), DataChannelMonitor::kMuteTtls * kTtl);
}

/// Also for a coordinator that knows no flush markers.
TEST_F(DataChannelMonitorTest, WhatWasSentOnAMuteConnectionIsLost) {
  wait(seconds(0));
  ASSERT_TRUE(wait(seconds(1)).marker);
  const std::uint64_t asked = monitor_.mark();
  until_reconnect(seconds(600));
  EXPECT_TRUE(monitor_.passed(asked));
  EXPECT_FALSE(monitor_.passed(monitor_.mark()));
}

TEST_F(DataChannelMonitorTest, B14TimeInWhichNothingIsHeardAnywhereDoesNotCount) {
  wait(seconds(0));
  ASSERT_TRUE(wait(seconds(1)).marker);
  now_ += seconds(3600);
  EXPECT_FALSE(monitor_.look(now_, {true, 0, false, kTtl}).reconnect);
  monitor_.was_away();
  EXPECT_FALSE(wait(seconds(0)).reconnect);
  EXPECT_EQ(until_reconnect(seconds(600)), DataChannelMonitor::kMuteTtls * kTtl);
}

TEST_F(DataChannelMonitorTest, B10WhatWasSentHasItsTimeOnASlowLink) {
  sent_bytes_ = 60 * DataChannelMonitor::kSlowestBytesPerS;
  wait(seconds(0));
  EXPECT_EQ(until_reconnect(seconds(600)), seconds(60));
}

/// A message to us that takes 70 s costs the connection a few times, and then never again.
TEST_F(DataChannelMonitorTest, B10PatienceGrowsUntilASlowLinkIsNotTakenForAMuteOne) {
  wait(seconds(0));
  int given_up = 0;
  while (until_reconnect(seconds(70)) < seconds(70)) {
    ++given_up;
  }
  EXPECT_EQ(given_up, 2);  // after 20 s and after 40 s
  for (int message = 0; message < 5; ++message) {
    monitor_.returned(now_, monitor_.mark());
    EXPECT_EQ(until_reconnect(seconds(70)), seconds(70));
  }
}

}  // namespace
}  // namespace fd
