#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/sandbox/error_class.hpp"
#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

class SandboxResult : public testing::Test {
 protected:
  std::string row(const std::string& sql) {
    const SqlResult result = sandbox_->run(sql, {});
    EXPECT_EQ(result.status, ExecStatus::ok) << sql << ": " << result.message;
    return result.rows.size() == 1 ? result.rows[0] : std::to_string(result.rows.size()) + " rows";
  }

  TestDatabase database_{kUsersScript};
  std::unique_ptr<TestSandbox> sandbox_ = database_.open();
};

TEST_F(SandboxResult, ValuesHaveTypedEncodings) {
  EXPECT_EQ(row("SELECT 1, -5, 9223372036854775807"), "I1;I-5;I9223372036854775807;");
  EXPECT_EQ(row("SELECT NULL, '', 'abc', x'', x'00ff'"),
            std::string("NT0:T3:abcB0:B2:\x00\xff", 18));
  EXPECT_EQ(row("SELECT 1.5, -0.25"), "R1.50000000000e+00;R-2.50000000000e-01;");
  EXPECT_EQ(row("SELECT char(0, 65)"), std::string("T2:\0A", 5));
  EXPECT_EQ(row("SELECT 9e999, -9e999"), "R+inf;R-inf;");
  EXPECT_EQ(row("SELECT 9e999 - 9e999"), "N");
}

TEST_F(SandboxResult, WholeDoublesAreWholeNumbers) {
  EXPECT_EQ(row("SELECT 1.0"), "I1;");
  EXPECT_EQ(row("SELECT -0.0, 0.0"), "I0;I0;");
  EXPECT_EQ(row("SELECT 9007199254740992.0, 9007199254740992"),
            "I9007199254740992;I9007199254740992;");
  EXPECT_EQ(row("SELECT 9007199254740994.0"), "R9.00719925474e+15;");
}

TEST_F(SandboxResult, OtherDoublesAreRoundedToTwelveDigits) {
  EXPECT_EQ(row("SELECT 0.1 + 0.2"), row("SELECT 0.3"));
  EXPECT_NE(row("SELECT 0.300000000001"), row("SELECT 0.3"));
  EXPECT_EQ(row("SELECT 0.3000000000001"), row("SELECT 0.3"));
  // Rounding gives a whole number: 1.1 * 10 is 11 and a bit.
  EXPECT_EQ(row("SELECT 1.1 * 1.1 * 100"), "I121;");
  EXPECT_EQ(row("SELECT 999999999999.25"), "I999999999999;");
  EXPECT_EQ(row("SELECT 1000000000000.25"), "R1.00000000000e+12;");
}

TEST_F(SandboxResult, TypesStayApart) {
  EXPECT_NE(row("SELECT 1"), row("SELECT '1'"));
  EXPECT_NE(row("SELECT NULL"), row("SELECT 'None'"));
  EXPECT_NE(row("SELECT NULL"), row("SELECT ''"));
  EXPECT_NE(row("SELECT 'a'"), row("SELECT x'61'"));
  EXPECT_NE(row("SELECT 'a', 'b'"), row("SELECT 'aT1:b'"));
  EXPECT_NE(row("SELECT 'N', NULL"), row("SELECT NULL, 'N'"));
}

TEST_F(SandboxResult, RowsComeInTheOrderOfTheQuery) {
  const SqlResult result = sandbox_->run("SELECT id, name FROM users ORDER BY id DESC", {});
  EXPECT_EQ(result.columns, 2u);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"I3;T5:Chloe", "I2;T3:Bob", "I1;T5:Alice"}));
  EXPECT_EQ(result.error_class, "");
  const SqlResult none = sandbox_->run("SELECT id, name FROM users WHERE 0", {});
  EXPECT_EQ(none.status, ExecStatus::ok);
  EXPECT_EQ(none.columns, 2u);
  EXPECT_TRUE(none.rows.empty());
}

TEST_F(SandboxResult, DoubleQuotedTextsAreTexts) {
  EXPECT_EQ(row("SELECT id FROM users WHERE name = \"Bob\""), "I2;");
}

