#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"
#include "protocol/json/text_scanner.hpp"

namespace fd::json {
namespace {

/// Which whole numbers are read: exact ones only, or also those that canonical() writes.
enum class Wholes { exact, canonical };

/// Recursive descent over one text. Every function returns false after the first error.
class Parser : private TextScanner {
 public:
  Parser(std::string_view text, Wholes wholes) : TextScanner(text), wholes_(wholes) {}

  Result<Value> run() {
    Value value;
    FD_TRY_VOID(whole_text([&] { return parse_value(value); }));
    return value;
  }

  Result<std::vector<RowMember>> run_row() {
    tolerant_ = true;
    std::vector<RowMember> members;
    FD_TRY_VOID(whole_text([&] { return parse_row_object(members); }));
    return members;
  }

 private:
  template <class Parse>
  Result<void> whole_text(const Parse& parse_it) {
    if (text_.size() > kMaxTextBytes) {
      return Error{Errc::invalid_input, "text of " + std::to_string(text_.size()) +
                                            " bytes, more than the limit of " +
                                            std::to_string(kMaxTextBytes)};
    }
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") {
      return Error{Errc::invalid_input, "byte order mark at byte 0"};
    }
    if (parse_it()) {
      skip_blanks();
      if (at_ == text_.size()) {
        return {};
      }
      fail("text after the JSON value");
    }
    return Error{Errc::invalid_input, std::move(message_)};
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

  bool parse_row_object(std::vector<RowMember>& members) {
    skip_blanks();
    if (!take('{')) {
      Value other;
      if (parse_value(other)) {
        skip_blanks();
        message_ = "not a JSON object";
        return at_ < text_.size() && fail("text after the JSON value");
      }
      return false;
    }
    ++depth_;
    skip_blanks();
    if (take('}')) {
      return true;
    }
    std::map<std::string, std::size_t> places;
    do {
      fault_.clear();
      skip_blanks();
      const std::size_t key_at = at_;
      std::string key;
      if (!parse_key(key)) {
        return false;
      }
      const auto [place, inserted] = places.try_emplace(std::move(key), members.size());
      if (inserted) {
        members.push_back({place->first, {}, {}, {}});
      } else {
        tolerate("duplicate key " + quoted(place->first), key_at);
      }
      RowMember& member = members[place->second];
      skip_blanks();
      const std::size_t from = at_;
      if (!parse_value(member.value)) {
        return false;
      }
      member.source = text_.substr(from, at_ - from);
      member.fault = member.fault.empty() ? fault_ : member.fault;
      skip_blanks();
    } while (take(','));
    return take('}') || fail_expected("',' or '}'");
  }

  bool parse_key(std::string& key) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '"') {
      return fail_expected("a key");
    }
    if (!parse_string(key)) {
      return false;
    }
    skip_blanks();
    return take(':') || fail_expected("':'");
  }

  bool parse_member(Object& members) {
    skip_blanks();
    const std::size_t key_at = at_;
    std::string key;
    if (!parse_key(key)) {
      return false;
    }
    const auto [member, inserted] = members.try_emplace(std::move(key));
    if (!inserted && !tolerate("duplicate key " + quoted(member->first), key_at)) {
      return false;
    }
    if (!parse_value(member->second)) {
      return false;
    }
    skip_blanks();
    return true;
  }

  bool parse_number(Value& out) {
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return tolerate(std::string(word) + " is no JSON number", at_ - word.size());
      }
    }
    const std::size_t from = at_;
    const NumberLiteral literal = scan_number(text_, from);
    at_ = literal.end;
    if (literal.leading_zero) {
      return fail_at("number with a leading zero", from);
    }
    return literal.missing == nullptr ? convert_number(from, literal.whole, out)
                                      : fail_expected(literal.missing);
  }

  bool convert_number(std::size_t from, bool whole, Value& out) {
    const std::string_view literal = text_.substr(from, at_ - from);
    double number = 0;
    switch (number_from_literal(literal, whole, number)) {
      case LiteralFault::none:
        out = Value(number);
        return true;
      case LiteralFault::too_large:
        return tolerate("number " + shortened(literal) + " is too large for a double", from);
      case LiteralFault::inexact:
        if (wholes_ == Wholes::canonical && canonical(Value(number)) == literal) {
          out = Value(number);
          return true;
        }
        return tolerate("integer " + shortened(literal) + " cannot be held exactly by a double",
                        from);
    }
    return false;
  }

  static std::string shortened(std::string_view literal) {
    constexpr std::size_t kShown = 40;
    return literal.size() <= kShown ? std::string(literal)
                                    : std::string(literal.substr(0, kShown)) + "...";
  }

  Wholes wholes_;
  std::size_t depth_ = 0;
};

}  // namespace

Result<Value> parse(std::string_view text) {
  return Parser(text, Wholes::exact).run();
}

Result<std::vector<RowMember>> parse_row(std::string_view text) {
  return Parser(text, Wholes::exact).run_row();
}

Result<Value> parse_canonical(std::string_view text) {
  return Parser(text, Wholes::canonical).run();
}

}  // namespace fd::json
