#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

struct Attack {
  std::string sql;
  ExecStatus status;
  std::string error_class;
};

/// Runs every attack on one connection, and after each of them an honest query on it.
void expect_refused(const std::vector<Attack>& attacks, const SqlLimits& limits = {}) {
  const TestDatabase database(kUsersScript);
  const std::string bytes = database.bytes();
  const std::vector<std::string> files = database.files();
  const auto sandbox = database.open();
  for (const Attack& attack : attacks) {
    const SqlResult result = sandbox->run(attack.sql, limits);
    EXPECT_EQ(name(result.status), name(attack.status)) << attack.sql << "\n" << result.message;
    EXPECT_EQ(result.error_class, attack.error_class) << attack.sql << "\n" << result.message;
    EXPECT_TRUE(result.rows.empty()) << attack.sql;
    const SqlResult honest = sandbox->run("SELECT count(*) FROM users", {});
    EXPECT_EQ(honest.rows, std::vector<std::string>{"I3;"}) << attack.sql << honest.message;
  }
  EXPECT_EQ(database.bytes(), bytes);
  EXPECT_EQ(database.files(), files);
}

constexpr auto kDenied = ExecStatus::denied;
constexpr auto kParse = ExecStatus::parse_error;

TEST(SandboxAttack, WritesAreDenied) {
  expect_refused({
      {"INSERT INTO users VALUES (4, 'Eve', 1)", kDenied, "denied"},
      {"INSERT INTO users VALUES (4, 'Eve', 1) RETURNING id", kDenied, "denied"},
      {"UPDATE users SET name = 'x'", kDenied, "denied"},
      {"UPDATE users SET name = 'x' RETURNING name", kDenied, "denied"},
      {"DELETE FROM users", kDenied, "denied"},
      {"DELETE FROM users RETURNING id", kDenied, "denied"},
      {"REPLACE INTO users VALUES (1, 'x', 1)", kDenied, "denied"},
      {"WITH c AS (SELECT 1) INSERT INTO numbers SELECT * FROM c", kDenied, "denied"},
      {"CREATE TABLE t(a)", kDenied, "denied"},
      {"CREATE TEMP TABLE t AS SELECT 1", kDenied, "denied"},
      {"CREATE VIEW v AS SELECT 1", kDenied, "denied"},
      {"CREATE TEMP VIEW v AS SELECT 1", kDenied, "denied"},
      {"CREATE INDEX i ON users(age)", kDenied, "denied"},
      {"CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", kDenied, "denied"},
      {"CREATE VIRTUAL TABLE v USING fts5(a)", kDenied, "denied"},
      {"DROP TABLE users", kDenied, "denied"},
      {"DROP VIEW adults", kDenied, "denied"},
      {"DROP INDEX by_name", kDenied, "denied"},
      {"ALTER TABLE users RENAME TO people", kDenied, "denied"},
      {"ALTER TABLE users ADD COLUMN a", kDenied, "denied"},
      {"REINDEX", kDenied, "denied"},
      {"ANALYZE", kDenied, "denied"},
      {"VACUUM", kDenied, "not_a_query"},
      {"VACUUM INTO 'copy.sqlite'", kDenied, "not_a_query"},
  });
}

TEST(SandboxAttack, OtherDatabasesAndTransactionsAreDenied) {
  expect_refused({
      {"ATTACH DATABASE 'other.sqlite' AS other", kDenied, "denied"},
      {"ATTACH 'file:other.sqlite?mode=rwc' AS other", kDenied, "denied"},
      {"ATTACH ':memory:' AS other", kDenied, "denied"},
      {"DETACH main", kDenied, "denied"},
      {"BEGIN", kDenied, "denied"},
      {"BEGIN EXCLUSIVE", kDenied, "denied"},
      {"COMMIT", kDenied, "denied"},
      {"ROLLBACK", kDenied, "denied"},
      {"SAVEPOINT s", kDenied, "denied"},
      {"RELEASE s", kDenied, "denied"},
  });
}

