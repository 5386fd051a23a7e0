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
