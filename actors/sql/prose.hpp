#pragma once

#include <cstddef>
#include <string_view>

namespace fd {

/// Returns whether the line that begins at `at` of `text` is prose and no part of the statement in
/// front of it. Says so only of what SQLite refuses behind a whole operand ("Names only", "Note:",
/// three plain words in a row), and never of what another dialect may go on with.
/// Requires: the token in front of the line is one that a statement can end after.
bool prose_begins(std::string_view text, std::size_t at, bool after_blank_line);

/// Returns whether three plain words in a row begin at `at` of `text`, or on its line behind words
/// and commas alone: no SQL has them.
bool sentence_begins(std::string_view text, std::size_t at);

/// Returns whether `line` begins, behind bullets and marks, with a clause of a statement and is no
/// sentence: "WHERE a = 1", "**LIMIT 5**". `statement` is what was taken already: its own words
/// again ("`WHERE a = 1` picks ...") are a mention.
bool is_clause_line(std::string_view line, std::string_view statement);

/// Returns `line` without what may stand in front of the first word of a line: blanks, a bullet or
/// a number, marks of a quotation, a heading or emphasis, quotes.
std::string_view without_line_marks(std::string_view line);

}  // namespace fd
