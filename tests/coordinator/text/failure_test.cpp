#include "coordinator/text/failure.hpp"

#include <gtest/gtest.h>

#include "coordinator/text/commands_to_copy.hpp"

namespace fd {
namespace {

TEST(ReportFailure, ReturnsTheExitCodeOnceTheErrorIsPrinted) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report_failure(Error{Errc::busy, "held"}), 6);
  EXPECT_EQ(report_failure(Error{Errc::busy, "rows"}, 3), 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "fd-coordinator: held\nfd-coordinator: rows\n");
}

TEST(WhatIsLeft, NamesTheSamplesThatFailed) {
  EXPECT_EQ(what_is_left(0), "every answer is recorded, and no sample failed");
  EXPECT_EQ(what_is_left(1), "every answer is recorded, and 1 sample that failed is asked again");
  EXPECT_EQ(what_is_left(1018),
            "every answer is recorded, and 1,018 samples that failed are asked again");
}

TEST(CommandsToCopy, QuoteWhatAShellWouldTakeApart) {
  EXPECT_EQ(resume_line("/runs/a"), "fd-coordinator resume /runs/a");
  EXPECT_EQ(resume_line("/my runs/a"), "fd-coordinator resume '/my runs/a'");
  EXPECT_EQ(fresh_replay("/my runs/a/shards/0"),
            "fd-coordinator replay '/my runs/a/shards/0/manifest.json' --fresh");
}

}  // namespace
}  // namespace fd
