#include "actors/gateway/error_news.hpp"

#include <algorithm>
#include <chrono>

namespace fd {
namespace {

/// A pause that ends this much later than the last one is news: each of many calls brings one.
constexpr Duration kPauseStep = std::chrono::seconds(10);
constexpr Duration kPauseMax = std::chrono::hours(24 * 365);

}  // namespace

std::optional<EndpointError> ErrorNews::look(Instant now, const std::string& provider,
                                             const Attempt& attempt) {
  EndpointError error{provider, attempt.status, attempt.error.substr(0, kMaxErrorWords), 0};
  const std::lock_guard lock(mutex_);
  bool news = sorts_.add(error);
  if (attempt.status == 429 && attempt.retry_after) {
    const Duration pause = std::clamp(*attempt.retry_after, Duration::zero(), kPauseMax);
    error.wait_ms = static_cast<std::uint64_t>(pause / std::chrono::milliseconds(1));
    Instant& until = pauses_[provider];
    if (now + pause > until + kPauseStep) {
      until = now + pause;
      news = true;
    }
  }
  return news ? std::optional(std::move(error)) : std::nullopt;
}

}  // namespace fd
