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

/// The longest answer, without its reasoning, in which SQL is looked for: models that think aloud
/// write tens of kilobytes in front of it. Bounds the time that a hostile text can take.
inline constexpr std::size_t kMaxSearchedBytes = 256u << 10;

/// Finds the SQL in a model's answer: the last fenced block that has a query, or else the earliest
/// statement of the text, behind the reasoning. Keeps it whole, or refuses the answer: never cuts
/// inside a literal or a comment, never takes a half of a longer statement or one of several.
Cleaned clean_sql(std::string_view answer);

}  // namespace fd
