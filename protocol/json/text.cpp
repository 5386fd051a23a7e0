#include "protocol/json/text.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "protocol/json/json.hpp"

namespace fd::json {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kHighs = 0x8080808080808080u;

/// Returns the high bit of every byte that is zero. Bytes above a zero one may be marked too, which
/// is why only the lowest mark is ever looked at.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kOnes) & ~word & kHighs;
}

constexpr std::uint64_t escapes_in(std::uint64_t word) {
  const std::uint64_t quotes = zero_bytes(word ^ (kOnes * '"'));
  const std::uint64_t backslashes = zero_bytes(word ^ (kOnes * '\\'));
  const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
  return quotes | backslashes | controls;
}

constexpr bool needs_escape(char byte) {
  return byte == '"' || byte == '\\' || static_cast<unsigned char>(byte) < 0x20;
}

void append_escape(char byte, std::string& out) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  switch (byte) {
    case '\b':
      out += "\\b";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\r':
      out += "\\r";
      return;
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      out += "\\u00";
      out += kHexDigits[(byte >> 4) & 0xF];
      out += kHexDigits[byte & 0xF];
  }
}

constexpr bool continues(std::string_view text, std::size_t at, unsigned low, unsigned high) {
  return at < text.size() && static_cast<unsigned char>(text[at]) >= low &&
         static_cast<unsigned char>(text[at]) <= high;
}

}  // namespace

Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) {
    return {1, true};
  }
  if (lead < 0xC2 || lead > 0xF4) {
    return {1, false};
  }
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!continues(text, at + 1, low, high)) {
    return {1, false};
  }
  for (std::size_t i = 2; i < length; ++i) {
    if (!continues(text, at + i, 0x80, 0xBF)) {
      return {i, false};
    }
  }
  return {length, true};
}

std::size_t find_escape(std::string_view text, std::size_t at) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if (const std::uint64_t marks = escapes_in(word); marks != 0) {
        return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
      }
    }
  }
  while (at < text.size() && !needs_escape(text[at])) {
    ++at;
  }
  return at;
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t from = 0;
  while (true) {
    const std::size_t to = find_escape(text, from);
    out.append(text.data() + from, to - from);
    if (to == text.size()) {
      break;
    }
    append_escape(text[to], out);
    from = to + 1;
  }
  out += '"';
}

bool valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & kHighs) == 0) {
        at += 8;
        continue;
      }
    }
    const Utf8Step step = utf8_step(text, at);
    if (!step.valid) {
      return false;
    }
    at += step.bytes;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  if (valid_utf8(text)) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    out += step.valid ? text.substr(at, step.bytes) : std::string_view("\xEF\xBF\xBD");
    at += step.bytes;
  }
  return out;
}

}  // namespace fd::json