TEST(SandboxAttack, PragmasAndExplainAreDenied) {
  expect_refused({
      {"PRAGMA writable_schema = 1", kDenied, "denied"},
      {"PRAGMA journal_mode = DELETE", kDenied, "denied"},
      {"PRAGMA query_only = 0", kDenied, "denied"},
      {"PRAGMA temp_store_directory = '/'", kDenied, "denied"},
      {"PRAGMA table_info(users)", kDenied, "denied"},
      {"PRAGMA database_list", kDenied, "denied"},
      {"SELECT * FROM pragma_table_info('users')", kParse, "no_such_table"},
      {"SELECT * FROM pragma_database_list", kParse, "no_such_table"},
      {"EXPLAIN SELECT 1", kDenied, "not_a_query"},
      {"EXPLAIN QUERY PLAN SELECT * FROM users", kDenied, "not_a_query"},
      {"SELECT * FROM sqlite_master", kDenied, "denied"},
      {"SELECT * FROM sqlite_schema", kDenied, "denied"},
      {"SELECT sql FROM sqlite_temp_master", kDenied, "denied"},
  });
}

TEST(SandboxAttack, FunctionsThatReachOutOrDifferAreDenied) {
  expect_refused({
      {"SELECT load_extension('x')", kDenied, "denied"},
      {"SELECT * FROM loading", kDenied, "denied"},
      {"SELECT fts3_tokenizer('simple')", kDenied, "denied"},
      {"SELECT random()", kDenied, "denied"},
      {"SELECT name FROM users ORDER BY random()", kDenied, "denied"},
      {"SELECT hex(randomblob(8))", kDenied, "denied"},
      {"SELECT zeroblob(1000000000)", kDenied, "denied"},
      {"SELECT printf('%.*c', 900000000, 'x')", kDenied, "denied"},
      {"SELECT format('%900000000d', 1)", kDenied, "denied"},
      {"SELECT last_insert_rowid()", kDenied, "denied"},
      {"SELECT total_changes()", kDenied, "denied"},
      {"SELECT sqlite_version()", kDenied, "denied"},
      {"SELECT sqlite_compileoption_used('X')", kDenied, "denied"},
      {"SELECT json('{}')", kDenied, "denied"},
      {"SELECT '{}' -> 'a'", kDenied, "denied"},
      {"SELECT * FROM json_each('[1]')", kParse, "no_such_table"},
      {"SELECT readfile('/etc/passwd')", kParse, "no_such_function"},
      {"SELECT writefile('x', 'y')", kParse, "no_such_function"},
      {"SELECT edit('x')", kParse, "no_such_function"},
      {"SELECT * FROM texts", kParse, "no_such_table"},
      {"SELECT * FROM dbstat", kParse, "no_such_table"},
      {"SELECT * FROM sqlite_stmt", kParse, "no_such_table"},
      {"SELECT * FROM sqlite_dbpage", kParse, "no_such_table"},
      {"SELECT * FROM fts5vocab", kParse, "no_such_table"},
  });
}

TEST(SandboxAttack, OnlyOneStatementRuns) {
  expect_refused({
      {"SELECT 1; DROP TABLE users", kDenied, "multiple_statements"},
      {"SELECT 1; SELECT 2", kDenied, "multiple_statements"},
      {"SELECT 1;;x", kDenied, "multiple_statements"},
      {"SELECT 1; /* c */ -- c\n DELETE FROM users", kDenied, "multiple_statements"},
      {std::string("SELECT 1\0; DROP TABLE users", 26), kParse, "syntax_error"},
      {"", kParse, "empty"},
      {"   \n", kParse, "empty"},
      {";", kParse, "empty"},
      {"-- nothing", kParse, "empty"},
      {"/* nothing */ ;", kParse, "empty"},
      {"SELECT 1 garbage garbage", kParse, "syntax_error"},
      {"SELECT 'open", kParse, "syntax_error"},
      {"SELECT ?", kParse, "too_complex"},
      {"SELECT :name", kParse, "too_complex"},
  });
}

TEST(SandboxAttack, CommentsAndSemicolonsBehindTheStatementAreFine) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  for (const char* sql :
       {"SELECT 1;", "SELECT 1 ; ;", "SELECT 1; -- done", "SELECT 1 /* done */ ; /* really */",
        "/* first */ SELECT 1", "-- first\nSELECT 1"}) {
    const SqlResult result = sandbox->run(sql, {});
    EXPECT_EQ(result.status, ExecStatus::ok) << sql << result.message;
    EXPECT_EQ(result.rows, std::vector<std::string>{"I1;"}) << sql;
  }
  const SqlResult semicolon = sandbox->run("SELECT ';', \"a;b\"", {});
  EXPECT_EQ(semicolon.rows, std::vector<std::string>{"T1:;T3:a;b"});
}

