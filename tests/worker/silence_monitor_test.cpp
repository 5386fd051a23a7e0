#include "worker/silence_monitor.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Returns after how much silence it is said, looked at twice a second, until `end`.
std::vector<Duration> said_until(SilenceMonitor& monitor, Instant& now, Instant end) {
  std::vector<Duration> said;
  for (; now < end; now += milliseconds(500)) {
    if (const auto silent = monitor.look(now)) {
      said.push_back(*silent);
    }
  }
  return said;
}

TEST(SilenceMonitor, SaysItLessAndLessOften) {
  SilenceMonitor monitor;
  Instant now{};
  EXPECT_EQ(said_until(monitor, now, Instant{} + seconds(80)),
            (std::vector<Duration>{seconds(5), seconds(15), seconds(35), seconds(75)}));
}

TEST(SilenceMonitor, SaysItAtLeastEachHour) {
  SilenceMonitor monitor;
  Instant now{};
  const auto said = said_until(monitor, now, Instant{} + std::chrono::hours(100));
  EXPECT_EQ(said[said.size() - 1] - said[said.size() - 2], SilenceMonitor::kLongest);
}

TEST(SilenceMonitor, WhatIsHeardBeginsItAnew) {
  SilenceMonitor monitor;
  Instant now{};
  EXPECT_FALSE(monitor.heard(now));
  EXPECT_TRUE(said_until(monitor, now, Instant{} + seconds(4)).empty());
  EXPECT_FALSE(monitor.heard(now)) << "nothing was said: nobody waits for the news";
  EXPECT_EQ(said_until(monitor, now, Instant{} + seconds(10)), std::vector<Duration>{seconds(5)});
  EXPECT_TRUE(monitor.heard(now));
  EXPECT_FALSE(monitor.heard(now));
  EXPECT_EQ(said_until(monitor, now, Instant{} + seconds(20)), std::vector<Duration>{seconds(5)});
}

}  // namespace
}  // namespace fd
