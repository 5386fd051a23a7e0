#include "actors/gateway/retry.hpp"

#include <algorithm>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// What kind of failure an attempt was.
enum class Fate { accepted, again, throttled, rejected, hopeless };

Fate fate_of_status(const Attempt& attempt) {
  const std::uint32_t status = attempt.status;
  if (status == 401 || status == 403 || attempt.out_of_quota) {
    return Fate::rejected;
  }
  const bool transient = status < 300 || status == 408 || status == 409 || status == 425 ||
                         status == 429 || status >= 500;
  if (!attempt.should_retry.value_or(transient)) {
    return Fate::rejected;
  }
  return status == 429 ? Fate::throttled : Fate::again;
}

Fate fate_of(const Attempt& attempt) {
  switch (attempt.end) {
    case AttemptEnd::answered:
      return Fate::accepted;
    case AttemptEnd::refused:
      return fate_of_status(attempt);
    case AttemptEnd::unreachable:
      return Fate::again;
    case AttemptEnd::timed_out:
    case AttemptEnd::interrupted:
      // An error status came before the connection broke: the rest of its text changes nothing.
      return attempt.status >= 300 ? fate_of_status(attempt) : Fate::again;
    case AttemptEnd::too_large:
      return attempt.status >= 300 ? fate_of_status(attempt) : Fate::hopeless;
    case AttemptEnd::unusable:
      return Fate::hopeless;
  }
  return Fate::hopeless;
}

RetryDecision give_up(Reason reason, const Attempt& attempt) {
  RetryDecision decision;
  decision.action = RetryDecision::Action::give_up;
  decision.reason = reason;
  decision.end = attempt.status == 401 || attempt.status == 403 ? CallEnd::unauthorized
                 : reason == Reason::provider_rejected          ? CallEnd::refused
                                                                : CallEnd::failed;
  return decision;
}

RetryDecision retry_in(Duration delay) {
  RetryDecision decision;
  decision.action = RetryDecision::Action::retry;
  decision.delay = delay;
  return decision;
}

Duration part(Duration whole, double fraction) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * fraction));
}

Duration asked_for(const Attempt& attempt, double jitter) {
  return *attempt.retry_after + part(*attempt.retry_after / 10, jitter);
}

}  // namespace

Duration backoff_limit(const RetryConfig& config, std::uint32_t n) {
  const std::uint64_t most = config.max_ms;
  const std::uint64_t factor = std::uint64_t{1} << std::min<std::uint32_t>(n, 31);
  return std::chrono::milliseconds(std::min<std::uint64_t>(config.base_ms * factor, most));
}

RetryDecision decide(const Attempt& attempt, const RetryConfig& config, bool free, double jitter,
                     RetryState& state) {
  FD_CHECK(jitter >= 0 && jitter < 1);
  const Fate fate = fate_of(attempt);
  if (fate == Fate::accepted) {
    return {};
  }
  if (fate == Fate::rejected) {
    return give_up(Reason::provider_rejected, attempt);
  }
  if (fate == Fate::hopeless) {
    return give_up(Reason::provider_error, attempt);
  }
  if (free && attempt.end == AttemptEnd::unreachable) {
    return retry_in(Duration::zero());
  }
  if (fate == Fate::throttled) {
    if (++state.throttled > kMaxThrottled) {
      return give_up(Reason::attempts_exhausted, attempt);
    }
    const std::uint32_t distrust =
        state.throttled > kTrustedThrottles ? state.throttled - kTrustedThrottles : 0;
    const Duration own = part(backoff_limit(config, state.throttled - 1), jitter);
    if (!attempt.retry_after) {
      return retry_in(own);
    }
    const Duration least =
        distrust == 0 ? Duration::zero() : part(backoff_limit(config, distrust - 1), jitter);
    return retry_in(std::max(asked_for(attempt, jitter), least));
  }
  if (++state.attempts >= config.max_attempts) {
    return give_up(Reason::attempts_exhausted, attempt);
  }
  return retry_in(attempt.retry_after ? asked_for(attempt, jitter)
                                      : part(backoff_limit(config, state.attempts - 1), jitter));
}

}  // namespace fd
