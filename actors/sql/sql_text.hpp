#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fd {

/// What a piece of SQL text is, as far as one can tell without a grammar.
enum class SqlTokenKind {
  word,       ///< keyword, name or parameter
  number,     ///< literal number
  string,     ///< '...', with '' inside
  quoted,     ///< "...", `...` or [...]: a name (or, in SQLite, a string)
  comment,    ///< -- to the end of the line, or /* ... */
  space,      ///< blanks and newlines
  open,       ///< (
  close,      ///< )
  semicolon,  ///< ;
  other,      ///< one byte of anything else
};

/// One token: the bytes [begin, end) of the text it was read from.
struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::other;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool closed = true;  ///< false: the text ended inside a literal or a block comment
};

/// Cuts SQL text into tokens as SQLite does: every byte is in exactly one token.
class SqlTokenizer {
 public:
  /// Lifetime: `text` outlives the tokenizer. Starts at byte `at`.
  explicit SqlTokenizer(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  /// Returns the next token, or nothing at the end.
  std::optional<SqlToken> next();
  /// Returns the next token that is neither space nor comment, or nothing at the end.
  std::optional<SqlToken> next_meaning();

 private:
  std::string_view text_;
  std::size_t at_;
};

/// Returns the bytes of `token`. Requires: it was read from `text`.
inline std::string_view token_text(std::string_view text, const SqlToken& token) {
  return text.substr(token.begin, token.end - token.begin);
}

/// Returns whether the quote at `at` of `text` stands within a word, as in "don't", and opens
/// nothing.
bool is_apostrophe(std::string_view text, std::size_t at);

/// Returns whether `text` holds nothing but blanks, comments and semicolons.
bool is_blank_sql(std::string_view text);

/// Returns `text` without blanks in front, and without blanks and semicolons at the end.
std::string_view trim_sql(std::string_view text);

}  // namespace fd
