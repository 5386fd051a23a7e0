#include "worker/statement_watch.hpp"

#include <gtest/gtest.h>

#include "tests/support/hand_clock.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::HandClock;

class StatementWatchTest : public testing::Test {
 protected:
  /// Looks at a statement again, or at a new one. Returns whether it may go on.
  bool look(StatementWatch::Seen& seen, bool begins = false) {
    looks_ = begins ? 0 : looks_ + 1;
    return watch_.look({"sample-1", "SELECT 1", looks_}, "database-1", seen);
  }

  /// Returns what look() writes.
  std::string written(StatementWatch::Seen& seen) {
    testing::internal::CaptureStderr();
    look(seen);
    return testing::internal::GetCapturedStderr();
  }

  HandClock clock_;
  Log log_{LogLevel::warn, "test"};
  StatementWatch watch_{clock_, log_};
  std::uint64_t looks_ = 0;
};

TEST_F(StatementWatchTest, AStatementThatHasRunForLongIsNamedOnceWithItsSample) {
  StatementWatch::Seen seen;
  EXPECT_TRUE(look(seen, true));
  clock_.now_ += kSlowStatement - milliseconds(1);
  EXPECT_EQ(written(seen), "");
  clock_.now_ += milliseconds(1);
  const std::string line = written(seen);
  EXPECT_NE(line.find("slow_statement sample=sample-1 database=database-1 seconds=10 "
                      "sql=\"SELECT 1\""),
            std::string::npos)
      << line;
  clock_.now_ += seconds(60);
  EXPECT_EQ(written(seen), "");
  EXPECT_TRUE(look(seen, true));  // another one
  EXPECT_EQ(written(seen), "");
  clock_.now_ += kSlowStatement;
  EXPECT_NE(written(seen), "");
}

TEST_F(StatementWatchTest, AWorkerThatIsToLeaveGivesUpSlowStatements) {
  StatementWatch::Seen before;
  EXPECT_TRUE(look(before, true));
  clock_.now_ += kSlowStatement - milliseconds(1);
  watch_.hurry();
  EXPECT_TRUE(look(before));
  StatementWatch::Seen after;
  clock_.now_ += milliseconds(1);
  EXPECT_FALSE(look(before));
  EXPECT_TRUE(look(after, true));
  clock_.now_ += kSlowStatement;
  EXPECT_TRUE(look(after));  // it began later: the worker stayed
}

TEST_F(StatementWatchTest, TheEndOfASessionInterruptsEveryStatement) {
  StatementWatch::Seen seen;
  EXPECT_TRUE(look(seen, true));
  watch_.stop();
  EXPECT_FALSE(look(seen));
  EXPECT_FALSE(look(seen, true));
}

}  // namespace
}  // namespace fd
