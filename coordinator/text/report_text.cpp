#include "coordinator/text/report_text.hpp"

#include <array>
#include <cstdio>

#include "protocol/base/escape.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd {
namespace {

template <class... Args>
std::string formatted(const char* format, Args... args) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), format, args...);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

/// Returns a number with a point without the zeros at its end.
std::string without_zeros(std::string text) {
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

/// Returns whether a terminal would take the character for more than a character: C0 and C1
/// controls, and those that reorder text, hide it or break lines.
bool acts(std::uint32_t code) {
  return is_control(code) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF;
}

std::string visible(std::uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return acts(code) ? hex_escape(code) : "";
  }
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) {
    digits.insert(at - 3, ",");
  }
  return digits;
}

std::string stopped(std::uint64_t in_flight) {
  if (in_flight == 0) {
    return "stopped";
  }
  const char* calls = in_flight == 1 ? " call" : " calls";
  return "stopped with " + grouped(in_flight) + calls + " in flight (possibly billed)";
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) {
    return "-";
  }
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (part > 0 && share < 0.05) {
    return "<0.1 %";
  }
  if (part < whole && share > 99.95) {
    return ">99.9 %";
  }
  return formatted("%.1f %%", share);
}

std::string money(double amount) {
  // "%g" would write 2.8e-06, which nobody reads as an amount of money.
  constexpr double kSmall = 1e-4;
  return amount > 0 && amount < kSmall ? without_zeros(formatted("%.10f", amount))
                                       : formatted("%.6g", amount);
}

std::string cost_text(double cost, std::uint64_t calls, std::uint64_t unpriced) {
  if (unpriced == 0) {
    return money(cost);
  }
  return unpriced == calls
             ? "unknown (no price_per_mtok)"
             : money(cost) + " without " + grouped(unpriced) + " calls that have no price";
}

std::string short_number(double number) {
  const std::string text = without_zeros(formatted("%.4f", number));
  return text == "-0" ? "0" : text;
}

std::string printable(std::string_view text) {
  return escaped(json::replace_invalid_utf8(text), visible);
}

std::string printable_block(std::string_view text, std::size_t indent) {
  std::string out = printable(text.substr(0, text.find('\n')));
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    const std::string_view line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    out += '\n' + std::string(line.empty() ? 0 : indent, ' ') + printable(line);
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t characters) {
  std::size_t count = 0;
  std::size_t cut = text.size();
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == characters) {
      cut = at;
    }
    at += json::utf8_step(text, at).bytes;
  }
  if (cut == text.size()) {
    return std::string(text);
  }
  return std::string(text.substr(0, cut)) + "... [" + std::to_string(count - characters) +
         " more characters]";
}

}  // namespace fd
