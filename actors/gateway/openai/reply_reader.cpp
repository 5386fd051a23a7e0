#include "actors/gateway/openai/reply_reader.hpp"

#include "protocol/base/text.hpp"
#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr bool is_word_byte(char byte) {
  return is_ascii_alphanumeric(byte) || byte == '-' || byte == '+' || byte == '.';
}

/// Returns where the next quote or backslash stands, or text.size().
std::size_t find_stop(std::string_view text, std::size_t at) {
  at = json::find_escape(text, at);
  while (at < text.size() && text[at] != '"' && text[at] != '\\') {
    at = json::find_escape(text, at + 1);  // a raw control character
  }
  return at;
}

/// Returns the character of a one-letter escape, or NUL for a letter that has none.
constexpr char short_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

ReplyReader::ReplyReader(std::string_view text) : text_(text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    at_ = kByteOrderMark.size();
  }
}

void ReplyReader::skip_blanks() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

ReplyKind ReplyReader::peek() {
  skip_blanks();
  if (failed_ || at_ == text_.size()) {
    return ReplyKind::bad;
  }
  switch (text_[at_]) {
    case '{':
      return ReplyKind::object;
    case '[':
      return ReplyKind::array;
    case '"':
      return ReplyKind::string;
    default:
      return is_word_byte(text_[at_]) ? ReplyKind::word : ReplyKind::bad;
  }
}

bool ReplyReader::pass(char byte) {
  skip_blanks();
  if (failed_ || at_ == text_.size() || text_[at_] != byte) {
    return fail();
  }
  ++at_;
  return true;
}

bool ReplyReader::open(char bracket) {
  if (depth_ == kMaxDepth || !pass(bracket)) {
    return fail();
  }
  ++depth_;
  return true;
}

/// Returns whether another member or element follows; passes the comma or the closing bracket.
bool ReplyReader::next(bool first, char bracket) {
  skip_blanks();
  if (failed_) {
    return false;
  }
  if (at_ < text_.size() && text_[at_] == bracket) {
    ++at_;
    return false;
  }
  return first ? at_ < text_.size() || fail() : pass(',');
}

bool ReplyReader::close() {
  --depth_;
  return !failed_;
}

bool ReplyReader::at_end() {
  skip_blanks();
  return !failed_ && at_ == text_.size();
}

bool ReplyReader::read_word(std::string_view& out) {
  skip_blanks();
  const std::size_t from = at_;
  while (at_ < text_.size() && is_word_byte(text_[at_])) {
    ++at_;
  }
  out = text_.substr(from, at_ - from);
  return !failed_ && !out.empty() ? true : fail();
}

bool ReplyReader::read_hex(std::size_t at, std::uint32_t& unit) const {
  if (at + 4 > text_.size()) {
    return false;
  }
  unit = 0;
  for (const char digit : text_.substr(at, 4)) {
    unit <<= 4;
    if (digit >= '0' && digit <= '9') {
      unit |= static_cast<std::uint32_t>(digit - '0');
    } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
      unit |= static_cast<std::uint32_t>((digit | 0x20) - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

/// Passes the escape whose backslash stands at at_. Requires: a byte follows it.
void ReplyReader::append_escape(std::string& out) {
  const char letter = text_[at_ + 1];
  if (const char plain = short_escape(letter); plain != '\0') {
    out += plain;
    at_ += 2;
    return;
  }
  std::uint32_t unit = 0;
  if (letter != 'u' || !read_hex(at_ + 2, unit)) {
    out += kReplacement;  // for the backslash alone: what follows it is read as it stands
    ++at_;
    return;
  }
  at_ += 6;
  std::uint32_t low = 0;
  const bool high = unit >= 0xD800 && unit < 0xDC00;
  if (high && text_.substr(at_, 2) == "\\u" && read_hex(at_ + 2, low) && low >= 0xDC00 &&
      low < 0xE000) {
    at_ += 6;
    append_utf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
  } else if (unit >= 0xD800 && unit < 0xE000) {
    out += kReplacement;
  } else {
    append_utf8(unit, out);
  }
}

bool ReplyReader::read_string(std::string& out) {
  out.clear();
  if (!pass('"')) {
    return false;
  }
  while (true) {
    const std::size_t stop = find_stop(text_, at_);
    if (stop == text_.size()) {
      return fail();
    }
    out += text_.substr(at_, stop - at_);
    at_ = stop;
    if (text_[at_] == '"') {
      ++at_;
      break;
    }
    if (at_ + 1 == text_.size()) {
      return fail();
    }
    append_escape(out);
  }
  if (!json::valid_utf8(out)) {
    out = json::replace_invalid_utf8(out);
  }
  return true;
}

bool ReplyReader::skip_string() {
  ++at_;
  while (true) {
    at_ = find_stop(text_, at_);
    if (at_ == text_.size()) {
      return fail();
    }
    if (text_[at_++] == '"') {
      return true;
    }
    // A backslash hides the next byte from the search only when the two are an escape, exactly as
    // in read_string(): there is none that hides a quote but \" itself.
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\')) {
      ++at_;
    }
  }
}

bool ReplyReader::skip() {
  std::string_view word;
  switch (peek()) {
    case ReplyKind::object:
      return read_object([this](std::string_view) { return skip(); });
    case ReplyKind::array:
      return read_array([this](std::size_t) { return skip(); });
    case ReplyKind::string:
      return skip_string();
    case ReplyKind::word:
      return read_word(word);
    case ReplyKind::bad:
      break;
  }
  return fail();
}

}  // namespace fd
