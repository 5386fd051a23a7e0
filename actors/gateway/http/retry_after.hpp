#pragma once

#include <optional>
#include <string>

#include "actors/system/clock.hpp"

namespace fd {

/// The longest wait that a provider may ask of us.
inline constexpr Duration kMaxRetryAfter = std::chrono::seconds(120);

/// The headers of a reply that say when to come again, as they were sent; empty: not sent.
struct RetryHeaders {
  std::string retry_after;
  std::string retry_after_ms;
  std::string date;
};

/// Returns how long the provider asks us to wait: retry-after-ms, or else Retry-After in seconds,
/// or as a date that libcurl reads (all three forms of HTTP), which is measured from the reply's
/// own Date, so that no clocks are compared. Beyond kMaxRetryAfter it is kMaxRetryAfter; a date
/// that has passed is 0. Nothing when no header holds a finite number >= 0 or a date. Source: RFC
/// 9110, 10.2.3; retry-after-ms is what Azure OpenAI sends.
std::optional<Duration> retry_after(const RetryHeaders& headers);

}  // namespace fd
