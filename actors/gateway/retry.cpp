#include "actors/gateway/retry.hpp"

#include <algorithm>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

Duration asked_for(const Attempt& attempt, double jitter) {
  return *attempt.retry_after + part(*attempt.retry_after / 10, jitter);
}

/// A provider that says "too many requests" again and again is trusted less and less.
std::optional<Duration> wait_throttled(const Attempt& attempt, const RetryConfig& config,
                                       double jitter, RetryState& state) {
  if (++state.throttled > kMaxThrottled) {
    return std::nullopt;
  }
  if (!attempt.retry_after) {
    return part(backoff_limit(config, state.throttled - 1), jitter);
  }
  const std::uint32_t distrust =
      state.throttled > kTrustedThrottles ? state.throttled - kTrustedThrottles : 0;
  const Duration least =
      distrust == 0 ? Duration::zero() : part(backoff_limit(config, distrust - 1), jitter);
  return std::max(asked_for(attempt, jitter), least);
}

}  // namespace

Duration part(Duration whole, double fraction) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * fraction));
}

Duration backoff_limit(const RetryConfig& config, std::uint32_t n) {
  const std::uint64_t most = config.max_ms;
  const std::uint64_t factor = std::uint64_t{1} << std::min<std::uint32_t>(n, 31);
  return std::chrono::milliseconds(std::min<std::uint64_t>(config.base_ms * factor, most));
}

std::optional<Duration> wait_after(const Attempt& attempt, bool throttled,
                                   const RetryConfig& config, double jitter, RetryState& state) {
  FD_CHECK(jitter >= 0 && jitter < 1);
  if (throttled) {
    return wait_throttled(attempt, config, jitter, state);
  }
  if (++state.attempts >= config.max_attempts) {
    return std::nullopt;
  }
  return attempt.retry_after ? asked_for(attempt, jitter)
                             : part(backoff_limit(config, state.attempts - 1), jitter);
}

}  // namespace fd