TEST_F(SandboxResult, TheClockStandsStillInUtc) {
  EXPECT_EQ(row("SELECT datetime('now')"), "T19:2025-01-01 00:00:00");
  EXPECT_EQ(row("SELECT CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME"),
            "T19:2025-01-01 00:00:00T10:2025-01-01T8:00:00:00");
  EXPECT_EQ(row("SELECT strftime('%s', 'now')"), "T10:1735689600");
  EXPECT_EQ(row("SELECT date()"), "T10:2025-01-01");
  EXPECT_EQ(row("SELECT datetime('2024-07-01 12:00:00', 'localtime')"), "T19:2024-07-01 12:00:00");
  EXPECT_EQ(row("SELECT datetime('2024-07-01 12:00:00', 'utc')"), "T19:2024-07-01 12:00:00");
}

TEST_F(SandboxResult, ViewsAndWindowsAndMathWork) {
  EXPECT_EQ(row("SELECT group_concat(name) FROM adults"), "T11:Alice,Chloe");
  EXPECT_EQ(row("SELECT sum(r) FROM (SELECT row_number() OVER (ORDER BY age) AS r FROM users)"),
            "I6;");
  EXPECT_EQ(row("SELECT round(sqrt(2), 3), pow(2, 10), ceil(1.2), ln(1)"),
            "R1.41400000000e+00;I1024;I2;I0;");
  EXPECT_EQ(row("SELECT iif(1, 'a', 'b'), coalesce(NULL, 2), upper('x') || lower('Y')"),
            "T1:aI2;T2:Xy");
  EXPECT_EQ(row("VALUES (1, 'x')"), "I1;T1:x");
}

TEST(SandboxQueries, WhatTextToSqlSetsAskForRunsUnderTheDefaultLimits) {
  const TestDatabase database(
      "CREATE TABLE shop(shop_id INTEGER PRIMARY KEY, city TEXT, opened TEXT);"
      "CREATE TABLE sale(sale_id INTEGER PRIMARY KEY, shop_id INTEGER REFERENCES shop, "
      "  amount REAL, item TEXT, day TEXT);"
      "INSERT INTO shop VALUES (1, 'Oslo', '2019-05-01'), (2, 'Turin', '2020-11-30'), "
      "  (3, 'Oslo', NULL);"
      "INSERT INTO sale VALUES (1, 1, 9.5, 'tea', '2023-01-05'), (2, 1, 12.0, 'cup', "
      "'2023-02-05'), "
      "  (3, 2, 7.25, 'tea', '2023-02-07'), (4, 2, 100, 'pot', '2024-02-29');");
  const auto sandbox = database.open();
  const std::vector<std::pair<const char*, std::size_t>> queries = {
      {"SELECT city, COUNT(*) FROM shop GROUP BY city HAVING COUNT(*) > 1", 1},
      {"SELECT s.city, SUM(x.amount) AS total FROM shop AS s JOIN sale AS x ON x.shop_id = "
       "s.shop_id "
       "GROUP BY s.city ORDER BY total DESC LIMIT 1",
       1},
      {"SELECT city FROM shop WHERE shop_id NOT IN (SELECT shop_id FROM sale)", 1},
      {"SELECT s.city FROM shop s LEFT JOIN sale x USING (shop_id) WHERE x.sale_id IS NULL", 1},
      {"SELECT DISTINCT item FROM sale WHERE amount BETWEEN 5 AND 10", 1},
      {"SELECT item FROM sale WHERE amount = (SELECT MAX(amount) FROM sale)", 1},
      {"SELECT strftime('%Y-%m', day) AS month, AVG(amount) FROM sale GROUP BY month ORDER BY "
       "month",
       3},
      {"SELECT city FROM shop WHERE city LIKE \"%sl%\" EXCEPT SELECT city FROM shop WHERE opened "
       "IS "
       "NULL",
       0},
      {"SELECT item, RANK() OVER (PARTITION BY shop_id ORDER BY amount DESC) FROM sale", 4},
      {"WITH best AS (SELECT shop_id, MAX(amount) AS top FROM sale GROUP BY shop_id) "
       "SELECT s.city, b.top FROM best b JOIN shop s ON s.shop_id = b.shop_id",
       2},
      {"SELECT CASE WHEN amount > 10 THEN 'high' ELSE 'low' END AS level, COUNT(*) FROM sale "
       "GROUP BY level",
       2},
      {"SELECT julianday(day) - julianday('2023-01-01') FROM sale WHERE sale_id = 1", 1},
      {"SELECT CAST(SUM(amount) AS REAL) / COUNT(DISTINCT shop_id) FROM sale", 1},
      {"SELECT item FROM sale WHERE EXISTS (SELECT 1 FROM shop WHERE shop.shop_id = sale.shop_id "
       "AND city = 'Oslo') UNION SELECT 'none' ORDER BY 1",
       3},
  };
  for (const auto& [sql, rows] : queries) {
    const SqlResult result = sandbox->run(sql, {});
    EXPECT_EQ(result.status, ExecStatus::ok) << sql << ": " << result.message;
    EXPECT_EQ(result.rows.size(), rows) << sql;
  }
}

