#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fd {

/// A fenced block of an answer.
struct Fence {
  std::string_view info;     ///< the word behind the opening marks: "sql"; often empty
  std::string_view content;  ///< what stands between the marks
  bool closed = false;  ///< false: the answer ends, or another block begins, without a closing mark

  /// Returns whether the info says SQL, or nothing.
  [[nodiscard]] bool may_be_sql() const;
};

/// What an answer consists of.
struct FencedText {
  std::vector<Fence> fences;  ///< in their order. Lifetime: that of the answer
  std::string outside;        ///< the text with a bare mark for each closed fence
};

/// Returns the fenced blocks of `text` and what stands around them. A mark inside a literal is
/// none.
FencedText split_fences(std::string_view text);

/// Returns `text` without the marks of a quotation ("> ") or a shell ("...> ") in front of the
/// lines of a block that has a statement or a fence in it; otherwise as it is.
std::string without_quotation(std::string_view text);

}  // namespace fd
