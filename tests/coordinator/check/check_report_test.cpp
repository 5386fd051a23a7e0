#include "coordinator/check/check_report.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

CheckReport report(std::initializer_list<CheckRow> rows) {
  CheckReport made;
  made.rows = rows;
  return made;
}

TEST(CheckReport, InputBeforeEndpointsDecidesTheExitCode) {
  EXPECT_EQ(report({}).exit_code(), 0);
  EXPECT_EQ(
      report({{"input", CheckStatus::warning, ""}, {"golds", CheckStatus::error, ""}}).exit_code(),
      0);
  EXPECT_EQ(report({{"endpoint a", CheckStatus::error, ""}, {"input", CheckStatus::error, ""}})
                .exit_code(),
            3);
}

TEST(CheckReport, OneUsableEndpointIsEnough) {
  const CheckRow dead{"endpoint a", CheckStatus::error, ""};
  EXPECT_EQ(report({dead}).exit_code(), 10);
  EXPECT_EQ(report({dead, {"endpoint b", CheckStatus::warning, ""}}).exit_code(), 0);
  EXPECT_EQ(report({{"endpoint b", CheckStatus::ok, ""}, dead}).exit_code(), 0);
}

TEST(CheckReport, IsATableThatIsSafeForATerminal) {
  EXPECT_EQ(render_checks(report({{"input", CheckStatus::ok, "4 rows"},
                                  {"endpoint a", CheckStatus::warning, "no\x1b[2J\nhint: yes"},
                                  {"prices", CheckStatus::error, "none"}})),
            "input       ok       4 rows\n"
            "endpoint a  warning  no\\x1b[2J\n"
            "                     hint: yes\n"
            "prices      error    none\n");
}

TEST(CheckReport, IsAnObjectALineForPrograms) {
  EXPECT_EQ(checks_as_json(report({{"input", CheckStatus::ok, "4 \"rows\""},
                                   {"prices", CheckStatus::error, "none"}})),
            "{\"part\":\"input\",\"status\":\"ok\",\"text\":\"4 \\\"rows\\\"\"}\n"
            "{\"part\":\"prices\",\"status\":\"error\",\"text\":\"none\"}\n");
}

}  // namespace
}  // namespace fd
