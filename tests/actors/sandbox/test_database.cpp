#include "tests/actors/sandbox/test_database.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <sqlite3.h>

namespace fd {

const char* const kUsersScript =
    "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, age REAL);"
    "INSERT INTO users VALUES (1, 'Alice', 30.0), (2, 'Bob', NULL), (3, 'Chloe', 25.5);"
    "CREATE TABLE numbers(n INTEGER);"
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)"
    "  INSERT INTO numbers SELECT n FROM c;"
    "CREATE VIEW adults AS SELECT name FROM users WHERE age > 18;"
    "CREATE VIEW loading AS SELECT load_extension('x') AS x;"
    "CREATE INDEX by_name ON users(name);"
    "CREATE TRIGGER no_more AFTER INSERT ON users BEGIN DELETE FROM users; END;"
    "CREATE VIRTUAL TABLE texts USING fts5(body);"
    "INSERT INTO texts VALUES ('some words');";

TestDatabase::TestDatabase(const std::string& script, const std::string& name) {
  init_sqlite_accounting();
  std::string pattern = testing::TempDir() + "/fd-sandbox-XXXXXX";
  folder_ = mkdtemp(pattern.data());
  path_ = folder_ + "/" + name;
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(database, script.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << message;
  sqlite3_free(message);
  sqlite3_close(database);
}

TestDatabase::~TestDatabase() {
  std::filesystem::remove_all(folder_);
}

std::string TestDatabase::bytes() const {
  std::ifstream in(path_, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> TestDatabase::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<TestSandbox> TestDatabase::open() const {
  auto sandbox = open_sqlite_sandbox(path_);
  EXPECT_TRUE(sandbox.ok()) << (sandbox.ok() ? "" : sandbox.error().message);
  return sandbox.ok() ? std::make_unique<TestSandbox>(std::move(sandbox).value()) : nullptr;
}

SqlResult TestSandbox::run(std::string_view sql, const SqlLimits& limits) {
  auto result = sandbox_->run(sql, limits, {});
  EXPECT_TRUE(result.ok()) << sql << ": " << (result.ok() ? "" : result.error().message);
  return result.ok() ? std::move(result).value() : SqlResult{};
}

}  // namespace fd
