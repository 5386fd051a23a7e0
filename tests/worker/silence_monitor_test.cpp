#include "worker/silence_monitor.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Returns after how much silence it is said, looked at twice a second, until `end`.
std::vector<Duration> said_until(SilenceWatch& watch, Instant& now, Instant end) {
  std::vector<Duration> said;
  for (; now < end; now += milliseconds(500)) {
    if (const auto silent = watch.look(now)) {
      said.push_back(*silent);
    }
  }
  return said;
}

TEST(SilenceWatch, SaysItLessAndLessOften) {
  SilenceWatch watch;
  Instant now{};
  EXPECT_EQ(said_until(watch, now, Instant{} + seconds(80)),
            (std::vector<Duration>{seconds(5), seconds(15), seconds(35), seconds(75)}));
}

TEST(SilenceWatch, SaysItAtLeastEachHour) {
  SilenceWatch watch;
  Instant now{};
  const auto said = said_until(watch, now, Instant{} + std::chrono::hours(100));
  EXPECT_EQ(said[said.size() - 1] - said[said.size() - 2], SilenceWatch::kLongest);
}

TEST(SilenceWatch, WhatIsHeardBeginsItAnew) {
  SilenceWatch watch;
  Instant now{};
  EXPECT_FALSE(watch.heard(now));
  EXPECT_TRUE(said_until(watch, now, Instant{} + seconds(4)).empty());
  EXPECT_FALSE(watch.heard(now)) << "nothing was said: nobody waits for the news";
  EXPECT_EQ(said_until(watch, now, Instant{} + seconds(10)), std::vector<Duration>{seconds(5)});
  EXPECT_TRUE(watch.heard(now));
  EXPECT_FALSE(watch.heard(now));
  EXPECT_EQ(said_until(watch, now, Instant{} + seconds(20)), std::vector<Duration>{seconds(5)});
}

}  // namespace
}  // namespace fd
