#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

SqlResult run(SqlSandbox& sandbox, const std::string& sql, const SqlLimits& limits) {
  return sandbox.run(sql, limits);
}

TEST(SandboxLimits, RowsAreCountedExactly) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  SqlLimits limits;
  limits.max_rows = 1000;
  const SqlResult fits = run(*sandbox, "SELECT n FROM numbers", limits);
  EXPECT_EQ(fits.status, ExecStatus::ok);
  EXPECT_EQ(fits.rows.size(), 1000u);
  const SqlResult over = run(*sandbox, "SELECT n FROM numbers UNION ALL SELECT 0", limits);
  EXPECT_EQ(over.status, ExecStatus::row_limit);
  EXPECT_EQ(over.error_class, "row_limit");
  EXPECT_TRUE(over.rows.empty());
  EXPECT_EQ(over.columns, 0u);
}

TEST(SandboxLimits, DefaultRowLimitIsTenThousand) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  const std::string rows = "SELECT 1 FROM numbers a, numbers b LIMIT ";
  EXPECT_EQ(run(*sandbox, rows + "10000", {}).status, ExecStatus::ok);
  EXPECT_EQ(run(*sandbox, rows + "10001", {}).status, ExecStatus::row_limit);
}

TEST(SandboxLimits, BytesOfTheRowEncodingAreCountedExactly) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  SqlLimits limits;
  limits.max_result_bytes = 2 * 8;  // "T5:Alice" is 8 bytes
  EXPECT_EQ(run(*sandbox, "SELECT 'Alice' UNION ALL SELECT 'Chloe'", limits).status,
            ExecStatus::ok);
  const SqlResult over = run(*sandbox, "SELECT 'Alice' UNION ALL SELECT 'Chloe!'", limits);
  EXPECT_EQ(over.status, ExecStatus::byte_limit);
  EXPECT_EQ(over.error_class, "byte_limit");
}

TEST(SandboxLimits, StatementsAreNoLongerThanTheLimit) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  const std::string sql = "SELECT 1";
  const std::string fits = sql + std::string(SqlLimits{}.max_sql_bytes - sql.size(), ' ');
  EXPECT_EQ(run(*sandbox, fits, {}).status, ExecStatus::ok);
  const SqlResult over = run(*sandbox, fits + " ", {});
  EXPECT_EQ(over.status, ExecStatus::parse_error);
  EXPECT_EQ(over.error_class, "too_big");
}

TEST(SandboxLimits, ValuesAreNoLongerThanThirtyTwoKibibytes) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  const std::string text =
      "WITH RECURSIVE d(s, k) AS (SELECT 'aaaaaaaa', 0 UNION ALL SELECT s || s, k + 1 FROM d "
      "WHERE k < 11) SELECT length(s || substr(s, 1, ";
  const std::string end = ")) FROM d WHERE k = 11";
  EXPECT_EQ(run(*sandbox, text + "16384" + end, {}).rows, std::vector<std::string>{"I32768;"});
  const SqlResult over = run(*sandbox, text + "16384) || 'b'" + end.substr(1), {});
  EXPECT_EQ(over.status, ExecStatus::error) << over.message;
  EXPECT_EQ(over.error_class, "too_big");
}

/// Returns the least limit in [low, high] with which the query runs. Requires: it runs with `high`.
template <class Set>
std::uint64_t least(SqlSandbox& sandbox, const std::string& sql, std::uint64_t high, Set set) {
  std::uint64_t low = 0;
  while (low + 1 < high) {
    const std::uint64_t middle = (low + high) / 2;
    SqlLimits limits;
    set(limits, middle);
    (sandbox.run(sql, limits).status == ExecStatus::ok ? high : low) = middle;
  }
  return high;
}

std::uint64_t least_heap(SqlSandbox& sandbox, const std::string& sql) {
  return least(sandbox, sql, 64u << 20,
               [](SqlLimits& limits, std::uint64_t bytes) { limits.max_heap_bytes = bytes; });
}

std::uint64_t least_steps(SqlSandbox& sandbox, const std::string& sql) {
  return least(sandbox, sql, 50000000,
               [](SqlLimits& limits, std::uint64_t steps) { limits.max_steps = steps; });
}

const char* const kQueries[] = {
    "SELECT count(*) FROM numbers a, numbers b WHERE a.n < 20",
    "SELECT name FROM users WHERE name LIKE '%o%' ORDER BY name",
    "SELECT DISTINCT a.n % 100 FROM numbers a, numbers b WHERE b.n < 5 ORDER BY 1 DESC",
    "SELECT name FROM adults ORDER BY name",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c WHERE n < 2000) SELECT max(n) "
    "FROM c",
    "SELECT a.n, b.n FROM numbers a JOIN numbers b ON a.n = b.n ORDER BY a.n DESC LIMIT 3",
};

TEST(SandboxLimits, DoNotDependOnWhatRanBefore) {
  // Finds the exact limit of each query on a fresh connection, and again after a history of
  // queries, errors, heap limits and warm caches. A verdict that depended on the history would move
  // it.
  const TestDatabase database(kUsersScript);
  const auto used = database.open();
  for (const char* before :
       {"SELECT * FROM absent", "SELECT * FROM numbers", "SELECT load_extension('x')", "SELECT",
        "SELECT name FROM users ORDER BY age", "SELECT abs(-9223372036854775808)",
        "SELECT * FROM adults", "SELECT count(*) FROM users, numbers"}) {
    used->run(before, {});
  }
  SqlLimits tight;
  tight.max_heap_bytes = 20000;
  EXPECT_EQ(used->run("SELECT n FROM numbers ORDER BY n DESC", tight).status,
            ExecStatus::heap_limit);
  for (const char* sql : kQueries) {
    const auto fresh = database.open();
    const std::uint64_t heap = least_heap(*fresh, sql);
    EXPECT_GT(heap, 1000u) << sql;
    EXPECT_EQ(least_heap(*used, sql), heap) << sql;
    // The search itself ended at heap limits; the one before ended at step limits.
    EXPECT_EQ(least_steps(*used, sql), least_steps(*fresh, sql)) << sql;
    EXPECT_EQ(least_heap(*fresh, sql), heap) << sql;
  }
}

TEST(SandboxLimits, StepsAreCountedByHundreds) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  const std::uint64_t steps = least_steps(*sandbox, kQueries[0]);
  EXPECT_EQ(steps % 100, 0u);
  SqlLimits limits;
  limits.max_steps = steps;
  EXPECT_EQ(sandbox->run(kQueries[0], limits).status, ExecStatus::ok);
  limits.max_steps = steps - 1;
  const SqlResult over = sandbox->run(kQueries[0], limits);
  EXPECT_EQ(over.status, ExecStatus::step_limit);
  EXPECT_EQ(over.error_class, "step_limit");
}

TEST(SandboxLimits, ParallelQueriesDoNotDisturbEachOther) {
  // One thread runs into its heap limit again and again while the others need nearly all of theirs.
  const TestDatabase database(kUsersScript);
  const std::string sql = kQueries[2];
  const std::uint64_t heap = least_heap(*database.open(), sql);
  const auto work = [&](std::uint64_t bytes, ExecStatus expected) {
    const auto sandbox = database.open();
    SqlLimits limits;
    limits.max_heap_bytes = bytes;
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(sandbox->run(sql, limits).status, expected);
    }
  };
  std::thread over([&] { work(heap - 1, ExecStatus::heap_limit); });
  std::thread exact([&] { work(heap, ExecStatus::ok); });
  work(heap, ExecStatus::ok);
  over.join();
  exact.join();
}

}  // namespace
}  // namespace fd
