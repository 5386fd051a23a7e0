#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fd {

/// A string of JSON, or of a program, that a statement was found in.
struct EscapedString {
  std::string text;     ///< with its escapes undone
  std::size_t end = 0;  ///< behind its closing quote; the text's end when it is not closed
  bool sound = false;   ///< closed, and what follows is what follows a string
};

/// Returns the string whose opening quote stands at `at` of `text`, or nothing when it is none with
/// escapes: those have a key ("sql": "...") in front or an escape inside.
std::optional<EscapedString> escaped_string(std::string_view text, std::size_t at);

}  // namespace fd
