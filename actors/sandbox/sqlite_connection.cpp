#include "actors/sandbox/sqlite_connection.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/sandbox/error_class.hpp"
#include "actors/sandbox/row_encoding.hpp"
#include "actors/sandbox/sqlite_accounting.hpp"
#include "actors/sandbox/sqlite_functions.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/escape.hpp"

namespace fd {
namespace {

/// How often the progress handler runs, where a step weighs 1. At every 100 steps it costs less
/// than a tenth of a query.
constexpr std::uint64_t kStepsPerTick = 100;

/// How often a running statement is looked at: every few milliseconds.
constexpr std::uint64_t kStepsPerLook = 100000;

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

}  // namespace

void SqliteConnection::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void SqliteConnection::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteConnection::SqliteConnection(std::string path, StepMeter& meter)
    : path_(std::move(path)), meter_(meter), forwarder_(meter) {}

SqliteConnection::~SqliteConnection() = default;

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Kind kind,
                                                                 StepMeter& meter) {
  FD_TRY_VOID(check_regular_file(path));
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, meter));
  FD_TRY_VOID(connection->set_up(kind));
  return connection;
}

/// Says why SQLite could not do what it was told, apart from any statement.
Error SqliteConnection::error_of(int code) const {
  const int kind = code & 0xff;
  const bool damaged = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
  // SQLITE_ERROR: the schema is not one that SQLite can read.
  return Error{damaged || kind == SQLITE_ERROR ? Errc::corrupt : Errc::storage,
               path_ + ": " + sqlite3_errmsg(database_.get())};
}

Result<void> SqliteConnection::set_up(Kind kind) {
  // immutable: no locks, no look for journals, no check whether the file changed.
  // A path may hold what a URI gives a meaning to (?, #, %).
  const std::string uri = "file:" + percent_encoded(path_, "/._-~") + "?mode=ro&immutable=1";
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      uri.c_str(), &raw,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      kSandboxVfs);
  database_.reset(raw);
  if (opened != SQLITE_OK) {
    return error_of(opened);
  }
  sqlite3_drop_modules(raw, nullptr);
  install_charged_functions(raw, meter_);
  kind == Kind::any_values ? forwarder_.install_all(raw) : forwarder_.install_formats(raw);
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
  const int read = sqlite3_exec(raw, prepare, nullptr, nullptr, nullptr);
  if (read != SQLITE_OK) {
    return error_of(read);
  }
  set_limits();
  sqlite3_set_authorizer(raw, &SqliteConnection::authorize, this);
  return {};
}

void SqliteConnection::set_limits() {
  const std::pair<int, int> limits[] = {
      {SQLITE_LIMIT_COLUMN, 200},         {SQLITE_LIMIT_EXPR_DEPTH, 100},
      {SQLITE_LIMIT_COMPOUND_SELECT, 50}, {SQLITE_LIMIT_VDBE_OP, 100000},
      {SQLITE_LIMIT_FUNCTION_ARG, 32},    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128},
      {SQLITE_LIMIT_ATTACHED, 0},         {SQLITE_LIMIT_VARIABLE_NUMBER, 0},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 0},    {SQLITE_LIMIT_WORKER_THREADS, 0},
  };
  for (const auto& [key, value] : limits) {
    sqlite3_limit(database_.get(), key, value);
  }
}

int SqliteConnection::authorize(void* self, int action, const char* first, const char* second,
                                const char*, const char*) {
  auto& connection = *static_cast<SqliteConnection*>(self);
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
      if (allowed && joins_texts(second)) {
        connection.meter_.met_long_number();
      }
      break;
    default:
      break;
  }
  if (!allowed) {
    connection.denied_ = true;
  }
  return allowed ? SQLITE_OK : SQLITE_DENY;
}

int SqliteConnection::tick(void* self) {
  auto& connection = *static_cast<SqliteConnection*>(self);
  StepMeter& meter = connection.meter_;
  meter.taken += connection.steps_per_tick_ * meter.weight;
  if (meter.taken >= connection.next_look_ && *connection.watch_) {
    connection.next_look_ = meter.taken + kStepsPerLook;
    ++connection.running_->looks;
    connection.interrupted_ = !(*connection.watch_)(*connection.running_);
  }
  return connection.interrupted_ || meter.exceeded() ? 1 : 0;
}

