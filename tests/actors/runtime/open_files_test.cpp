#include "actors/open_files.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(OpenFiles, AreRaisedToTheHardLimitWithinReason) {
  EXPECT_EQ(*open_files_goal(1024, 4096), 4096u);
  EXPECT_EQ(*open_files_goal(1024, 1 << 20), kOpenFilesMax);
  EXPECT_EQ(*open_files_goal(1 << 19, 1 << 20), 1u << 19);  // never lowered
}

TEST(OpenFiles, TooFewAreRefused) {
  EXPECT_TRUE(open_files_goal(256, kOpenFilesMin).ok());
  const auto refused = open_files_goal(256, kOpenFilesMin - 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::invalid_input);
  EXPECT_EQ(refused.error().message,
            "at most 1023 open files are allowed here, and --listen needs 1024 (ulimit -n)");
}

}  // namespace
}  // namespace fd