TEST_F(SandboxResult, ErrorsHaveClasses) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"SELEC 1", "syntax_error"},
      {"SELECT", "syntax_error"},
      {"SELECT 1 FROM", "syntax_error"},
      {"SELECT * FROM absent", "no_such_table"},
      {"SELECT absent FROM users", "no_such_column"},
      {"SELECT u.absent FROM users u", "no_such_column"},
      {"SELECT id FROM users a, users b", "ambiguous_column"},
      {"SELECT absent(1)", "no_such_function"},
      {"SELECT abs(1, 2)", "wrong_arg_count"},
      {"SELECT name FROM users ORDER BY name COLLATE absent", "no_such_collation"},
      {"SELECT (SELECT 1, 2)", "column_count"},
      {"SELECT 1 UNION SELECT 1, 2", "column_count"},
      {"SELECT 1 IN (SELECT 1, 2)", "column_count"},
      {"SELECT id FROM users WHERE count(*) > 1", "misuse"},
      {"SELECT id FROM users HAVING id > 1", "misuse"},
      {"SELECT id FROM users ORDER BY 9", "misuse"},
      {"SELECT sum(sum(id)) FROM users", "misuse"},
      {"SELECT *", "misuse"},
      {"SELECT (1, 2)", "misuse"},
      {"SELECT id FROM users LIMIT 'x'", "type_mismatch"},
      {"SELECT abs(-9223372036854775808)", "overflow"},
      {"SELECT name LIKE 'a' ESCAPE 'ab' FROM users", "misuse"},
  };
  for (const auto& [sql, error_class] : cases) {
    const SqlResult result = sandbox_->run(sql, {});
    EXPECT_NE(result.status, ExecStatus::ok) << sql;
    EXPECT_EQ(result.error_class, error_class) << sql << ": " << result.message;
    EXPECT_FALSE(result.message.empty()) << sql;
  }
}

TEST_F(SandboxResult, WhatFailsWhileRunningIsNoParseError) {
  EXPECT_EQ(sandbox_->run("SELECT abs(-9223372036854775808)", {}).status, ExecStatus::error);
  EXPECT_EQ(sandbox_->run("SELECT absent", {}).status, ExecStatus::parse_error);
}

TEST_F(SandboxResult, NamesInAMessageDoNotDecideItsClass) {
  EXPECT_EQ(sandbox_->run("SELECT * FROM \"no such column: x\"", {}).error_class, "no_such_table");
  EXPECT_EQ(sandbox_->run("SELECT \"a\".\": syntax error\" FROM users", {}).error_class,
            "no_such_column");
  EXPECT_EQ(sql_error_class("something that no version says"), "other");
  EXPECT_EQ(sql_error_class(""), "other");
}

}  // namespace
}  // namespace fd
