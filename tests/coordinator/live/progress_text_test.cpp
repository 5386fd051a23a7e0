#include "coordinator/live/progress_text.hpp"

#include <gtest/gtest.h>

#include "coordinator/live/progress_display.hpp"

namespace fd {
namespace {

using std::chrono::seconds;

Progress some() {
  Progress progress;
  progress.total = 2000;
  progress.done = 500;
  progress.kept = 300;
  progress.rejected = 100;
  progress.failed = 100;
  progress.calls = 510;
  progress.prompt_tokens = 123456;
  progress.completion_tokens = 7890;
  progress.cost = 0.25;
  progress.in_flight = 64;
  progress.workers = 2;
  return progress;
}

TEST(ProgressText, ReadsAsDocumented) {
  ProgressText text;
  Progress before = some();
  before.done = 400;
  text.take(Instant{}, before);
  text.take(Instant{} + seconds(10), some());
  EXPECT_EQ(
      text.line(),
      "500 / 2,000   25 %  10/s  kept 75.0 %  failed 100  tokens 123.5k in 7890 out  cost 0.25  "
      "64 in flight on 2 workers  left 2 min 30 s");
  EXPECT_EQ(
      text.json(),
      R"({"calls":510,"completion_tokens":7890,"cost":0.25,"done":500,"event":"progress",)"
      R"("failed":100,"in_flight":64,"kept":300,"left_s":150,"prompt_tokens":123456,"rate":10,)"
      R"("rejected":100,"total":2000,"workers":2})");
}

TEST(ProgressText, WhatIsNotKnownIsNotShown) {
  ProgressText text;
  Progress progress;
  progress.total = 4;
  progress.workers = 1;
  text.take(Instant{}, progress);
  EXPECT_EQ(text.line(), "0 / 4    0 %  0/s  tokens 0 in 0 out  0 in flight on 1 worker");
  EXPECT_NE(text.json().find(R"("left_s":null)"), std::string::npos);
}

TEST(ProgressText, ACostThatNobodyKnowsIsNotZero) {
  ProgressText text;
  Progress progress = some();
  progress.unpriced = 509;
  text.take(Instant{}, progress);
  EXPECT_NE(text.line().find("  cost 0.25  "), std::string::npos) << text.line();
  EXPECT_NE(text.json().find(R"("cost":0.25)"), std::string::npos) << text.json();
  progress.unpriced = progress.calls;
  text.take(Instant{}, progress);
  EXPECT_NE(text.line().find("  cost unknown  "), std::string::npos) << text.line();
  EXPECT_NE(text.json().find(R"("cost":null)"), std::string::npos) << text.json();
}

TEST(ProgressPace, LinesComeAtGrowingIntervalsWhileSomethingChanges) {
  ProgressPace pace(seconds(5), seconds(30));
  Progress progress;
  std::vector<int> shown;
  for (int second = 0; second <= 100; ++second) {
    ++progress.done;
    if (pace.step(Instant{} + seconds(second), progress)) {
      shown.push_back(second);
    }
  }
  EXPECT_EQ(shown, (std::vector<int>{5, 15, 35, 65, 95}));
}

TEST(ProgressPace, AnUnchangedStateIsShownEveryHalfMinute) {
  ProgressPace pace(seconds(1), seconds(1));
  Progress progress = some();
  std::vector<int> shown;
  for (int second = 0; second <= 63; ++second) {
    progress.in_flight = second < 62 ? 64 : 63;
    if (pace.step(Instant{} + seconds(second), progress)) {
      shown.push_back(second);
    }
  }
  EXPECT_EQ(shown, (std::vector<int>{1, 31, 61, 62}));
}

TEST(ProgressMode, HasTheNamesOfTheCommandLine) {
  EXPECT_EQ(progress_mode_from_name("bar"), ProgressMode::bar);
  EXPECT_EQ(progress_mode_from_name("plain"), ProgressMode::plain);
  EXPECT_EQ(progress_mode_from_name("json"), ProgressMode::json);
  EXPECT_EQ(progress_mode_from_name("none"), ProgressMode::none);
  EXPECT_EQ(progress_mode_from_name("Bar"), std::nullopt);
}

}  // namespace
}  // namespace fd
