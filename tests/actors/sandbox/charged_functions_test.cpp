#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "actors/sandbox/row_encoding.hpp"
#include "actors/sandbox/sqlite_functions.hpp"
#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

/// Runs SQL on SQLite as it is, and gives rows in our encoding ("error" when it fails).
std::vector<std::string> plain_sqlite(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sql << sqlite3_errmsg(database);
  std::vector<std::string> rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::string row;
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
    switch (sqlite3_column_type(statement, 0)) {
      case SQLITE_NULL:
        append_sql_null(row);
        break;
      case SQLITE_INTEGER:
        append_sql_integer(sqlite3_column_int64(statement, 0), row);
        break;
      case SQLITE_FLOAT:
        append_sql_real(sqlite3_column_double(statement, 0), row);
        break;
      case SQLITE_TEXT:
        append_sql_text({static_cast<const char*>(sqlite3_column_blob(statement, 0)), size}, row);
        break;
      default:
        append_sql_blob({static_cast<const char*>(sqlite3_column_blob(statement, 0)), size}, row);
        break;
    }
    rows.push_back(row);
  }
  if (code != SQLITE_DONE) {
    rows = {"error"};
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

void expect_same(const std::vector<std::string>& calls) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  for (const std::string& call : calls) {
    const std::string sql = "SELECT " + call;
    const SqlResult result = sandbox->run(sql, {});
    const std::vector<std::string> rows =
        result.status == ExecStatus::ok ? result.rows : std::vector<std::string>{"error"};
    EXPECT_EQ(rows, plain_sqlite(database.path(), sql)) << sql << result.message;
  }
}

const std::vector<std::string> kValues = {"NULL",
                                          "''",
                                          "'a'",
                                          "'abcabc'",
                                          "'ABC'",
                                          "'a%b_c'",
                                          "'%'",
                                          "'a*c'",
                                          "'[a-c]*'",
                                          "'\xC3\xA9t\xC3\xA9'",
                                          "'\xC3\x89'",
                                          "'\xE2\x82\xAC'",
                                          "123",
                                          "12.5",
                                          "x'61'",
                                          "x'c3a9'",
                                          "x''",
                                          "char(1)",
                                          "'a' || char(0) || 'b'",
                                          "'  x '",
                                          "'__'",
                                          "'a_c'",
                                          "-1"};

TEST(ChargedFunctions, GiveWhatSqliteGivesForAllPairsOfValues) {
  std::vector<std::string> calls;
  for (const std::string& left : kValues) {
    for (const std::string& right : kValues) {
      calls.push_back(left + " LIKE " + right);
      calls.push_back(left + " GLOB " + right);
      calls.push_back("instr(" + left + ", " + right + ")");
      calls.push_back("trim(" + left + ", " + right + ")");
      calls.push_back("ltrim(" + left + ", " + right + ")");
      calls.push_back("rtrim(" + left + ", " + right + ")");
      calls.push_back("replace(" + left + ", " + right + ", 'XY')");
      calls.push_back("replace(" + left + ", 'b', " + right + ")");
    }
  }
  expect_same(calls);
}

TEST(ChargedFunctions, GiveWhatSqliteGivesForEscapes) {
  std::vector<std::string> calls;
  for (const char* text : {"'a%b'", "'a_b'", "'aXb'", "'a\\b'", "'%'", "'a' || char(1) || 'b'",
                           "'a\xE2\x82\xAC%'", "NULL"}) {
    for (const char* pattern :
         {"'a\\%b'", "'a%%b'", "'a__b'", "'a!_b'", "'%'", "'%%'", "'a!'", "'a%' || char(1) || 'b'",
          "'a' || char(1) || '%b'", "'_%%_'", "'a\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC%'", "NULL"}) {
      for (const char* escape :
           {"'\\'", "'%'", "'_'", "'!'", "'\xE2\x82\xAC'", "NULL", "''", "'ab'", "char(1)"}) {
        calls.push_back(std::string(text) + " LIKE " + pattern + " ESCAPE " + escape);
      }
    }
  }
  expect_same(calls);
}

/// Every function whose time grows with its arguments, in a call over `s`.
const std::vector<std::string> kCallsOverText = {"abs(s)",
                                                 "char(s)",
                                                 "date(s)",
                                                 "datetime(s)",
                                                 "s GLOB '*q*'",
                                                 "hex(s)",
                                                 "instr(s, 'q')",
                                                 "julianday(s)",
                                                 "length(s)",
                                                 "s LIKE '%q%'",
                                                 "s LIKE '%q%' ESCAPE '!'",
                                                 "lower(s)",
                                                 "ltrim(s)",
                                                 "ltrim(s, 'q')",
                                                 "quote(s)",
                                                 "replace(s, 'q', '')",
                                                 "round(s)",
                                                 "round(1, s)",
                                                 "rtrim(s)",
                                                 "rtrim(s, 'q')",
                                                 "sign(s)",
                                                 "sin(s)",
                                                 "pow(s, 2)",
                                                 "mod(2, s)",
                                                 "log(s)",
                                                 "strftime(s, 1)",
                                                 "strftime('%Y', s)",
                                                 "substr(s, 2)",
                                                 "substr(s, 2, 3)",
                                                 "substring(s, -2)",
                                                 "time(s)",
                                                 "trim(s)",
                                                 "trim(s, 'q')",
                                                 "unicode(s)",
                                                 "unixepoch(s)",
                                                 "upper(s)",
                                                 "s < s || 'x' COLLATE NOCASE",
                                                 "s < s || 'x' COLLATE RTRIM"};

