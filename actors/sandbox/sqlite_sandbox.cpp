#include <algorithm>
#include <utility>

#include "actors/sandbox/long_numbers.hpp"
#include "actors/sandbox/sqlite_connection.hpp"
#include "actors/sql/sql_text.hpp"

namespace fd {
namespace {

SqlResult refuse(ExecStatus status, std::string_view error_class, std::string message) {
  SqlResult result;
  result.status = status;
  result.error_class = error_class;
  result.message = std::move(message);
  return result;
}

/// What a VM step counts where values may have `value_bytes`. Within one step SQLite copies and
/// compares whole values, which is quick, and reads numbers from them, which takes as long as the
/// number is: where such numbers can be, all that is longer than a short value weighs more.
std::uint64_t step_weight(std::uint64_t value_bytes, bool long_numbers) {
  const std::uint64_t light = long_numbers ? kShortValueBytes : kOrdinaryValueBytes;
  return std::max<std::uint64_t>(1, value_bytes / light);
}

/// Runs a statement where values are short, then, if it meets a longer one, where they are longer.
/// What it took before is charged too: it is little beside what the longer values may take.
class SqliteSandbox final : public SqlSandbox {
 public:
  SqliteSandbox(std::string path, SqlWatch watch)
      : path_(std::move(path)), watch_(std::move(watch)) {}

  Result<void> open() {
    FD_TRY_VOID(connection(SqliteConnection::Kind::short_values));
    return {};
  }

  Result<SqlResult> run(std::string_view sql, const SqlLimits& limits,
                        std::string_view sample) override;

 private:
  using Kind = SqliteConnection::Kind;
  Result<ConnectionRun> run_with(std::uint64_t value_bytes, RunningSql& running,
                                 const SqlLimits& limits);
  Result<SqliteConnection*> connection(Kind kind);

  std::string path_;
  SqlWatch watch_;
  StepMeter meter_;  ///< outlives the connections
  std::unique_ptr<SqliteConnection> short_values_;
  std::unique_ptr<SqliteConnection> any_values_;
};

Result<SqliteConnection*> SqliteSandbox::connection(Kind kind) {
  auto& opened = kind == Kind::any_values ? any_values_ : short_values_;
  if (opened == nullptr) {
    FD_TRY(opened, SqliteConnection::open(path_, kind, meter_));
  }
  return opened.get();
}

Result<SqlResult> SqliteSandbox::run(std::string_view sql, const SqlLimits& limits,
                                     std::string_view sample) {
  if (sql.size() > limits.max_sql_bytes) {
    return refuse(ExecStatus::parse_error, "too_big", "the statement is too long");
  }
  if (sql.find('\0') != std::string_view::npos) {
    return refuse(ExecStatus::parse_error, "syntax_error", "the statement holds a NUL byte");
  }
  if (is_blank_sql(sql)) {
    return refuse(ExecStatus::parse_error, "empty", "there is no statement");
  }
  RunningSql running{sample, sql, 0};
  if (watch_ && !watch_(running)) {
    return Error{Errc::stale, "interrupted"};
  }
  meter_ = StepMeter{0, limits.max_steps};
  ConnectionRun run;
  for (const std::uint64_t value_bytes : {kShortValueBytes, kOrdinaryValueBytes,
                                          std::max(limits.max_value_bytes, kOrdinaryValueBytes)}) {
    if (value_bytes == kShortValueBytes && holds_long_blob(sql)) {
      continue;
    }
    Result<ConnectionRun> ran = run_with(value_bytes, running, limits);
    if (!ran.ok() || ran->result.status == ExecStatus::heap_limit) {
      // What SQLite keeps after such an end is not worth knowing: the next query gets a fresh one.
      short_values_.reset();
      any_values_.reset();
    }
    FD_TRY(run, std::move(ran));
    if (!run.met_longer_value) {
      break;
    }
  }
  return std::move(run.result);
}

Result<ConnectionRun> SqliteSandbox::run_with(std::uint64_t value_bytes, RunningSql& running,
                                              const SqlLimits& limits) {
  const Kind kind = value_bytes == kShortValueBytes ? Kind::short_values : Kind::any_values;
  FD_TRY(SqliteConnection * database, connection(kind));
  meter_.weight_of_long_numbers = step_weight(value_bytes, true);
  meter_.weight =
      kind == Kind::any_values ? step_weight(value_bytes, may_make_long_numbers(running.sql)) : 1;
  return database->run(running, limits, value_bytes, watch_);
}

}  // namespace

Result<std::unique_ptr<SqlSandbox>> open_sqlite_sandbox(const std::string& path, SqlWatch watch) {
  init_sqlite_accounting();
  auto sandbox = std::make_unique<SqliteSandbox>(path, std::move(watch));
  FD_TRY_VOID(sandbox->open());
  return Result<std::unique_ptr<SqlSandbox>>(std::move(sandbox));
}

}  // namespace fd
