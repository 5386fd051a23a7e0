#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// The limits of one query. All of them are deterministic, so that a verdict never depends on the
/// machine's speed.
struct SqlLimits {
  /// SQLite VM steps, counted by hundreds, and what is charged like them (docs/sql.md).
  std::uint64_t max_steps = 50000000;
  std::uint32_t max_rows = 10000;
  std::uint64_t max_result_bytes = 4u << 20;  ///< of the typed row encoding
  std::uint64_t max_heap_bytes = 64u << 20;   ///< SQLite heap of this query
  std::uint32_t max_sql_bytes = 16u << 10;
  /// Of one text, blob or row. Steps weigh more where one is longer than kOrdinaryValueBytes.
  std::uint64_t max_value_bytes = 1u << 20;
};

/// Up to this length of its values a query may take all of SqlLimits::max_steps.
inline constexpr std::uint64_t kOrdinaryValueBytes = 32u << 10;

/// Returns the limits that a run sets.
inline SqlLimits sql_limits(const ExecConfig& config) {
  SqlLimits limits;
  limits.max_steps = config.max_steps;
  limits.max_rows = config.max_rows;
  limits.max_result_bytes = config.max_result_bytes;
  limits.max_heap_bytes = config.max_heap_bytes;
  limits.max_value_bytes = config.max_value_bytes;
  return limits;
}

/// What one query brought. `rows` hold the typed canonical encoding (docs/sql.md), in the
/// order of arrival.
struct SqlResult {
  ExecStatus status = ExecStatus::not_run;
  std::string error_class;  ///< of a bounded set; empty when ok
  std::string message;      ///< SQLite's own words, for people; never part of an output digest
  std::vector<std::string> rows;  ///< only when status is ok
  std::uint32_t columns = 0;
};

/// A query that is running.
struct RunningSql {
  std::string_view sample;  ///< as passed to SqlSandbox::run()
  std::string_view sql;
  std::uint64_t looks = 0;  ///< so many times it was looked at before; 0: it begins
};
/// Looks at a query as it begins, and now and then while it runs, on its thread. Returns whether it
/// may go on.
using SqlWatch = std::function<bool(const RunningSql&)>;

/// Runs hostile SQL against one database. The seam for the jail process: a SqlSandbox in this
/// process, or (later) one behind a pipe.
class SqlSandbox {
 public:
  virtual ~SqlSandbox() = default;
  /// Runs one read-only statement under `limits`. What comes back as a value is evidence: the same
  /// again wherever it is run. Never throws, never blocks for longer than the limits allow.
  /// `sample`: whom it is run for, for those who watch.
  /// Errors: trouble, which says nothing about the statement: storage (the database could not be
  /// read), corrupt (it is damaged), not_found (it is gone): all three may be tried again, and the
  /// database is opened anew; stale (it was interrupted: nobody waits for it any more).
  /// Thread: one at a time per object.
  virtual Result<SqlResult> run(std::string_view sql, const SqlLimits& limits,
                                std::string_view sample) = 0;
};

/// Opens the SQLite database at `path` read-only and immutable, in this process. `watch` may be
/// empty. Errors: not_found; corrupt (no database, or no regular file: links are not followed);
/// storage.
Result<std::unique_ptr<SqlSandbox>> open_sqlite_sandbox(const std::string& path,
                                                        SqlWatch watch = {});

/// Reads the whole database at `path` and checks how its pages hang together. What passes can be
/// opened and read by open_sqlite_sandbox(). Errors: as open_sqlite_sandbox(); corrupt names the
/// damage.
Result<void> check_sqlite_database(const std::string& path);

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
inline constexpr int kSandboxPolicy = 2;
/// Returns what must be equal in two programs for equal verdicts: kSandboxPolicy, SQLite's version,
/// the digest of its source, and the names of all stages in order.
std::string verdict_policy();

}  // namespace fd
