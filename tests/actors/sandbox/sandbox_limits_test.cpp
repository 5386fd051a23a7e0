#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/actors/sandbox/test_database.hpp"

namespace fd {
namespace {

SqlResult run(TestSandbox& sandbox, const std::string& sql, const SqlLimits& limits) {
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

/// Makes a table with one text of each length.
std::string texts_of(const std::vector<std::size_t>& lengths) {
  std::string script = "CREATE TABLE long(s TEXT);";
  for (const std::size_t bytes : lengths) {
    script += "INSERT INTO long VALUES ('" + std::string(bytes, 'x') + "');";
  }
  return script;
}

TEST(SandboxLimits, ValuesHaveUpToSoManyBytes) {
  const TestDatabase database(texts_of({40000, 40001}));
  const auto sandbox = database.open();
  const std::string longest = "SELECT max(s) <> '' FROM long WHERE rowid = ";
  EXPECT_EQ(sandbox->run(longest + "2", {}).rows, std::vector<std::string>{"I1;"});
  SqlLimits limits;
  limits.max_value_bytes = 40000;
  EXPECT_EQ(sandbox->run(longest + "1", limits).rows, std::vector<std::string>{"I1;"});
  const SqlResult over = sandbox->run(longest + "2", limits);
  EXPECT_EQ(over.status, ExecStatus::error) << over.message;
  EXPECT_EQ(over.error_class, "too_big");
}

TEST(SandboxLimits, ValuesOfAnHonestPostRun) {
  // 40 KB in one of two rows: every query that read the column failed.
  const TestDatabase database(
      "CREATE TABLE posts(id INTEGER PRIMARY KEY, title TEXT, body TEXT);"
      "INSERT INTO posts VALUES (1, 'short', 'hello regression'),"
      " (2, 'long', '" +
      std::string(40000, 'x') + "');");
  const auto sandbox = database.open();
  for (const char* sql :
       {"SELECT id FROM posts WHERE body LIKE '%regression%'",
        "SELECT title FROM posts ORDER BY length(body)", "SELECT COUNT(DISTINCT body) FROM posts",
        "SELECT body FROM posts WHERE id = 2", "SELECT max(length(body)) FROM posts"}) {
    EXPECT_EQ(sandbox->run(sql, {}).status, ExecStatus::ok) << sql;
  }
}

/// Returns the least limit in [low, high] with which the query runs. Requires: it runs with `high`.
template <class Set>
std::uint64_t least(TestSandbox& sandbox, const std::string& sql, std::uint64_t high, Set set) {
  std::uint64_t low = 0;
  while (low + 1 < high) {
    const std::uint64_t middle = (low + high) / 2;
    SqlLimits limits;
    set(limits, middle);
    (sandbox.run(sql, limits).status == ExecStatus::ok ? high : low) = middle;
  }
  return high;
}

std::uint64_t least_heap(TestSandbox& sandbox, const std::string& sql) {
  return least(sandbox, sql, 64u << 20,
               [](SqlLimits& limits, std::uint64_t bytes) { limits.max_heap_bytes = bytes; });
}

std::uint64_t least_steps(TestSandbox& sandbox, const std::string& sql) {
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

TEST(SandboxLimits, StepsHaveAnExactLimit) {
  const TestDatabase database(kUsersScript);
  const auto sandbox = database.open();
  const std::uint64_t steps = least_steps(*sandbox, kQueries[0]);
  SqlLimits limits;
  limits.max_steps = steps;
  EXPECT_EQ(sandbox->run(kQueries[0], limits).status, ExecStatus::ok);
  limits.max_steps = steps - 1;
  const SqlResult over = sandbox->run(kQueries[0], limits);
  EXPECT_EQ(over.status, ExecStatus::step_limit);
  EXPECT_EQ(over.error_class, "step_limit");
}

TEST(SandboxLimits, WhereAValueIsLongStepsWeighMoreInProportion) {
  // The same work beside a text of up to 32 KiB, of more, and up to another limit.
  const TestDatabase database(std::string(kUsersScript) + texts_of({20000, 40000}));
  const auto sandbox = database.open();
  const auto steps = [&](const std::string& row, std::uint64_t max_value_bytes) {
    const std::string sql =
        "SELECT count(*) FROM long t, numbers a, numbers b WHERE t.rowid = " + row +
        " AND t.s <> '' AND a.n < 5";
    return static_cast<double>(
        least(*sandbox, sql, 1u << 21, [&](SqlLimits& limits, std::uint64_t limit) {
          limits.max_steps = limit;
          limits.max_value_bytes = max_value_bytes;
        }));
  };
  const double light = steps("1", 1u << 20);
  EXPECT_GT(light, 10000);
  EXPECT_NEAR(steps("2", 1u << 20) / light, 32, 2);
  EXPECT_NEAR(steps("2", 64u << 10) / light, 2, 0.1);
}

TEST(SandboxLimits, WhereANumberIsLongStepsWeighTheMost) {
  // A number of a thousand digits and more is read within one step, in a time that grows with it.
  const TestDatabase database(std::string(kUsersScript) + texts_of({20000}));
  const auto sandbox = database.open();
  const auto steps = [&](const std::string& text) {
    const std::string sql = "SELECT count(*) FROM (SELECT " + text +
                            " AS s FROM long LIMIT 1) t, numbers a, numbers b "
                            "WHERE t.s <> '' AND a.n < 5";
    return static_cast<double>(
        least(*sandbox, sql, 1u << 21,
              [](SqlLimits& limits, std::uint64_t limit) { limits.max_steps = limit; }));
  };
  const double light = steps("lower(s)");
  EXPECT_NEAR(steps("'" + std::string(2000, 'x') + "'") / light, 1, 0.2);
  EXPECT_NEAR(steps("replace(s, 'x', '1')") / light, 32, 2);      // its result is one
  EXPECT_NEAR(steps("hex(substr(s, 1, 9000))") / light, 32, 2);   // here too: 7878...
  EXPECT_NEAR(steps("substr(s, 1, 10000) || s") / light, 32, 2);  // could be one
  EXPECT_NEAR(steps("group_concat(s)") / light, 32, 2);
  EXPECT_NEAR(steps("x'" + std::string(4000, '3') + "'") / light, 32, 2);
}

TEST(SandboxLimits, PagesThatAreReadAreCharged) {
  // As many rows and steps over a hundred times as many pages.
  const std::string rows =
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) ";
  const TestDatabase database("CREATE TABLE narrow(a, b); CREATE TABLE wide(a, b);" + rows +
                              "INSERT INTO narrow SELECT n, 'x' FROM c;" + rows +
                              "INSERT INTO wide SELECT n, '" + std::string(900, 'x') + "' FROM c;");
  const auto sandbox = database.open();
  const std::uint64_t narrow = least_steps(*sandbox, "SELECT max(a) FROM narrow");
  const std::uint64_t wide = least_steps(*sandbox, "SELECT max(a) FROM wide");
  EXPECT_GE(wide, narrow + 2 * 240);  // four rows a page, two steps each
  EXPECT_LE(wide, narrow + 2 * 270);
}

TEST(SandboxLimits, MemoryThatIsAskedForIsCharged) {
  const TestDatabase database(std::string(kUsersScript) + texts_of({1000}));
  const auto sandbox = database.open();
  const auto sorted = [&](const char* what) {
    return least_steps(
        *sandbox, "SELECT n FROM numbers, long ORDER BY substr(s, 1, " + std::string(what) + ")");
  };
  // 1000 rows of 899 bytes more in the sorter: a step for each whole 256 of them.
  EXPECT_GE(sorted("900"), sorted("1") + 3 * 1000);
}

TEST(SandboxLimits, AWatchLooksAtAStatementAndMayInterruptIt) {
  const TestDatabase database(kUsersScript);
  std::uint64_t looks = 0;
  std::string sample;
  const auto sandbox = open_sqlite_sandbox(database.path(), [&](const RunningSql& running) {
    looks += running.looks > 0 ? 1 : 0;
    sample = running.sample;
    return running.looks < 3;
  });
  ASSERT_TRUE(sandbox.ok());
  EXPECT_EQ((*sandbox)->run("SELECT count(*) FROM users", {}, "short")->status, ExecStatus::ok);
  EXPECT_EQ(looks, 0u);
  for (int i = 1; i <= 2; ++i) {
    const auto interrupted =
        (*sandbox)->run("SELECT count(*) FROM numbers a, numbers b, numbers c", {}, "the sample");
    ASSERT_FALSE(interrupted.ok());
    EXPECT_EQ(interrupted.error().code, Errc::stale);
    EXPECT_EQ(looks, 3u * static_cast<unsigned>(i));
    EXPECT_EQ(sample, "the sample");
  }
  EXPECT_EQ((*sandbox)->run("SELECT count(*) FROM users", {}, {})->rows,
            std::vector<std::string>{"I3;"});
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
