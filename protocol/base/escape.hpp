#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/utf8.hpp"

namespace fd {

/// Returns whether `code` is a control character: C0, DEL, or C1, which starts terminal sequences
/// as well.
constexpr bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/// Returns the two lower-case hexadecimal digits of a byte.
std::string hex_byte(unsigned char byte);

/// Returns the character `code` as "\x1b" or, above 0xFF, "\u202e". Requires: code < 0x10000.
std::string hex_escape(std::uint32_t code);

/// Returns `text` with "%3f" for every byte that is neither an ASCII letter or digit nor one of
/// `plain`.
std::string percent_encoded(std::string_view text, std::string_view plain);

/// Returns `text` where escape(code point) stands for each character, or the character itself when
/// that is "". Requires: valid UTF-8.
template <class Escape>
std::string escaped(std::string_view text, const Escape& escape) {
  std::string out;
  out.reserve(text.size() + 8);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = character_end(text, at);
    const std::string_view character = text.substr(at, end - at);
    const std::string instead = escape(code_point(character));
    out += instead.empty() ? character : std::string_view(instead);
    at = end;
  }
  return out;
}

}  // namespace fd
