#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fd {

/// How sure the place already makes it that SQL stands there.
enum class SqlPlace {
  given,  ///< a fence, behind a label, the start of the answer: a keyword is nearly enough
  prose,  ///< anywhere in a text: must look like SQL and not like a sentence
};

/// Returns whether an SQL statement begins at byte `at` of `text`. "I will select the best
/// approach" and "With the schema given" do not.
bool sql_begins(std::string_view text, std::size_t at, SqlPlace place);

/// Returns where the statement that begins at `at` ends: at its semicolon, at a closing fence, at a
/// parenthesis that it did not open, at prose behind it, or at the end of the text; never inside a
/// literal. `wrapper` is the quote or backtick in front of the statement, else 0.
std::size_t sql_end(std::string_view text, std::size_t at, char wrapper);

/// Returns the model's answer without its reasoning blocks: <think>, <thinking>, <thought>,
/// <analysis>, <reasoning>. Without a closing tag the rest is reasoning, without an opening one all
/// before it. Tags inside literals of an answer that begins with SQL stay.
std::string without_reasoning(std::string_view answer);

}  // namespace fd