Result<ConnectionRun> SqliteConnection::run(RunningSql& running, const SqlLimits& limits,
                                            std::uint64_t value_bytes, const SqlWatch& watch) {
  denied_ = false;
  interrupted_ = false;
  watch_ = &watch;
  running_ = &running;
  next_look_ = meter_.taken + kStepsPerLook;
  steps_per_tick_ = std::max<std::uint64_t>(1, kStepsPerTick / meter_.weight);
  sqlite3_progress_handler(database_.get(), static_cast<int>(steps_per_tick_),
                           &SqliteConnection::tick, this);
  ConnectionRun run;
  const Result<void> ran = run_counted(running.sql, limits, value_bytes, run);
  if (run.result.status != ExecStatus::ok) {
    // Frees the text of the error, which would otherwise be freed within the next query's budget.
    sqlite3_stmt* none = nullptr;
    sqlite3_prepare_v2(database_.get(), "", 0, &none, nullptr);
    run.result.rows.clear();
    run.result.columns = 0;
  }
  if (!ran.ok()) {
    return ran.error();
  }
  return run;
}

Result<void> SqliteConnection::run_counted(std::string_view sql, const SqlLimits& limits,
                                           std::uint64_t value_bytes, ConnectionRun& run) {
  HeapBudget budget(limits.max_heap_bytes, meter_);
  // The text of an error may be as long as the statement, whatever its values may be.
  sqlite3_limit(database_.get(), SQLITE_LIMIT_LENGTH, static_cast<int>(kOrdinaryValueBytes));
  Result<Statement> statement = prepare(sql, run);
  Result<void> ran;
  if (statement.ok()) {
    sqlite3_limit(database_.get(), SQLITE_LIMIT_LENGTH, static_cast<int>(value_bytes));
    forwarder_.set_value_limit(value_bytes);
    ran = collect_rows(statement->get(), limits, run);
  } else if (statement.error().code != Errc::refused) {
    ran = statement.error();
  }
  if (budget.exceeded()) {
    run.met_longer_value = false;
    run.result.status = ExecStatus::heap_limit;
    run.result.error_class = name(ExecStatus::heap_limit);
    run.result.message = "the query needs more memory than it may use";
    return {};
  }
  return ran;
}

/// Errors: refused (`run` says why); storage, corrupt.
Result<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql,
                                                              ConnectionRun& run) {
  const auto stop = [&](ExecStatus status, std::string_view error_class, const char* message) {
    run.result.status = status;
    run.result.error_class = error_class;
    run.result.message = message;
    return Error{Errc::refused, message};
  };
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_NO_VTAB, &raw, &tail);
  Statement statement(raw);
  if (code != SQLITE_OK) {
    FD_TRY_VOID(failed(code, ExecStatus::parse_error, run));
    return Error{Errc::refused, run.result.message};
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

bool SqliteConnection::is_trouble(int code) {
  switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_FULL:
    case SQLITE_PERM:
      return true;
    default:
      return false;
  }
}

/// Says how the query failed, from SQLite's code and message. Errors: storage, corrupt, stale: it
/// is not the query that failed.
Result<void> SqliteConnection::failed(int code, ExecStatus otherwise, ConnectionRun& run) const {
  SqlResult& result = run.result;
  const auto is = [&](ExecStatus status, std::string_view error_class) {
    result.status = status;
    result.error_class = error_class;
    return Result<void>();
  };
  result.status = otherwise;
  if (is_trouble(code)) {
    return error_of(code);
  }
  result.message = sqlite3_errmsg(database_.get());
  const std::string_view error_class = sql_error_class(result.message);
  if (denied_ || code == SQLITE_AUTH || error_class == name(ExecStatus::denied)) {
    return is(ExecStatus::denied, name(ExecStatus::denied));
  }
  if (meter_.exceeded()) {
    return is(ExecStatus::step_limit, name(ExecStatus::step_limit));
  }
  if (interrupted_) {
    return Error{Errc::stale, "interrupted"};
  }
  if (code == SQLITE_NOMEM) {
    return is(ExecStatus::heap_limit, "out_of_memory");
  }
  run.met_longer_value = code == SQLITE_TOOBIG;
  return is(otherwise, error_class);
}

namespace {

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

}  // namespace

Result<void> SqliteConnection::collect_rows(sqlite3_stmt* statement, const SqlLimits& limits,
                                            ConnectionRun& run) {
  SqlResult& result = run.result;
  const auto stop = [&](ExecStatus status, const char* message) {
    result.status = status;
    result.error_class = name(status);
    result.message = message;
    return Result<void>();
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
      return failed(code, ExecStatus::error, run);
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
    meter_.charge_bytes(row.size());
    result.rows.push_back(row);
  }
  if (meter_.exceeded()) {
    return stop(ExecStatus::step_limit, "more steps than a query may take");
  }
  result.status = ExecStatus::ok;
  return {};
}

}  // namespace fd
