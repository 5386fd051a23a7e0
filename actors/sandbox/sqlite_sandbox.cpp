#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/sandbox/error_class.hpp"
#include "actors/sandbox/row_encoding.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/sandbox/sqlite_accounting.hpp"
#include "actors/sandbox/sqlite_functions.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/escape.hpp"

namespace fd {
namespace {

/// How often the progress handler runs. At every 100 steps it costs less than a tenth of a query.
constexpr int kStepsPerTick = 100;

/// The longest text, blob or row that a query may touch.
constexpr int kMaxValueBytes = 32 << 10;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// Errors: not_found, corrupt (a link, a folder, a device: nothing that we put there), storage.
Result<void> check_regular_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    const int why = errno;
    if (why == ENOENT || why == ENOTDIR) {
      return Error{Errc::not_found, path + ": no such database"};
    }
    if (why == ELOOP) {
      return Error{Errc::corrupt, path + ": a symbolic link, not a database"};
    }
    return Error{Errc::storage, path + ": " + std::strerror(why)};
  }
  struct stat status {};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  ::close(file);
  if (!regular) {
    return Error{Errc::corrupt, path + ": not a regular file"};
  }
  return {};
}

class SqliteSandbox final : public SqlSandbox {
 public:
  explicit SqliteSandbox(std::string path) : path_(std::move(path)) {}

  Result<void> open();
  SqlResult run(std::string_view sql, const SqlLimits& limits) override;

 private:
  SqlResult run_counted(std::string_view sql, const SqlLimits& limits);
  Result<Statement> prepare(std::string_view sql, SqlResult& result);
  void collect_rows(sqlite3_stmt* statement, const SqlLimits& limits, SqlResult& result);
  ExecStatus failure(int code, ExecStatus otherwise, SqlResult& result) const;
  void set_limits();
  static int authorize(void* self, int action, const char* first, const char* second, const char*,
                       const char*);
  static int tick(void* self);

  std::string path_;
  StepMeter meter_;  ///< outlives database_, whose functions charge it
  bool denied_ = false;
  Database database_;
};

Result<void> SqliteSandbox::open() {
  database_.reset();
  FD_TRY_VOID(check_regular_file(path_));
  // immutable: no locks, no look for journals, no check whether the file changed.
  // A path may hold what a URI gives a meaning to (?, #, %).
  const std::string uri = "file:" + percent_encoded(path_, "/._-~") + "?mode=ro&immutable=1";
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      uri.c_str(), &raw,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      kSandboxVfs);
  database_.reset(raw);
  const auto fail = [&] {
    Error error{Errc::corrupt, path_ + ": " + sqlite3_errmsg(database_.get())};
    database_.reset();
    return error;
  };
  if (opened != SQLITE_OK) {
    return fail();
  }
  sqlite3_drop_modules(raw, nullptr);
  install_charged_functions(raw, meter_);
  const std::pair<int, int> settings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
      // Gold queries of published sets write texts in double quotes.
      {SQLITE_DBCONFIG_DQS_DML, 1},
  };
  for (const auto& [key, value] : settings) {
    FD_CHECK(sqlite3_db_config(raw, key, value, nullptr) == SQLITE_OK);
  }
  // The reads load both schemas, so that no query pays for it and limits do not apply to it.
  const char* prepare =
      "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-2048;"
      "PRAGMA cell_size_check=ON; PRAGMA query_only=ON;"
      "SELECT count(*) FROM sqlite_master; SELECT count(*) FROM sqlite_temp_master";
  if (sqlite3_exec(raw, prepare, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail();
  }
  set_limits();
  sqlite3_set_authorizer(raw, &SqliteSandbox::authorize, this);
  sqlite3_progress_handler(raw, kStepsPerTick, &SqliteSandbox::tick, this);
  return {};
}

