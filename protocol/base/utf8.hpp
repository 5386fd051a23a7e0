#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fd {

// UTF-8 that is valid already; json::utf8_step() tells whether it is.

/// Returns whether `byte` is a further byte of a character, and not its first.
constexpr bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

/// Returns where the character that begins at `at` ends. Requires: at < text.size().
constexpr std::size_t character_end(std::string_view text, std::size_t at) {
  do {
    ++at;
  } while (at < text.size() && continues_character(text[at]));
  return at;
}

/// Returns how many characters `text` has.
constexpr std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return !continues_character(byte); }));
}

/// Returns the code point of the one character that `character` is.
constexpr std::uint32_t code_point(std::string_view character) {
  std::uint32_t code = static_cast<unsigned char>(character[0]);
  if (character.size() > 1) {
    code &= 0x7Fu >> std::min<std::size_t>(character.size(), 7);
    for (const char byte : character.substr(1)) {
      code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3Fu);
    }
  }
  return code;
}

/// Appends the character `code`; of a surrogate three bytes that are no valid UTF-8. Requires: a
/// code point.
inline void append_utf8(std::uint32_t code, std::string& out) {
  const auto rest = [&](unsigned shift) {
    out += static_cast<char>(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    rest(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    rest(6);
    rest(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    rest(12);
    rest(6);
    rest(0);
  }
}

}  // namespace fd
