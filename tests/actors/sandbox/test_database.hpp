#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/sandbox/sql_sandbox.hpp"

namespace fd {

/// A sandbox whose statements are expected to be evidence.
class TestSandbox {
 public:
  explicit TestSandbox(std::unique_ptr<SqlSandbox> sandbox) : sandbox_(std::move(sandbox)) {}
  /// Fails the test when there is trouble.
  SqlResult run(std::string_view sql, const SqlLimits& limits);
  Result<SqlResult> try_run(std::string_view sql) { return sandbox_->run(sql, {}, {}); }

 private:
  std::unique_ptr<SqlSandbox> sandbox_;
};

/// A folder of this test's own, and a database in it.
class TestDatabase {
 public:
  /// Makes `name` in a fresh folder by running `script`.
  explicit TestDatabase(const std::string& script, const std::string& name = "test.sqlite");
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string bytes() const;
  [[nodiscard]] std::vector<std::string> files() const;
  /// Opens a sandbox on it, and fails the test when that fails.
  [[nodiscard]] std::unique_ptr<TestSandbox> open() const;

 private:
  std::string folder_;
  std::string path_;
};

/// users(id, name, age): 1 Alice 30, 2 Bob NULL, 3 Chloe 25.5; numbers(n): 1 to 1000; a view, an
/// index, a trigger, a full-text table.
extern const char* const kUsersScript;

}  // namespace fd