TEST(ChargedFunctions, ACallIsChargedForTheBytesItTouches) {
  const TestDatabase database(
      "CREATE TABLE texts(s);"
      "INSERT INTO texts VALUES ('" +
      std::string(4096, 'x') + "'), ('" + std::string(12288, 'x') + "');");
  const auto sandbox = database.open();
  const auto steps = [&](const std::string& what, int row) {
    std::uint64_t low = 0;
    std::uint64_t high = 1u << 20;
    while (low + 1 < high) {
      SqlLimits limits;
      limits.max_steps = (low + high) / 2;
      // The LIMIT keeps the text apart, so that it is read once.
      const SqlResult result = sandbox->run(
          "SELECT typeof(" + what +
              ") FROM (SELECT s FROM texts WHERE rowid = " + std::to_string(row) + " LIMIT 1)",
          limits);
      (result.status == ExecStatus::step_limit ? low : high) = limits.max_steps;
    }
    return high;
  };
  // As much reading, and nothing done with it.
  const std::uint64_t reading = steps("s = 'q'", 2) - steps("s = 'q'", 1);
  for (const std::string& call : kCallsOverText) {
    EXPECT_GE(steps(call, 2), steps(call, 1) + reading + (8192 >> 8)) << call;
  }
}

TEST(ChargedFunctions, GiveWhatSqliteGivesWhereValuesAreLong) {
  // Beside a long text other functions are charged: they are handed on to SQLite's own.
  std::vector<std::string> calls;
  for (const std::string& value : kValues) {
    for (const char* one :
         {"abs",   "char",  "date",    "datetime",  "hex",   "julianday", "length",
          "lower", "ltrim", "quote",   "round",     "rtrim", "sign",      "sin",
          "sqrt",  "ln",    "ceil",    "floor",     "trunc", "soundex",   "strftime",
          "time",  "trim",  "unicode", "unixepoch", "upper"}) {
      calls.push_back(std::string(one) + "(" + value + ")");
    }
    for (const char* two : {"round(12.345, ", "substr('abc', ", "strftime('%Y %j', ", "pow(2, ",
                            "mod(7, ", "log(2, ", "date('2024-02-29', ", "atan2(1, "}) {
      calls.push_back(two + value + ")");
    }
    calls.push_back(value + " < 'ABCABC' COLLATE NOCASE");
    calls.push_back(value + " = '  x' COLLATE RTRIM");
  }
  calls.insert(calls.end(), {"abs(-9223372036854775808)", "substr('abc', 2, 1)", "char(97, 8364)",
                             "strftime('%f %H %J %m %M %s %S %w %W %%', '2024-02-29 12:34:56.789')",
                             "datetime('2024-02-29', '+1 month', 'start of year', 'weekday 1')",
                             "upper('\xC3\xA9')", "substr('\xC3\xA9t\xC3\xA9', 2, 1)"});
  for (std::string& call : calls) {
    call += " FROM (SELECT '" + std::string(2000, 'x') + "' AS s) WHERE s <> ''";
  }
  expect_same(calls);
}

TEST(ChargedFunctions, KnowTheHourAlsoWhereValuesAreLong) {
  const TestDatabase database("CREATE TABLE t(s); INSERT INTO t VALUES ('" +
                              std::string(2000, 'x') + "')");
  const auto sandbox = database.open();
  EXPECT_EQ(sandbox
                ->run("SELECT strftime('%Y-%m-%d', 'now'), date(), datetime('now', 'localtime') "
                      "FROM t WHERE s <> ''",
                      {})
                .rows,
            std::vector<std::string>{"T10:2025-01-01T10:2025-01-01T19:2025-01-01 00:00:00"});
}

TEST(ChargedFunctions, ArePartOfViewsAndIndexesOnExpressions) {
  const TestDatabase database(
      "CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('abc'), ('xbc');"
      "CREATE INDEX i ON t(instr(a, 'b'));"
      "CREATE VIEW v AS SELECT replace(a, 'b', 'd') AS r FROM t WHERE a LIKE 'x%'");
  const auto sandbox = database.open();
  EXPECT_EQ(sandbox->run("SELECT r FROM v", {}).rows, std::vector<std::string>{"T3:xdc"});
  EXPECT_EQ(sandbox->run("SELECT count(*) FROM t WHERE instr(a, 'b') = 2", {}).rows,
            std::vector<std::string>{"I2;"});
}

TEST(ChargedFunctions, AllowedNamesAreFoundAndOthersNot) {
  for (const char* name : {"abs", "count", "upper", "row_number", "current_date"}) {
    EXPECT_TRUE(sandbox_function_allowed(name)) << name;
  }
  for (const char* name : {"", "printf", "format", "random", "randomblob", "zeroblob",
                           "load_extension", "json", "->", "match", "sqlite_version", "ABS"}) {
    EXPECT_FALSE(sandbox_function_allowed(name)) << name;
  }
}

}  // namespace
}  // namespace fd
