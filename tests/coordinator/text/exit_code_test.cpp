#include "coordinator/text/exit_code.hpp"

#include <gtest/gtest.h>

#include "coordinator/text/commands_to_copy.hpp"

namespace fd {
namespace {

TEST(ExitCodeOfAnError, IsThatOfTheContract) {
  const std::pair<Errc, int> table[] = {
      {Errc::invalid_input, 2}, {Errc::not_found, 2},  {Errc::unsupported, 11}, {Errc::corrupt, 5},
      {Errc::busy, 6},          {Errc::storage, 7},    {Errc::refused, 8},      {Errc::stale, 11},
      {Errc::unavailable, 70},  {Errc::exhausted, 70}, {Errc::timed_out, 70}};
  for (const auto& [error, code] : table) {
    EXPECT_EQ(exit_code_of(error), code) << static_cast<int>(error);
  }
}

TEST(ExitCodeOfAnError, IsReturnedOnceTheErrorIsPrinted) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report_failure(Error{Errc::busy, "held"}), 6);
  EXPECT_EQ(report_failure(Error{Errc::busy, "rows"}, 3), 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "fd-coordinator: held\nfd-coordinator: rows\n");
}

TEST(CommandsToCopy, QuoteWhatAShellWouldTakeApart) {
  EXPECT_EQ(resume_line("/runs/a"), "fd-coordinator resume /runs/a");
  EXPECT_EQ(resume_line("/my runs/a"), "fd-coordinator resume '/my runs/a'");
  EXPECT_EQ(fresh_replay("/my runs/a/shards/0"),
            "fd-coordinator replay '/my runs/a/shards/0/manifest.json' --fresh");
}

}  // namespace
}  // namespace fd