void SqliteSandbox::set_limits() {
  const std::pair<int, int> limits[] = {
      {SQLITE_LIMIT_LENGTH, kMaxValueBytes},   {SQLITE_LIMIT_COLUMN, 200},
      {SQLITE_LIMIT_EXPR_DEPTH, 100},          {SQLITE_LIMIT_COMPOUND_SELECT, 50},
      {SQLITE_LIMIT_VDBE_OP, 100000},          {SQLITE_LIMIT_FUNCTION_ARG, 32},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128}, {SQLITE_LIMIT_ATTACHED, 0},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 0},       {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
  };
  for (const auto& [key, value] : limits) {
    sqlite3_limit(database_.get(), key, value);
  }
}

int SqliteSandbox::authorize(void* self, int action, const char* first, const char* second,
                             const char*, const char*) {
  bool allowed = false;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      allowed = true;
      break;
    case SQLITE_READ:
      // sqlite_master and its like: a schema is in the prompt, not in the answer.
      allowed = first != nullptr && sqlite3_strnicmp(first, "sqlite_", 7) != 0;
      break;
    case SQLITE_FUNCTION:
      allowed = second != nullptr && sandbox_function_allowed(second);
      break;
    default:
      break;
  }
  if (!allowed) {
    static_cast<SqliteSandbox*>(self)->denied_ = true;
  }
  return allowed ? SQLITE_OK : SQLITE_DENY;
}

int SqliteSandbox::tick(void* self) {
  StepMeter& meter = static_cast<SqliteSandbox*>(self)->meter_;
  meter.taken += kStepsPerTick;
  return meter.exceeded() ? 1 : 0;
}

SqlResult refuse(ExecStatus status, std::string_view error_class, std::string message) {
  SqlResult result;
  result.status = status;
  result.error_class = error_class;
  result.message = std::move(message);
  return result;
}

SqlResult SqliteSandbox::run(std::string_view sql, const SqlLimits& limits) {
  if (sql.size() > limits.max_sql_bytes) {
    return refuse(ExecStatus::parse_error, "too_big", "the statement is too long");
  }
  if (sql.find('\0') != std::string_view::npos) {
    return refuse(ExecStatus::parse_error, "syntax_error", "the statement holds a NUL byte");
  }
  if (is_blank_sql(sql)) {
    return refuse(ExecStatus::parse_error, "empty", "there is no statement");
  }
  if (!database_) {
    const Result<void> opened = open();
    if (!opened.ok()) {
      return refuse(ExecStatus::error, "no_database", opened.error().message);
    }
  }
  meter_ = StepMeter{0, limits.max_steps};
  denied_ = false;
  SqlResult result = run_counted(sql, limits);
  if (result.status == ExecStatus::heap_limit || result.error_class == "corrupt" ||
      result.error_class == "out_of_memory") {
    // What SQLite keeps after such an end is not worth knowing: the next query gets a fresh one.
    database_.reset();
  } else if (result.status != ExecStatus::ok) {
    // Frees the text of the error, which would otherwise be freed within the next query's budget.
    sqlite3_stmt* none = nullptr;
    sqlite3_prepare_v2(database_.get(), "", 0, &none, nullptr);
  }
  if (result.status != ExecStatus::ok) {
    result.rows.clear();
    result.columns = 0;
  }
  return result;
}

SqlResult SqliteSandbox::run_counted(std::string_view sql, const SqlLimits& limits) {
  SqlResult result;
  HeapBudget budget(limits.max_heap_bytes);
  const Result<Statement> statement = prepare(sql, result);
  if (statement.ok()) {
    collect_rows(statement->get(), limits, result);
  }
  if (budget.exceeded()) {
    result.status = ExecStatus::heap_limit;
    result.error_class = name(ExecStatus::heap_limit);
    result.message = "the query needs more memory than it may use";
  }
  return result;
}

