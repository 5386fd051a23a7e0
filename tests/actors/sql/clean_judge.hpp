#pragma once

#include <memory>
#include <string>

#include <sqlite3.h>

#include "actors/sql/clean.hpp"
#include "actors/sql/sql_text.hpp"

namespace fd::testing_support {

/// How cleaning did with an answer that holds a known query.
enum class CleanVerdict {
  right,    ///< the query came through whole: the same tokens
  refused,  ///< no text, or one that SQLite does not prepare
  altered,  ///< another query, which SQLite runs: it would be kept
};

/// Judges cleaned texts with a database. SQLite's word is that of a run without gold: what it
/// prepares is kept there, whatever it answers. With gold fewer of the altered are kept, and no
/// more of the right ones.
class CleanJudge {
 public:
  /// `file` is opened to read only; ":memory:" is a fresh database.
  explicit CleanJudge(const std::string& file = ":memory:") {
    sqlite3_open_v2(file.c_str(), &db_,
                    file == ":memory:" ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, nullptr);
  }
  ~CleanJudge() { sqlite3_close(db_); }
  CleanJudge(const CleanJudge&) = delete;
  CleanJudge& operator=(const CleanJudge&) = delete;

  /// Returns whether SQLite does all of `sql`.
  bool does(const std::string& sql) {
    return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  /// Returns whether SQLite prepares `sql` as a statement.
  bool prepares(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
    const bool made = statement != nullptr;
    sqlite3_finalize(statement);
    return code == SQLITE_OK && made;
  }
  /// Returns how `cleaned` stands to the query that its answer holds.
  CleanVerdict judge(const Cleaned& cleaned, const std::string& query) {
    if (tokens_of(cleaned.text) == tokens_of(query)) {
      return CleanVerdict::right;
    }
    return prepares(cleaned.text) ? CleanVerdict::altered : CleanVerdict::refused;
  }
  /// Returns the tokens of `sql` that mean something, each with its end marked.
  static std::string tokens_of(std::string_view sql) {
    std::string out;
    SqlTokenizer tokens(sql);
    while (const auto token = tokens.next_meaning()) {
      out.append(token_text(sql, *token)).push_back('\0');
    }
    std::erase(out, '\r');  // a literal over several lines, in an answer with CR LF
    return out;
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace fd::testing_support
