#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fd {

/// What cleaning found in a model's answer.
struct Cleaned {
  std::string text;  ///< the SQL without closing semicolon; empty when there is none
  std::string rule;  ///< "fence", "whole", "label", "keyword" or "none" (docs/sql.md)
};

/// The longest answer, without its reasoning, in which SQL is looked for: four times the longest
/// SQL that is run. Bounds the time that a hostile text can take.
inline constexpr std::size_t kMaxAnswerBytes = 64u << 10;

/// Finds the SQL in a model's answer: drops reasoning blocks, prefers the last fence that looks
/// like SQL, then the answer itself, then what follows "SQL:", then the first statement that begins
/// a line or stands in a sentence. Only the first statement counts; never cuts inside literals or
/// comments.
Cleaned clean_sql(std::string_view answer);

}  // namespace fd