Result<Statement> SqliteSandbox::prepare(std::string_view sql, SqlResult& result) {
  const auto stop = [&](ExecStatus status, std::string_view error_class, const char* message) {
    result.status = status;
    result.error_class = error_class;
    result.message = message;
    return Error{Errc::refused, message};
  };
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_NO_VTAB, &raw, &tail);
  Statement statement(raw);
  if (code != SQLITE_OK) {
    result.status = failure(code, ExecStatus::parse_error, result);
    return Error{Errc::refused, result.message};
  }
  const auto used = static_cast<std::size_t>(tail - sql.data());
  if (!statement) {
    return stop(ExecStatus::parse_error, "empty", "there is no statement");
  }
  if (!is_blank_sql(sql.substr(used))) {
    return stop(ExecStatus::denied, "multiple_statements", "more than one statement");
  }
  if (sqlite3_stmt_readonly(raw) == 0 || sqlite3_stmt_isexplain(raw) != 0 ||
      sqlite3_column_count(raw) == 0) {
    return stop(ExecStatus::denied, "not_a_query", "not a query that reads");
  }
  return statement;
}

/// Says how the query failed, from SQLite's code and message.
ExecStatus SqliteSandbox::failure(int code, ExecStatus otherwise, SqlResult& result) const {
  result.message = sqlite3_errmsg(database_.get());
  const std::string_view error_class = sql_error_class(result.message);
  if (denied_ || code == SQLITE_AUTH || error_class == name(ExecStatus::denied)) {
    result.error_class = name(ExecStatus::denied);
    return ExecStatus::denied;
  }
  if (meter_.exceeded()) {
    result.error_class = name(ExecStatus::step_limit);
    return ExecStatus::step_limit;
  }
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    result.error_class = "corrupt";
    return ExecStatus::error;
  }
  result.error_class = code == SQLITE_NOMEM ? "out_of_memory" : error_class;
  return code == SQLITE_NOMEM ? ExecStatus::heap_limit : otherwise;
}

void append_value(sqlite3_stmt* statement, int column, std::string& row) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      append_sql_null(row);
      break;
    case SQLITE_INTEGER:
      append_sql_integer(sqlite3_column_int64(statement, column), row);
      break;
    case SQLITE_FLOAT:
      append_sql_real(sqlite3_column_double(statement, column), row);
      break;
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      append_sql_text(text == nullptr ? std::string_view{} : std::string_view(text, size), row);
      break;
    }
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      append_sql_blob(bytes == nullptr ? std::string_view{} : std::string_view(bytes, size), row);
      break;
    }
  }
}

void SqliteSandbox::collect_rows(sqlite3_stmt* statement, const SqlLimits& limits,
                                 SqlResult& result) {
  const auto stop = [&](ExecStatus status, const char* message) {
    result.status = status;
    result.error_class = name(status);
    result.message = message;
  };
  const int columns = sqlite3_column_count(statement);
  result.columns = static_cast<std::uint32_t>(columns);
  std::uint64_t bytes = 0;
  std::string row;
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) {
      break;
    }
    if (code != SQLITE_ROW) {
      result.status = failure(code, ExecStatus::error, result);
      return;
    }
    if (result.rows.size() >= limits.max_rows) {
      return stop(ExecStatus::row_limit, "more rows than a result may have");
    }
    row.clear();
    for (int column = 0; column < columns; ++column) {
      append_value(statement, column, row);
    }
    bytes += row.size();
    if (bytes > limits.max_result_bytes) {
      return stop(ExecStatus::byte_limit, "more bytes than a result may have");
    }
    result.rows.push_back(row);
  }
  if (meter_.exceeded()) {
    return stop(ExecStatus::step_limit, "more steps than a query may take");
  }
  result.status = ExecStatus::ok;
}

}  // namespace

Result<std::unique_ptr<SqlSandbox>> open_sqlite_sandbox(const std::string& path) {
  init_sqlite_accounting();
  auto sandbox = std::make_unique<SqliteSandbox>(path);
  FD_TRY_VOID(sandbox->open());
  return Result<std::unique_ptr<SqlSandbox>>(std::move(sandbox));
}

}  // namespace fd
