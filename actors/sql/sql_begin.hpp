#pragma once

#include <cstddef>
#include <string_view>

namespace fd {

/// How sure the place already makes it that SQL stands there.
enum class SqlPlace {
  given,  ///< the start of an answer or a fence, behind "SQL:": a keyword is nearly enough
  line,   ///< the start of a line, behind a colon or a quote: must look like SQL
  prose,  ///< in a sentence: must be a query, with FROM or an expression
};

/// Returns whether an SQL statement begins at byte `at` of `text`. "I will select the best
/// approach" and "With the schema given" do not.
bool sql_begins(std::string_view text, std::size_t at, SqlPlace place);

/// Returns whether `statement` begins as a query: SELECT, WITH or VALUES.
bool is_query(std::string_view statement);

}  // namespace fd
