#include <charconv>
#include <cstdint>
#include <string>

#include "protocol/base/text.hpp"
#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd::json {
namespace {

/// Shortens what an error message quotes.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out;
  append_string(replace_invalid_utf8(text.substr(0, kShown)), out);
  if (text.size() > kShown) {
    out += "...";
  }
  return out;
}

/// Which whole numbers are read: exact ones only, or also those that canonical() writes.
enum class Wholes { exact, canonical };

/// Recursive descent over one text. Every function returns false after the first error.
class Parser {
 public:
  Parser(std::string_view text, Wholes wholes) : text_(text), wholes_(wholes) {}

  Result<Value> run() {
    if (text_.size() > kMaxTextBytes) {
      return Error{Errc::invalid_input, "text of " + std::to_string(text_.size()) +
                                            " bytes, more than the limit of " +
                                            std::to_string(kMaxTextBytes)};
    }
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") {
      return Error{Errc::invalid_input, "byte order mark at byte 0"};
    }
    Value value;
    if (parse_value(value)) {
      skip_blanks();
      if (at_ == text_.size()) {
        return value;
      }
      fail("text after the JSON value");
    }
    return Error{Errc::invalid_input, std::move(message_)};
  }

 private:
  bool fail(const std::string& what) { return fail_at(what, at_); }
  bool fail_at(const std::string& what, std::size_t at) {
    message_ = what + " at byte " + std::to_string(at);
    return false;
  }
  bool fail_expected(const char* what) {
    return at_ == text_.size() ? fail("unexpected end of the text")
                               : fail(std::string("expected ") + what);
  }

  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool take(char byte) {
    if (at_ < text_.size() && text_[at_] == byte) {
      ++at_;
      return true;
    }
    return false;
  }

  bool parse_value(Value& out) {
    skip_blanks();
    switch (at_ < text_.size() ? text_[at_] : '\0') {
      case '{':
        return nested(out, &Parser::parse_object);
      case '[':
        return nested(out, &Parser::parse_array);
      case '"': {
        std::string text;
        if (!parse_string(text)) {
          return false;
        }
        out = Value(std::move(text));
        return true;
      }
      case 't':
        return parse_word("true", Value(true), out);
      case 'f':
        return parse_word("false", Value(false), out);
      case 'n':
        return parse_word("null", Value(), out);
      default:
        return parse_number(out);
    }
  }

  bool parse_word(std::string_view word, Value value, Value& out) {
    if (text_.substr(at_, word.size()) != word) {
      return fail_expected("a value");
    }
    at_ += word.size();
    out = std::move(value);
    return true;
  }

  bool nested(Value& out, bool (Parser::*parse_inner)(Value&)) {
    if (depth_ == kMaxDepth) {
      return fail("nested deeper than " + std::to_string(kMaxDepth));
    }
    ++depth_;
    ++at_;
    skip_blanks();
    const bool done = (this->*parse_inner)(out);
    --depth_;
    return done;
  }

  bool parse_array(Value& out) {
    Array items;
    if (!take(']')) {
      do {
        if (!parse_value(items.emplace_back())) {
          return false;
        }
        skip_blanks();
      } while (take(','));
      if (!take(']')) {
        return fail_expected("',' or ']'");
      }
    }
    out = Value(std::move(items));
    return true;
  }

  bool parse_object(Value& out) {
    Object members;
    if (!take('}')) {
      do {
        if (!parse_member(members)) {
          return false;
        }
      } while (take(','));
      if (!take('}')) {
        return fail_expected("',' or '}'");
      }
    }
    out = Value(std::move(members));
    return true;
  }

  bool parse_member(Object& members) {
    skip_blanks();
    const std::size_t key_at = at_;
    if (at_ == text_.size() || text_[at_] != '"') {
      return fail_expected("a key");
    }
    std::string key;
    if (!parse_string(key)) {
      return false;
    }
    const auto [member, inserted] = members.try_emplace(std::move(key));
    if (!inserted) {
      return fail_at("duplicate key " + quoted(member->first), key_at);
    }
    skip_blanks();
    if (!take(':')) {
      return fail_expected("':'");
    }
    if (!parse_value(member->second)) {
      return false;
    }
    skip_blanks();
    return true;
  }

  bool parse_string(std::string& out) {
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
  bool append_checked(std::size_t end, std::string& out) {
    const std::string_view run = text_.substr(at_, end - at_);
    if (!valid_utf8(run)) {
      std::size_t bad = 0;
      for (Utf8Step step = utf8_step(run, 0); step.valid; step = utf8_step(run, bad)) {
        bad += step.bytes;
      }
      return fail_at("invalid UTF-8", at_ + bad);
    }
    out += run;
    at_ = end;
    return true;
  }

  bool parse_escape(std::string& out) {
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

  bool parse_code_point(std::size_t escape_at, std::string& out) {
    std::uint32_t point = 0;
    if (!parse_hex4(point)) {
      return fail_at("\\u without four hexadecimal digits", escape_at);
    }
    if (point >= 0xD800 && point <= 0xDFFF) {
      std::uint32_t low = 0;
      if (point >= 0xDC00 || !take('\\') || !take('u') || !parse_hex4(low) || low < 0xDC00 ||
          low > 0xDFFF) {
        return fail_at("lone surrogate", escape_at);
      }
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(point, out);
    return true;
  }

  bool parse_hex4(std::uint32_t& out) {
    const std::string_view digits = text_.substr(at_, 4);
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
    at_ += digits.size();
    return digits.size() == 4 && end.ec == std::errc() && end.ptr == digits.data() + 4;
  }

  std::size_t take_digits() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_ascii_digit(text_[at_])) {
      ++at_;
    }
    return at_ - from;
  }

  bool parse_number(Value& out) {
    const std::size_t from = at_;
    take('-');
    const std::size_t digits_at = at_;
    const std::size_t whole_digits = take_digits();
    if (whole_digits == 0) {
      return fail_expected(digits_at == from ? "a value" : "a digit");
    }
    if (whole_digits > 1 && text_[digits_at] == '0') {
      return fail_at("number with a leading zero", from);
    }
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (take_digits() == 0) {
        return fail_expected("a digit");
      }
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) {
        take('-');
      }
      if (take_digits() == 0) {
        return fail_expected("a digit");
      }
    }
    return convert_number(from, whole, out);
  }

  bool convert_number(std::size_t from, bool whole, Value& out) {
    const std::string_view literal = text_.substr(from, at_ - from);
    double number = 0;
    switch (number_from_literal(literal, whole, number)) {
      case LiteralFault::none:
        out = Value(number);
        return true;
      case LiteralFault::too_large:
        return fail_at("number " + shortened(literal) + " is too large for a double", from);
      case LiteralFault::inexact:
        if (wholes_ == Wholes::canonical && canonical(Value(number)) == literal) {
          out = Value(number);
          return true;
        }
        return fail_at("integer " + shortened(literal) + " cannot be held exactly by a double",
                       from);
    }
    return false;
  }

  static std::string shortened(std::string_view literal) {
    constexpr std::size_t kShown = 40;
    return literal.size() <= kShown ? std::string(literal)
                                    : std::string(literal.substr(0, kShown)) + "...";
  }

  std::string_view text_;
  Wholes wholes_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string message_;
};

}  // namespace

Result<Value> parse(std::string_view text) {
  return Parser(text, Wholes::exact).run();
}

Result<Value> parse_canonical(std::string_view text) {
  return Parser(text, Wholes::canonical).run();
}

}  // namespace fd::json
