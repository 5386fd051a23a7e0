#include "actors/sandbox/sqlite_functions.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <sqlite3.h>

#include "actors/sandbox/long_numbers.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/utf8.hpp"

namespace fd {
namespace {

// Sorted, for binary search. Left out on purpose: printf and format (one call can run for seconds),
// random and randomblob, zeroblob, load_extension, everything about the connection or the library
// (changes, last_insert_rowid, sqlite_version), full-text and JSON functions.
constexpr auto kAllowed = std::to_array<std::string_view>({"abs",          "acos",
                                                           "acosh",        "asin",
                                                           "asinh",        "atan",
                                                           "atan2",        "atanh",
                                                           "avg",          "ceil",
                                                           "ceiling",      "char",
                                                           "coalesce",     "concat",
                                                           "concat_ws",    "cos",
                                                           "cosh",         "count",
                                                           "cume_dist",    "current_date",
                                                           "current_time", "current_timestamp",
                                                           "date",         "datetime",
                                                           "degrees",      "dense_rank",
                                                           "exp",          "first_value",
                                                           "floor",        "glob",
                                                           "group_concat", "hex",
                                                           "ifnull",       "iif",
                                                           "instr",        "julianday",
                                                           "lag",          "last_value",
                                                           "lead",         "length",
                                                           "like",         "likelihood",
                                                           "likely",       "ln",
                                                           "log",          "log10",
                                                           "log2",         "lower",
                                                           "ltrim",        "max",
                                                           "min",          "mod",
                                                           "nth_value",    "ntile",
                                                           "nullif",       "octet_length",
                                                           "percent_rank", "pi",
                                                           "pow",          "power",
                                                           "quote",        "radians",
                                                           "rank",         "replace",
                                                           "round",        "row_number",
                                                           "rtrim",        "sign",
                                                           "sin",          "sinh",
                                                           "soundex",      "sqrt",
                                                           "strftime",     "string_agg",
                                                           "substr",       "substring",
                                                           "sum",          "tan",
                                                           "tanh",         "time",
                                                           "timediff",     "total",
                                                           "trim",         "trunc",
                                                           "typeof",       "unicode",
                                                           "unixepoch",    "unlikely",
                                                           "upper"});

static_assert(std::is_sorted(kAllowed.begin(), kAllowed.end()));

/// Charges for `left` times `right` units of work. Returns false when the query may go no further.
bool charge(sqlite3_context* context, std::size_t left, std::size_t right) {
  auto& meter = *static_cast<StepMeter*>(sqlite3_user_data(context));
  meter.charge_bytes(left * right);
  if (meter.exceeded()) {
    sqlite3_result_error(context, "interrupted", -1);
    return false;
  }
  return true;
}

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr
             ? std::string_view{}
             : std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

std::string_view blob_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return bytes == nullptr
             ? std::string_view{}
             : std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

bool is_null(sqlite3_value* value) {
  return sqlite3_value_type(value) == SQLITE_NULL;
}

bool is_blob(sqlite3_value* value) {
  return sqlite3_value_type(value) == SQLITE_BLOB;
}

void result_text(sqlite3_context* context, std::string_view text) {
  if (is_long_number(text)) {
    static_cast<StepMeter*>(sqlite3_user_data(context))->met_long_number();
  }
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// sqlite3_strlike() takes its wildcards before the escape character, the LIKE operator the other
/// way round. They differ when the escape character is a wildcard, so that one gets another name;
/// where the pattern holds the new name itself, it is escaped.
std::string rename_escape(std::string_view pattern, char escape, char renamed) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == escape) {
      out += renamed;
      if (i + 1 < pattern.size()) {
        out += pattern[++i];
      }
    } else if (pattern[i] == renamed) {
      out.append(2, renamed);
    } else {
      out += pattern[i];
    }
  }
  return out;
}

bool pattern_fits(sqlite3_context* context, std::string_view pattern) {
  const int limit =
      sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
  if (pattern.size() > static_cast<std::size_t>(limit)) {
    sqlite3_result_error(context, "LIKE or GLOB pattern too complex", -1);
    return false;
  }
  return true;
}

/// Returns whether LIKE and GLOB are done before they look at any text: blobs match nothing, where
/// the library was built so.
bool refuses_blobs(sqlite3_context* context, sqlite3_value** arguments) {
  static const bool no_blobs = sqlite3_compileoption_used("LIKE_DOESNT_MATCH_BLOBS") != 0;
  const bool refused = no_blobs && (is_blob(arguments[0]) || is_blob(arguments[1]));
  if (refused) {
    sqlite3_result_int(context, 0);
  }
  return refused;
}

/// Returns whether there is a text to match with a pattern, and it may be done. Both are then texts
/// that end with a zero byte.
bool may_match(sqlite3_context* context, sqlite3_value** arguments) {
  if (is_null(arguments[0]) || is_null(arguments[1])) {
    return false;
  }
  const std::string_view pattern = text_of(arguments[0]);
  const std::string_view text = text_of(arguments[1]);
  if (pattern.data() == nullptr || text.data() == nullptr) {
    sqlite3_result_error_nomem(context);
    return false;
  }
  return charge(context, pattern.size(), text.size());
}