std::string doubling_ctes(int levels) {
  std::string sql = "WITH c0 AS (SELECT 1 AS x)";
  for (int i = 1; i <= levels; ++i) {
    const std::string before = "c" + std::to_string(i - 1);
    sql += ", c" + std::to_string(i) + " AS (SELECT a.x FROM " + before + " a, " + before + " b)";
  }
  return sql + " SELECT * FROM c" + std::to_string(levels);
}

TEST(SandboxAttack, BombsEndAtALimit) {
  SqlLimits limits;
  limits.max_steps = 2000000;
  limits.max_heap_bytes = 2u << 20;
  const std::string count_for_ever =
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) ";
  std::string deep = "SELECT ";
  deep.append(1000, '(').append("1").append(1000, ')');
  std::string compound = "SELECT 1";
  for (int i = 0; i < 60; ++i) {
    compound += " UNION ALL SELECT 1";
  }
  expect_refused(
      {
          {count_for_ever + "SELECT count(*) FROM c", ExecStatus::step_limit, "step_limit"},
          {count_for_ever + "SELECT n FROM c", ExecStatus::row_limit, "row_limit"},
          {"WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT max(n) FROM c",
           ExecStatus::step_limit, "step_limit"},
          {"WITH RECURSIVE c(s) AS (SELECT 'xxxxxxxx' UNION ALL SELECT s || s FROM c) "
           "SELECT max(length(s)) FROM c",
           ExecStatus::heap_limit, "heap_limit"},
          {"SELECT count(*) FROM numbers a, numbers b, numbers c", ExecStatus::step_limit,
           "step_limit"},
          {"SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY a.n * b.n - c.n",
           ExecStatus::heap_limit, "heap_limit"},
          {"SELECT DISTINCT a.n * 1000000 + b.n * 1000 + c.n FROM numbers a, numbers b, numbers c "
           "ORDER BY 1 DESC",
           ExecStatus::heap_limit, "heap_limit"},
          {"SELECT replace(replace(replace('" + std::string(64, 'a') + "', 'a', '" +
               std::string(64, 'a') + "'), 'a', '" + std::string(64, 'a') + "'), 'a', '" +
               std::string(64, 'a') + "')",
           ExecStatus::error, "too_big"},
          {doubling_ctes(20), ExecStatus::heap_limit, "heap_limit"},
          {doubling_ctes(40), ExecStatus::heap_limit, "heap_limit"},
          {deep, kParse, "too_complex"},
          {compound, kParse, "too_complex"},
          {"SELECT 1 LIKE '" + std::string(129, '%') + "'", ExecStatus::error, "too_complex"},
      },
      limits);
}

TEST(SandboxAttack, LongTextsAreChargedForWhatTheyTake) {
  // Without a charge, each of these takes hours: few steps, but 16 ms to 3 s in every call.
  const std::string texts =
      "WITH RECURSIVE d(s, k) AS (SELECT 'aaaaaaaa', 0 UNION ALL SELECT s || s, k + 1 FROM d "
      "WHERE k < 11), big(s, h) AS (SELECT s, substr(s, 1, 8192) || 'b' FROM d WHERE k = 11) ";
  std::vector<Attack> attacks;
  for (const char* call : {"instr(s, h || b.n)", "replace(s, h || b.n, '')",
                           "trim(s, replace(s, 'a', 'b') || b.n || 'a')",
                           "ltrim(s, replace(s, 'a', 'b') || b.n || 'a')",
                           "rtrim(s, replace(s, 'a', 'b') || b.n || 'a')",
                           "s LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%a%a%' || b.n",
                           "s GLOB '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*' || b.n"}) {
    attacks.push_back({texts + "SELECT sum(length(" + call + ")) FROM big, numbers a, numbers b",
                       ExecStatus::step_limit, "step_limit"});
  }
  SqlLimits limits;
  limits.max_steps = 1000000;
  expect_refused(attacks, limits);
}

}  // namespace
}  // namespace fd
