#include "actors/sandbox/sqlite_forward.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "actors/sandbox/long_numbers.hpp"
#include "actors/sandbox/sqlite_accounting.hpp"
#include "actors/sandbox/sqlite_functions.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

constexpr int kFunctionFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

// Sorted. Functions that SQLite makes part of the statement, or that compare by a collation: what
// they do with values is what the VM itself does with them.
constexpr auto kPartOfTheStatement =
    std::to_array<std::string_view>({"coalesce", "ifnull", "iif", "likelihood", "likely", "max",
                                     "min", "nullif", "typeof", "unlikely"});
static_assert(std::ranges::is_sorted(kPartOfTheStatement));

// Sorted. These are charged by what replaces them (actors/sandbox/sqlite_functions.hpp).
constexpr auto kReplaced = std::to_array<std::string_view>({"glob", "instr", "like", "replace"});
static_assert(std::ranges::is_sorted(kReplaced));

bool is_replaced(std::string_view name, int arguments) {
  return std::ranges::binary_search(kReplaced, name) ||
         (arguments == 2 && (name == "trim" || name == "ltrim" || name == "rtrim"));
}

using Signature = std::pair<std::string, int>;  ///< name, number of arguments (-1: any)

std::vector<Signature> list_functions() {
  std::vector<Signature> found;
  sqlite3* database = nullptr;
  FD_CHECK(sqlite3_open(":memory:", &database) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  FD_CHECK(sqlite3_prepare_v2(database,
                              "SELECT DISTINCT name, narg FROM pragma_function_list "
                              "WHERE builtin AND type = 's' AND narg <> 0",
                              -1, &statement, nullptr) == SQLITE_OK);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const std::string name = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    const int arguments = sqlite3_column_int(statement, 1);
    if (sandbox_function_allowed(name) && !is_replaced(name, arguments) &&
        !std::ranges::binary_search(kPartOfTheStatement, std::string_view(name))) {
      found.emplace_back(name, arguments);
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return found;
}

/// Returns the functions of this SQLite that are put behind a charge.
const std::vector<Signature>& charged_functions() {
  static const std::vector<Signature> functions = [] {
    const Uncounted uncounted;
    return list_functions();
  }();
  return functions;
}

std::string_view bytes_of(sqlite3_value* value) {
  const int type = sqlite3_value_type(value);
  if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
    return {};
  }
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return bytes == nullptr
             ? std::string_view{}
             : std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

std::string_view view(int size, const void* bytes) {
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace

void FunctionForwarder::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void FunctionForwarder::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

FunctionForwarder::~FunctionForwarder() = default;

void FunctionForwarder::set_value_limit(std::uint64_t bytes) {
  value_limit_ = bytes;
  if (database_ != nullptr) {
    sqlite3_limit(database_.get(), SQLITE_LIMIT_LENGTH, static_cast<int>(bytes));
  }
}

void FunctionForwarder::install_formats(sqlite3* database) {
  install(database, "strftime", -1);
}

void FunctionForwarder::install_all(sqlite3* database) {
  for (const auto& [name, arguments] : charged_functions()) {
    install(database, name, arguments);
  }
  FD_CHECK(sqlite3_create_collation(database, "NOCASE", SQLITE_UTF8, this, compare_ignoring_case) ==
           SQLITE_OK);
  FD_CHECK(sqlite3_create_collation(database, "RTRIM", SQLITE_UTF8, this, compare_trimmed) ==
           SQLITE_OK);
}

void FunctionForwarder::install(sqlite3* database, const std::string& name, int arguments) {
  Function& function = functions_[name];
  function.owner = this;
  function.name = name;
  function.formats = name == "strftime";
  FD_CHECK(sqlite3_create_function_v2(database, name.c_str(), arguments, kFunctionFlags, &function,
                                      forward, nullptr, nullptr, nullptr) == SQLITE_OK);
}

/// Returns the statement that calls a function with so many arguments; null: it takes another
/// number of them.
sqlite3_stmt* FunctionForwarder::call_of(Function& function, int arguments) {
  if (const auto found = function.calls.find(arguments); found != function.calls.end()) {
    return found->second.get();
  }
  if (database_ == nullptr) {
    sqlite3* raw = nullptr;
    // The clock of the sandbox's VFS is that of its functions.
    const int opened = sqlite3_open_v2(
        ":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
        kSandboxVfs);
    FD_CHECK(opened == SQLITE_OK);
    database_.reset(raw);
    set_value_limit(value_limit_);
  }
  std::string sql = "SELECT " + function.name + "(";
  for (int i = 0; i < arguments; ++i) {
    sql += i == 0 ? "?" : ",?";
  }
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v3(database_.get(), (sql + ")").c_str(), -1, SQLITE_PREPARE_PERSISTENT, &raw,
                     nullptr);
  return function.calls.emplace(arguments, raw).first->second.get();
}

void FunctionForwarder::charge(const Function& function, int count, sqlite3_value** arguments) {
  for (int i = 0; i < count; ++i) {
    const std::string_view bytes = bytes_of(arguments[i]);
    meter_.charge_bytes(bytes.size());
    if (is_long_number(bytes)) {
      meter_.met_long_number();
    }
  }
  if (function.formats && count > 0) {
    meter_.taken += bytes_of(arguments[0]).size();  // each byte may be a whole date
  }
}

void FunctionForwarder::forward(sqlite3_context* context, int count, sqlite3_value** arguments) {
  auto& function = *static_cast<Function*>(sqlite3_user_data(context));
  FunctionForwarder& owner = *function.owner;
  owner.charge(function, count, arguments);
  if (owner.meter_.exceeded()) {
    sqlite3_result_error(context, "interrupted", -1);
    return;
  }
  sqlite3_stmt* call = nullptr;
  int code = SQLITE_OK;
  {
    const Uncounted uncounted;
    call = owner.call_of(function, count);
    for (int i = 0; i < count && code == SQLITE_OK && call != nullptr; ++i) {
      code = sqlite3_bind_value(call, i + 1, arguments[i]);
    }
    if (code == SQLITE_OK && call != nullptr) {
      code = sqlite3_step(call);
    }
  }
  if (code == SQLITE_ROW) {
    sqlite3_value* result = sqlite3_column_value(call, 0);
    if (is_long_number(bytes_of(result))) {
      owner.meter_.met_long_number();
    }
    sqlite3_result_value(context, result);
  } else if (code == SQLITE_TOOBIG) {
    sqlite3_result_error_toobig(context);
  } else {
    sqlite3_result_error(context, sqlite3_errmsg(owner.database_.get()), -1);
  }
  const Uncounted uncounted;
  sqlite3_reset(call);
  sqlite3_clear_bindings(call);
}

int FunctionForwarder::compare_ignoring_case(void* self, int left_size, const void* left,
                                             int right_size, const void* right) {
  const int both = std::min(left_size, right_size);
  static_cast<FunctionForwarder*>(self)->meter_.charge_bytes(static_cast<std::uint64_t>(both));
  const int order =
      sqlite3_strnicmp(static_cast<const char*>(left), static_cast<const char*>(right), both);
  return order != 0 ? order : left_size - right_size;
}

int FunctionForwarder::compare_trimmed(void* self, int left_size, const void* left, int right_size,
                                       const void* right) {
  static_cast<FunctionForwarder*>(self)->meter_.charge_bytes(
      static_cast<std::uint64_t>(left_size) + static_cast<std::uint64_t>(right_size));
  const auto trim = [](std::string_view text) {
    return text.substr(0, text.find_last_not_of(' ') + 1);
  };
  return trim(view(left_size, left)).compare(trim(view(right_size, right)));
}

}  // namespace fd
