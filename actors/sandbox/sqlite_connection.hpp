#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/sandbox/sqlite_forward.hpp"
#include "actors/sandbox/step_meter.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace fd {

/// What a statement did on a connection.
struct ConnectionRun {
  SqlResult result;
  bool met_longer_value = false;  ///< than it was allowed: nothing else is known of it
};

/// One connection to a database: read-only, immutable, with everything but reading switched off.
/// Thread: one at a time.
class SqliteConnection {
 public:
  /// Which values its statements may touch: `short_values`, no longer than kShortValueBytes, with
  /// SQLite's functions as they are, but for those that take long over short texts; `any_values`,
  /// with functions and collations that charge for the bytes they touch.
  enum class Kind { short_values, any_values };

  /// Errors: as open_sqlite_sandbox(). Lifetime: `meter` outlives it.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Kind kind,
                                                        StepMeter& meter);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// Runs a statement whose values have up to `value_bytes`, and charges the meter. `watch`, which
  /// may be empty, looks now and then and may interrupt it. Errors: storage, corrupt, stale; after
  /// the first two the connection is of no more use.
  Result<ConnectionRun> run(RunningSql& running, const SqlLimits& limits, std::uint64_t value_bytes,
                            const SqlWatch& watch);

  /// Checks how the database's pages hang together. Errors: corrupt, storage.
  Result<void> check_pages();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  SqliteConnection(std::string path, StepMeter& meter);
  Result<void> set_up(Kind kind);
  void set_limits();
  /// Returns whether a code of SQLite says that the database could not be read. All others say
  /// something about the statement.
  static bool is_trouble(int code);
  [[nodiscard]] Error error_of(int code) const;
  Result<void> run_counted(std::string_view sql, const SqlLimits& limits, std::uint64_t value_bytes,
                           ConnectionRun& run);
  Result<Statement> prepare(std::string_view sql, ConnectionRun& run);
  Result<void> collect_rows(sqlite3_stmt* statement, const SqlLimits& limits, ConnectionRun& run);
  Result<void> failed(int code, ExecStatus otherwise, ConnectionRun& run) const;
  static int authorize(void* self, int action, const char* first, const char* second, const char*,
                       const char*);
  static int tick(void* self);

  std::string path_;
  StepMeter& meter_;
  FunctionForwarder forwarder_;  ///< outlives database_, whose functions use it
  bool denied_ = false;
  bool interrupted_ = false;
  std::uint64_t steps_per_tick_ = 0;
  std::uint64_t next_look_ = 0;  ///< when the meter is there, watch_ looks again
  const SqlWatch* watch_ = nullptr;
  RunningSql* running_ = nullptr;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

}  // namespace fd
