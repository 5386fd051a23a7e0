#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/sandbox/step_meter.hpp"

struct sqlite3;
struct sqlite3_context;
struct sqlite3_stmt;
struct sqlite3_value;

namespace fd {

/// Puts a charge before SQLite's own functions: each call is charged for the bytes of its
/// arguments, then handed on to the same function of a connection to nothing, which gives the same
/// result by the same code. Thread: one at a time.
class FunctionForwarder {
 public:
  /// Lifetime: `meter` outlives it.
  explicit FunctionForwarder(StepMeter& meter) : meter_(meter) {}
  ~FunctionForwarder();
  FunctionForwarder(const FunctionForwarder&) = delete;
  FunctionForwarder& operator=(const FunctionForwarder&) = delete;

  /// Puts it before strftime, whose time grows with its format by far more than others' with their
  /// arguments. Lifetime: it outlives the connection, here and below.
  void install_formats(sqlite3* database);
  /// Puts it before every scalar function that sandboxed SQL may call and whose time grows with
  /// its arguments, and charges the collations NOCASE and RTRIM.
  void install_all(sqlite3* database);
  /// How long a text or blob may be that a function returns. Units: bytes.
  void set_value_limit(std::uint64_t bytes);

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;
  /// A function by its name, whatever the number of its arguments.
  struct Function {
    FunctionForwarder* owner = nullptr;
    std::string name;
    bool formats = false;            ///< its first argument is a format
    std::map<int, Statement> calls;  ///< by number of arguments
  };

  void install(sqlite3* database, const std::string& name, int arguments);
  sqlite3_stmt* call_of(Function& function, int arguments);
  void charge(const Function& function, int count, sqlite3_value** arguments);
  static void forward(sqlite3_context* context, int count, sqlite3_value** arguments);
  static int compare_ignoring_case(void* self, int left_size, const void* left, int right_size,
                                   const void* right);
  static int compare_trimmed(void* self, int left_size, const void* left, int right_size,
                             const void* right);

  StepMeter& meter_;
  std::uint64_t value_limit_ = 0;
  std::unique_ptr<sqlite3, CloseDatabase> database_;  ///< null until a function is called
  std::map<std::string, Function> functions_;         ///< their statements go before database_
};

}  // namespace fd
