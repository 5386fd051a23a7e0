#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/gateway/chat_call.hpp"
#include "actors/system/clock.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// How often a provider may say "too many requests" to one call. A 429 uses up no attempt, so this
/// is what ends a call that a provider never lets in.
inline constexpr std::uint32_t kMaxThrottled = 1000;
/// From this many 429s of one call on, its waits grow even when the provider asks for shorter ones.
inline constexpr std::uint32_t kTrustedThrottles = 8;

/// How one HTTP exchange ended.
enum class AttemptEnd {
  answered,     ///< a whole reply with an answer
  refused,      ///< a whole reply without one, or an error status
  unreachable,  ///< no connection: nothing was sent
  timed_out,    ///< sent, and no whole reply in time: possibly billed
  interrupted,  ///< sent, and the connection broke: possibly billed
  too_large,    ///< the reply went beyond our limit of bytes
  unusable,     ///< this endpoint can never be called: a URL or a key that makes no sense
};

/// What is known of one attempt.
struct Attempt {
  AttemptEnd end = AttemptEnd::answered;
  bool sent = false;  ///< a request went out
  /// Not sent, and waiting mends nothing: nobody trusts the certificate, or the host has no
  /// address.
  bool lasting = false;
  std::uint32_t status = 0;  ///< HTTP status, 0 without a reply
  bool out_of_quota = false;
  bool filtered = false;  ///< a filter of the provider wants no answer to this request
  std::optional<Duration> retry_after;  ///< what the provider asks for
  std::optional<bool> should_retry;     ///< the x-should-retry header
  std::uint32_t choices = 1;  ///< of an answer: how many the reply has, at most those asked for
  TokenUsage usage;
  std::string error;  ///< for people; when answered: empty, or what is worth telling
};

/// What a call has used up of its patience.
struct RetryState {
  std::uint32_t attempts = 0;   ///< failures that count against retry.max_attempts
  std::uint32_t late = 0;       ///< time-outs that do not, before an endpoint's first answer
  std::uint32_t throttled = 0;  ///< 429s
};

/// Counts a passing failure or a throttling of a call in `state`. Returns how long it waits before
/// its next attempt, or nothing when its patience is at its end.
/// Waits: full jitter over base_ms x 2^n, at most max_ms; or what the provider asks for, plus up to
/// a tenth of it so that calls do not all come back at once.
/// Requires: 0 <= jitter < 1.
/// Source: M. Brooker, "Exponential Backoff And Jitter" (2015).
std::optional<Duration> wait_after(const Attempt& attempt, bool throttled,
                                   const RetryConfig& config, double jitter, RetryState& state);

/// Returns that fraction of a time.
Duration part(Duration whole, double fraction);

/// Returns min(max_ms, base_ms x 2^n).
Duration backoff_limit(const RetryConfig& config, std::uint32_t n);

}  // namespace fd