void like(sqlite3_context* context, int count, sqlite3_value** arguments) {
  if (refuses_blobs(context, arguments) || !pattern_fits(context, text_of(arguments[0]))) {
    return;
  }
  std::string_view escape;
  if (count == 3) {
    if (is_null(arguments[2])) {
      return;
    }
    escape = text_of(arguments[2]);
    if (escape.empty() || character_end(escape, 0) != escape.size()) {
      sqlite3_result_error(context, "ESCAPE expression must be a single character", -1);
      return;
    }
  }
  if (!may_match(context, arguments)) {
    return;
  }
  const std::string_view pattern = text_of(arguments[0]);
  const char* text = text_of(arguments[1]).data();
  int differs = 0;
  if (escape.empty()) {
    differs = sqlite3_strlike(pattern.data(), text, 0);
  } else if (escape == "%" || escape == "_") {
    differs = sqlite3_strlike(rename_escape(pattern, escape[0], '\x01').c_str(), text, 1);
  } else {
    differs = sqlite3_strlike(pattern.data(), text, code_point(escape));
  }
  sqlite3_result_int(context, differs == 0);
}

void glob(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (!refuses_blobs(context, arguments) && pattern_fits(context, text_of(arguments[0])) &&
      may_match(context, arguments)) {
    sqlite3_result_int(
        context, sqlite3_strglob(text_of(arguments[0]).data(), text_of(arguments[1]).data()) == 0);
  }
}

void instr(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (is_null(arguments[0]) || is_null(arguments[1])) {
    return;
  }
  const bool bytes = is_blob(arguments[0]) && is_blob(arguments[1]);
  const std::string_view hay = bytes ? blob_of(arguments[0]) : text_of(arguments[0]);
  const std::string_view needle = bytes ? blob_of(arguments[1]) : text_of(arguments[1]);
  if (!charge(context, hay.size(), needle.size())) {
    return;
  }
  std::size_t at = hay.find(needle);
  while (!bytes && at != std::string_view::npos && at < hay.size() &&
         continues_character(hay[at])) {
    at = hay.find(needle, at + 1);
  }
  if (at == std::string_view::npos) {
    sqlite3_result_int(context, 0);
    return;
  }
  const std::string_view before = hay.substr(0, at);
  const std::size_t units = bytes ? before.size() : character_count(before);
  sqlite3_result_int64(context, static_cast<std::int64_t>(units) + 1);
}

void replace(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (is_null(arguments[0]) || is_null(arguments[1])) {
    return;
  }
  const std::string_view text = text_of(arguments[0]);
  const std::string_view pattern = text_of(arguments[1]);
  if (pattern.empty() || pattern[0] == '\0') {
    sqlite3_result_value(context, arguments[0]);
    return;
  }
  if (is_null(arguments[2]) || !charge(context, text.size(), pattern.size())) {
    return;
  }
  const std::string_view by = text_of(arguments[2]);
  const auto limit = static_cast<std::size_t>(
      sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1));
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = text.find(pattern); at != std::string_view::npos && out.size() <= limit;
       at = text.find(pattern, from)) {
    out.append(text.substr(from, at - from)).append(by);
    from = at + pattern.size();
  }
  out.append(text.substr(from));
  if (out.size() > limit) {
    sqlite3_result_error_toobig(context);
    return;
  }
  result_text(context, out);
}

constexpr std::uintptr_t kLeft = 1;
constexpr std::uintptr_t kRight = 2;

/// Returns how many bytes the first (or last) character of `text` has when it is one of `set`,
/// else 0.
std::size_t trimmable(std::string_view text, std::string_view set, bool from_left) {
  for (std::size_t at = 0; at < set.size();) {
    const std::size_t end = character_end(set, at);
    const std::string_view one = set.substr(at, end - at);
    const bool hit =
        one.size() <= text.size() && (from_left ? text.substr(0, one.size()) == one
                                                : text.substr(text.size() - one.size()) == one);
    if (hit) {
      return one.size();
    }
    at = end;
  }
  return 0;
}

template <std::uintptr_t Sides>
void trim(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (is_null(arguments[0]) || is_null(arguments[1])) {
    return;
  }
  std::string_view text = text_of(arguments[0]);
  std::string_view set = text_of(arguments[1]);
  set = set.substr(0, set.find('\0'));  // as SQLite's own
  if (!charge(context, text.size(), set.size())) {
    return;
  }
  if ((Sides & kLeft) != 0) {
    while (const std::size_t bytes = trimmable(text, set, true)) {
      text.remove_prefix(bytes);
    }
  }
  if ((Sides & kRight) != 0) {
    while (const std::size_t bytes = trimmable(text, set, false)) {
      text.remove_suffix(bytes);
    }
  }
  result_text(context, text);
}

}  // namespace

bool sandbox_function_allowed(std::string_view name) {
  return std::binary_search(kAllowed.begin(), kAllowed.end(), name);
}

bool joins_texts(std::string_view name) {
  return name == "group_concat" || name == "string_agg";
}

void install_charged_functions(sqlite3* database, StepMeter& meter) {
  using Function = void (*)(sqlite3_context*, int, sqlite3_value**);
  const auto install = [&](const char* name, int arguments, Function function) {
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    FD_CHECK(sqlite3_create_function_v2(database, name, arguments, kFlags, &meter, function,
                                        nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  install("like", 2, like);
  install("like", 3, like);
  install("glob", 2, glob);
  install("instr", 2, instr);
  install("replace", 3, replace);
  install("trim", 2, trim<kLeft | kRight>);
  install("ltrim", 2, trim<kLeft>);
  install("rtrim", 2, trim<kRight>);
}

}  // namespace fd
