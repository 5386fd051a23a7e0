#pragma once

#include <cstddef>
#include <string_view>

namespace fd {

/// What a text is that a statement was found in.
enum class SqlRegion {
  open,    ///< an answer: prose, tags and fences may follow the statement
  closed,  ///< a whole fenced block: only a semicolon ends a statement, or the end of the block
};

/// How a statement ends.
enum class SqlStop {
  region,  ///< with the text
  semicolon,
  wrapper,  ///< where what was opened in front of it is closed
  line,     ///< in front of a line that is none of its own
  mark,     ///< in front of a fence, a tag, a bracket or a full stop that SQL has no place for
};

struct SqlEnd {
  std::size_t end = 0;   ///< behind the last byte of the statement
  std::size_t rest = 0;  ///< where the text goes on, behind the semicolon or what closed it
  SqlStop stop = SqlStop::region;
};

/// Returns where the statement that begins at `at` of `text` ends. `wrapper` is what stands
/// directly in front of it and has a counterpart: a quote, backticks, a parenthesis, a brace,
/// stars, or "<>" or "[]" for a tag; else empty. Ends at no mark inside a literal or a comment.
/// Linear.
SqlEnd sql_end(std::string_view text, std::size_t at, std::string_view wrapper, SqlRegion region);

}  // namespace fd
