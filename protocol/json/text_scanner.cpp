#include "protocol/json/text_scanner.hpp"

#include <charconv>
#include <utility>

#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd::json {

bool TextScanner::fail_at(const std::string& what, std::size_t at) {
  message_ = what + " at byte " + std::to_string(at);
  return false;
}

bool TextScanner::tolerate(const std::string& what, std::size_t at) {
  if (!tolerant_) {
    return fail_at(what, at);
  }
  if (fault_.empty()) {
    fault_ = what + " at byte " + std::to_string(at);
  }
  return true;
}

bool TextScanner::fail_expected(const char* what) {
  return at_ == text_.size() ? fail("unexpected end of the text")
                             : fail(std::string("expected ") + what);
}

void TextScanner::skip_blanks() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

bool TextScanner::take(char byte) {
  if (at_ < text_.size() && text_[at_] == byte) {
    ++at_;
    return true;
  }
  return false;
}

bool TextScanner::parse_string(std::string& out) {
  for (++at_;;) {
    const std::size_t end = find_escape(text_, at_);
    if (!append_checked(end, out)) {
      return false;
    }
    if (at_ == text_.size()) {
      return fail("unexpected end of the text");
    }
    if (take('"')) {
      return true;
    }
    if (text_[at_] != '\\') {
      return fail("control character in a string");
    }
    if (!parse_escape(out)) {
      return false;
    }
  }
}

/// Takes the bytes up to `end` when they are valid UTF-8.
bool TextScanner::append_checked(std::size_t end, std::string& out) {
  const std::string_view run = text_.substr(at_, end - at_);
  const std::size_t from = std::exchange(at_, end);
  if (valid_utf8(run)) {
    out += run;
    return true;
  }
  std::size_t bad = 0;
  for (Utf8Step step = utf8_step(run, 0); step.valid; step = utf8_step(run, bad)) {
    bad += step.bytes;
  }
  out += replace_invalid_utf8(run);
  return tolerate("invalid UTF-8", from + bad);
}

bool TextScanner::parse_escape(std::string& out) {
  const std::size_t escape_at = at_++;
  switch (at_ < text_.size() ? text_[at_++] : '\0') {
    case '"':
      out += '"';
      return true;
    case '\\':
      out += '\\';
      return true;
    case '/':
      out += '/';
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'u':
      return parse_code_point(escape_at, out);
    default:
      return fail_at("unknown escape in a string", escape_at);
  }
}

bool TextScanner::parse_code_point(std::size_t escape_at, std::string& out) {
  std::uint32_t point = 0;
  if (!parse_hex4(point)) {
    return fail_at("\\u without four hexadecimal digits", escape_at);
  }
  if (point >= 0xD800 && point <= 0xDFFF) {
    std::uint32_t low = 0;
    const std::size_t behind = at_;
    if (point >= 0xDC00 || !take('\\') || !take('u') || !parse_hex4(low) || low < 0xDC00 ||
        low > 0xDFFF) {
      at_ = behind;
      return tolerate("lone surrogate", escape_at);
    }
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(point, out);
  return true;
}

bool TextScanner::parse_hex4(std::uint32_t& out) {
  const std::string_view digits = text_.substr(at_, 4);
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  at_ += digits.size();
  return digits.size() == 4 && end.ec == std::errc() && end.ptr == digits.data() + 4;
}

std::string TextScanner::quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out;
  append_string(replace_invalid_utf8(text.substr(0, kShown)), out);
  if (text.size() > kShown) {
    out += "...";
  }
  return out;
}

}  // namespace fd::json
