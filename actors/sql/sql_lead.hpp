#pragma once

#include <cstddef>
#include <string_view>

#include "actors/sql/sql_begin.hpp"

namespace fd {

/// What stands in front of a statement.
enum class SqlLead {
  nothing,  ///< nothing but blanks, comments and what is wrapped around it
  label,    ///< "SQL:" or "SQL query:"
  prose,    ///< anything else
};

/// Returns where the first word of `text` stands, behind blanks, comments and opening quotes,
/// parentheses and stars.
std::size_t first_word(std::string_view text);

/// Returns what kind of place byte `at` of `text` is for a statement.
SqlPlace place_of(std::string_view text, std::size_t at);

/// Returns whether a sentence uses the word at `at` as a verb: "we select name from the list".
bool is_verb(std::string_view text, std::size_t at);

/// Returns what stands directly in front of byte `at` of `text` and has a counterpart, as sql_end()
/// wants it.
std::string_view wrapper_before(std::string_view text, std::size_t at);

/// Returns what stands in front of the statement at `at`. `first` is that of first_word().
SqlLead lead_of(std::string_view text, std::size_t at, std::size_t first);

/// Returns whether what stands in front of the statement at `at` makes it a part of a longer one
/// ("... UNION"), or is another statement that ends with a semicolon.
bool continues_other(std::string_view text, std::size_t at);

}  // namespace fd
