#include "actors/system/open_files.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(OpenFiles, AreRaisedToTheHardLimitWithinReason) {
  EXPECT_EQ(*open_files_goal(1024, 4096, 1024), 4096u);
  EXPECT_EQ(*open_files_goal(1024, 1 << 20, 1024), kOpenFilesMax);
  EXPECT_EQ(*open_files_goal(1 << 19, 1 << 20, 1024), 1u << 19);  // never lowered
}

TEST(OpenFiles, TooFewAreRefused) {
  EXPECT_TRUE(open_files_goal(256, 1024, 1024).ok());
  const auto refused = open_files_goal(256, 1023, 1024);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::invalid_input);
  EXPECT_EQ(refused.error().message,
            "at most 1023 open files are allowed here, and 1024 are needed (ulimit -n)");
}

TEST(OpenFiles, ACallTakesOne) {
  EXPECT_EQ(calls_within(kOpenFilesMin, 0), kOpenFilesMin - kOpenFilesBesideCalls);
  EXPECT_EQ(calls_within(1024, 896), 896u);
  EXPECT_EQ(calls_within(1024, 897), 896u);
  EXPECT_EQ(calls_within(kOpenFilesMax, 64), 64u);
}

}  // namespace
}  // namespace fd
