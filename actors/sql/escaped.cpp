#include "actors/sql/escaped.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/base/text.hpp"
#include "protocol/base/utf8.hpp"

namespace fd {
namespace {

/// Returns whether `before`, which ends in front of a string's opening quote, ends with a key.
bool ends_with_key(std::string_view before) {
  constexpr std::size_t kLook = 64;
  before = trimmed(before.substr(before.size() - std::min(before.size(), kLook)));
  if (!before.ends_with(':')) {
    return false;
  }
  before = trimmed(before.substr(0, before.size() - 1));
  return before.ends_with('"') || before.ends_with('\'');
}

/// Returns the code unit of "XXXX" at `at`, or nothing.
std::optional<std::uint32_t> hex_unit(std::string_view text, std::size_t at) {
  std::uint32_t unit = 0;
  const std::string_view digits = text.substr(std::min(at, text.size()), 4);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  return digits.size() == 4 && read.ptr == digits.data() + 4 ? std::optional(unit) : std::nullopt;
}

/// Appends what the escape at `at` stands for. Returns where it ends, or `at` when it is none.
std::size_t append_unescaped(std::string_view text, std::size_t at, std::string& out) {
  constexpr std::string_view kLetters = "nrt\"'\\/bf";
  constexpr std::string_view kMeaning = "\n\r\t\"'\\/\b\f";
  const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
  if (const std::size_t found = kLetters.find(letter); found != std::string_view::npos) {
    out += kMeaning[found];
    return at + 2;
  }
  const auto unit = letter == 'u' ? hex_unit(text, at + 2) : std::nullopt;
  if (!unit) {
    return at;
  }
  if (*unit < 0xD800 || *unit >= 0xE000) {
    append_utf8(*unit, out);
    return at + 6;
  }
  const auto low = text.substr(at + 6, 2) == "\\u" ? hex_unit(text, at + 8) : std::nullopt;
  if (*unit >= 0xDC00 || !low || *low < 0xDC00 || *low >= 0xE000) {
    return at;
  }
  append_utf8(0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), out);
  return at + 12;
}

}  // namespace

std::optional<EscapedString> escaped_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool has_key = ends_with_key(text.substr(0, at));
  if (!has_key && quote != '"') {
    return std::nullopt;
  }
  EscapedString out;
  std::size_t escapes = 0;
  bool known = true;
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != quote) {
    if (text[i] == '\\') {
      const std::size_t behind = append_unescaped(text, i, out.text);
      ++escapes;
      known = known && behind > i;
      if (behind > i) {
        i = behind;
        continue;
      }
    }
    out.text += text[i++];
  }
  if (!has_key && (escapes == 0 || !known)) {
    return std::nullopt;
  }
  const bool closed = i < text.size();
  out.end = closed ? i + 1 : i;
  const std::size_t next = text.find_first_not_of(kAsciiBlanks, out.end);
  out.sound = closed && known &&
              (next == std::string_view::npos || next > text.find('\n', out.end) ||
               std::string_view(",}])`;.").find(text[next]) != std::string_view::npos);
  return out;
}

}  // namespace fd
