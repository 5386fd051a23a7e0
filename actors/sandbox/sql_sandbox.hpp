#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/records.hpp"

namespace fd {

/// The limits of one query. All of them are deterministic, so that a verdict never depends on the
/// machine's speed.
struct SqlLimits {
  std::uint64_t max_steps = 50000000;  ///< SQLite VM steps, counted by hundreds
  std::uint32_t max_rows = 10000;
  std::uint64_t max_result_bytes = 4u << 20;  ///< of the typed row encoding
  std::uint64_t max_heap_bytes = 64u << 20;   ///< SQLite heap of this query
  std::uint32_t max_sql_bytes = 16u << 10;
};

/// What one query brought. `rows` hold the typed canonical encoding (docs/sql.md), in the
/// order of arrival.
struct SqlResult {
  ExecStatus status = ExecStatus::not_run;
  std::string error_class;  ///< of a bounded set; empty when ok
  std::string message;      ///< SQLite's own words, for people; never part of an output digest
  std::vector<std::string> rows;  ///< only when status is ok
  std::uint32_t columns = 0;
};

/// Runs hostile SQL against one database. The seam for the jail process: a SqlSandbox in this
/// process, or (later) one behind a pipe.
class SqlSandbox {
 public:
  virtual ~SqlSandbox() = default;
  /// Runs one read-only statement under `limits`. Never throws, never blocks for longer than the
  /// limits allow. Thread: one at a time per object.
  virtual SqlResult run(std::string_view sql, const SqlLimits& limits) = 0;
};

/// Opens the SQLite database at `path` read-only and immutable, in this process.
/// Errors: not_found; corrupt (no database, or no regular file: links are not followed); storage.
Result<std::unique_ptr<SqlSandbox>> open_sqlite_sandbox(const std::string& path);

/// Must be called before any other use of SQLite in the process (a bug otherwise), again without
/// effect: installs the accounting that makes the heap limit count per query and not per process,
/// and the clock that stands still in sandboxes. Thread: any.
void init_sqlite_accounting();

/// The oldest SQLite whose limits and authorizer the sandbox was tested with: 3.40.0, written as
/// sqlite3_libversion_number() does.
inline constexpr int kSqliteMin = 3040000;
/// Checks the SQLite that was found at run time, which may be another one than at build time.
/// Errors: refused, naming both versions. Pure.
Result<void> check_sqlite_library(int version);
/// The same for this process.
Result<void> check_sqlite_library();

/// Returns the program's SQLite version, for run.json.
std::string sqlite_version();

/// Raised with every change of the sandbox that may change a verdict.
inline constexpr int kSandboxPolicy = 1;
/// Returns what must be equal in two programs for equal verdicts: kSandboxPolicy, SQLite's version,
/// the digest of its source, and the names of all stages in order.
std::string verdict_policy();

}  // namespace fd
