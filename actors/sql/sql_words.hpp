#pragma once

#include <string_view>

#include "actors/sql/sql_text.hpp"

namespace fd {

/// Returns whether `word` stands between names in SQL: SELECT, FROM, AND, DESC. Other words are
/// called plain; a statement never has three of them in a row.
bool is_sql_keyword(std::string_view word);

/// Returns whether a clause, an operator or a further SELECT begins with `word`: what stands behind
/// a statement and begins so belongs to a longer one.
bool is_clause_word(std::string_view word);

/// Returns whether an alias without AS can stand in front of `word`.
bool follows_alias(std::string_view word);

/// Returns whether a statement can end behind `token` of `text`. A plain word behind such a token
/// is an alias, or no SQL.
bool may_end_after(std::string_view text, const SqlToken& token);

/// Returns whether `word` follows "select", "from" or "where" in a sentence and is no name: "the".
bool is_sentence_word(std::string_view word);

/// Returns whether `word` has two letters or more, all capital: people write SQL so, and no
/// sentences.
bool is_all_capitals(std::string_view word);

/// Returns whether a clause of another dialect than SQLite's begins at byte `at` of `text`:
/// "fetch first", "for update".
bool foreign_clause_begins(std::string_view text, std::size_t at);

}  // namespace fd
