#include "actors/gateway/http/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string_view>

#include <curl/curl.h>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns the time of `text` in units of `unit_us` microseconds, or nothing.
std::optional<Duration> waiting_time(std::string_view text, double unit_us) {
  text = trimmed(text, " \t");
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || !std::isfinite(number) ||
      std::signbit(number)) {
    return std::nullopt;
  }
  const auto most = static_cast<double>(kMaxRetryAfter.count());
  return Duration(static_cast<std::int64_t>(std::ceil(std::min(number * unit_us, most))));
}

}  // namespace

std::optional<Duration> retry_after(const RetryHeaders& headers) {
  if (const auto wait = waiting_time(headers.retry_after_ms, 1e3)) {
    return wait;
  }
  if (const auto wait = waiting_time(headers.retry_after, 1e6)) {
    return wait;
  }
  const std::time_t until = curl_getdate(headers.retry_after.c_str(), nullptr);
  const std::time_t from = curl_getdate(headers.date.c_str(), nullptr);
  if (until < 0 || from < 0) {  // -1: no date
    return std::nullopt;
  }
  const auto most = std::chrono::floor<std::chrono::seconds>(kMaxRetryAfter).count();
  return std::chrono::seconds(std::clamp<std::time_t>(until - from, 0, most));
}

}  // namespace fd
