#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace fd {

// ASCII, whatever the locale; no byte from 0x80 on is a digit, a letter, a blank or has a case.

/// What trimmed() takes off unless it is told otherwise.
inline constexpr std::string_view kAsciiBlanks = " \t\n\r\f\v";

/// Returns whether `c` is one of 0 to 9.
constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Returns whether `c` is one of a to z or A to Z.
constexpr bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Returns whether `c` is a letter or a digit.
constexpr bool is_ascii_alphanumeric(char c) {
  return is_ascii_letter(c) || is_ascii_digit(c);
}

/// Returns whether `c` may stand in a plain name: [A-Za-z0-9._-].
constexpr bool is_name_character(char c) {
  return is_ascii_alphanumeric(c) || c == '.' || c == '_' || c == '-';
}

/// Returns whether `text` is [A-Za-z0-9][A-Za-z0-9._-]*, which is good in a path and a command line
/// as it stands.
constexpr bool is_plain_name(std::string_view text) {
  return !text.empty() && is_ascii_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

/// Returns `c`, or the small letter of a capital one.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Returns `text` with ascii_lower() over each byte.
inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
  return out;
}

/// Returns whether `left` equals `right` but for the case of ASCII letters.
constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
}

/// Returns `text` without the bytes of `blanks` at either end. When nothing is left, the result is
/// empty and lies at the end of `text`. Lifetime: that of `text`.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = kAsciiBlanks) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Returns whether `word` stands in `text` between bytes that belong to no name (letters, digits,
/// `_`). Requires: it is not empty.
inline bool names_word(std::string_view text, std::string_view word) {
  const auto is_name_byte = [](char byte) { return is_ascii_alphanumeric(byte) || byte == '_'; };
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_name_byte(text[at - 1]);
    if (begins && (end == text.size() || !is_name_byte(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace fd
