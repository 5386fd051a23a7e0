#include "actors/gateway/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace fd {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  return from == std::string_view::npos
             ? std::string_view()
             : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

/// Returns the time of `text` in units of `unit_us` microseconds, or nothing.
std::optional<Duration> waiting_time(std::string_view text, double unit_us) {
  text = trimmed(text);
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || !std::isfinite(number) ||
      std::signbit(number)) {
    return std::nullopt;
  }
  const auto most = static_cast<double>(kMaxRetryAfter.count());
  return Duration(static_cast<std::int64_t>(std::ceil(std::min(number * unit_us, most))));
}

std::optional<int> digits(std::string_view text) {
  int number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    number = number * 10 + (digit - '0');
  }
  return number;
}

std::optional<unsigned> month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) {
    return std::nullopt;
  }
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  text = trimmed(text);
  // "Sun, 06 Nov 1994 08:49:37 GMT": every part stands at its place.
  constexpr std::string_view kForm = "...,_.._..._...._..:..:.._GMT";
  if (text.size() != kForm.size()) {
    return std::nullopt;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char wanted = kForm[at] == '_' ? ' ' : kForm[at];
    if (wanted != '.' && text[at] != wanted) {
      return std::nullopt;
    }
  }
  const auto day = digits(text.substr(5, 2));
  const auto month = month_of(text.substr(8, 3));
  const auto year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!day || !month || !year || !hour || !minute || !second || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + *hour * 3600 + *minute * 60 + *second;
}

std::optional<Duration> retry_after(const RetryHeaders& headers) {
  if (const auto wait = waiting_time(headers.retry_after_ms, 1e3)) {
    return wait;
  }
  if (const auto wait = waiting_time(headers.retry_after, 1e6)) {
    return wait;
  }
  const auto until = parse_http_date(headers.retry_after);
  const auto from = parse_http_date(headers.date);
  if (!until || !from) {
    return std::nullopt;
  }
  const auto wait = std::chrono::seconds(std::max<std::int64_t>(*until - *from, 0));
  return std::min<Duration>(wait, kMaxRetryAfter);
}

}  // namespace fd
