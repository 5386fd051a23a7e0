#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/text.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd::json {
namespace {

/// Lays the shortest digits `digits` x 10^(`point` - digits.size()) out as ECMAScript does.
/// Source: ECMA-262, Number::toString.
void append_layout(std::string_view digits, int point, std::string& out) {
  const int count = static_cast<int>(digits.size());
  if (point > 21 || point <= -6) {
    out += digits[0];
    if (count > 1) {
      out += '.';
      out += digits.substr(1);
    }
    out += point > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(point - 1));
  } else if (point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else if (count <= point) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else {
    out += digits.substr(0, static_cast<std::size_t>(point));
    out += '.';
    out += digits.substr(static_cast<std::size_t>(point));
  }
}

/// Returns the decimal exponent of the first digit that is not zero ("0.01" -> -2), held within
/// +-1e9; `zero` is set when there is none.
long magnitude(std::string_view literal, bool& zero) {
  long point = 0;
  long first = 0;
  long digits = 0;
  bool seen_point = false;
  zero = true;
  std::size_t at = 0;
  for (; at < literal.size() && literal[at] != 'e' && literal[at] != 'E'; ++at) {
    if (literal[at] == '.') {
      seen_point = true;
    } else if (is_ascii_digit(literal[at])) {
      if (zero && literal[at] != '0') {
        zero = false;
        first = digits;
      }
      ++digits;
      point += seen_point ? 0 : 1;
    }
  }
  long exponent = 0;
  bool negative = false;
  for (; at < literal.size(); ++at) {
    negative = negative || literal[at] == '-';
    if (is_ascii_digit(literal[at]) && exponent < 1'000'000'000) {
      exponent = exponent * 10 + (literal[at] - '0');
    }
  }
  return (negative ? -exponent : exponent) + point - 1 - first;
}

/// Returns whether `number` is exactly the whole number that `digits` (no sign) spells.
bool holds_exactly(double number, std::string_view digits) {
  std::array<char, 320> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::fixed, 0);
  FD_CHECK(end.ec == std::errc());
  return std::string_view(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())) ==
         digits;
}

}  // namespace

void append_number(double number, std::string& out) {
  FD_CHECK(std::isfinite(number));
  std::array<char, 32> buffer{};
  constexpr double kWholeLimit = 9007199254740992.0;  // 2^53
  if (std::abs(number) <= kWholeLimit && std::trunc(number) == number) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                   static_cast<std::int64_t>(number));
    out.append(buffer.data(), end.ptr);
    return;
  }
  if (number < 0) {
    out += '-';
  }
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number),
                                 std::chars_format::scientific);
  FD_CHECK(end.ec == std::errc());
  const std::string_view written(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t mark = written.find('e');
  std::array<char, 20> digits{};
  std::size_t count = 0;
  for (const char byte : written.substr(0, mark)) {
    if (byte != '.') {
      digits[count++] = byte;
    }
  }
  const std::size_t exponent_at = mark + (written[mark + 1] == '+' ? 2 : 1);
  int exponent = 0;
  std::from_chars(written.data() + exponent_at, written.data() + written.size(), exponent);
  append_layout({digits.data(), count}, exponent + 1, out);
}

NumberLiteral scan_number(std::string_view text, std::size_t from) {
  NumberLiteral literal;
  std::size_t at = from;
  const auto take = [&](std::string_view any_of) {
    const bool there = at < text.size() && any_of.find(text[at]) != std::string_view::npos;
    at += there ? 1 : 0;
    return there;
  };
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_ascii_digit(text[at])) {
      ++at;
    }
    return at - first;
  };
  const auto done = [&](const char* missing) {
    literal.missing = missing;
    literal.end = at;
    return literal;
  };
  const bool sign = take("-");
  const std::size_t whole_at = at;
  const std::size_t whole_digits = digits();
  if (whole_digits == 0) {
    return done(sign ? "a digit" : "a value");
  }
  literal.leading_zero = whole_digits > 1 && text[whole_at] == '0';
  if (take(".")) {
    literal.whole = false;
    if (digits() == 0) {
      return done("a digit");
    }
  }
  if (take("eE")) {
    literal.whole = false;
    take("+-");
    if (digits() == 0) {
      return done("a digit");
    }
  }
  return done(nullptr);
}

LiteralFault number_from_literal(std::string_view literal, bool whole, double& number) {
  const auto end = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (end.ec != std::errc() || std::isinf(number)) {
    bool zero = false;
    if (magnitude(literal, zero) > 0 && !zero) {
      return LiteralFault::too_large;
    }
    number = 0;
  }
  const std::string_view digits = literal.substr(literal[0] == '-' ? 1 : 0);
  if (whole && !holds_exactly(std::abs(number), digits)) {
    return LiteralFault::inexact;
  }
  return LiteralFault::none;
}

}  // namespace fd::json
