#include "actors/gateway/retry.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/openai/error_text.hpp"

namespace fd {
namespace {

using Action = RetryDecision::Action;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kAlmostOne = 0.9999999;

Attempt status_of(std::uint32_t status) {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.sent = true;
  attempt.status = status;
  return attempt;
}

Attempt ended(AttemptEnd end, std::uint32_t status = 0) {
  Attempt attempt = status_of(status);
  attempt.end = end;
  return attempt;
}

RetryDecision first(const Attempt& attempt) {
  RetryState state;
  return decide(attempt, RetryConfig{}, false, 0.5, state);
}

TEST(Retry, AcceptsAnAnswer) {
  EXPECT_EQ(first(ended(AttemptEnd::answered, 200)).action, Action::accept);
}

TEST(Retry, TriesAgainWhatMayPass) {
  for (const std::uint32_t status : {200u, 204u, 408u, 409u, 425u, 429u, 500u, 502u, 503u, 529u}) {
    EXPECT_EQ(first(status_of(status)).action, Action::retry) << status;
  }
  for (const AttemptEnd end :
       {AttemptEnd::unreachable, AttemptEnd::timed_out, AttemptEnd::interrupted}) {
    EXPECT_EQ(first(ended(end)).action, Action::retry);
  }
}

TEST(Retry, GivesUpWhatWillNot) {
  for (const std::uint32_t status :
       {300u, 302u, 307u, 400u, 401u, 402u, 403u, 404u, 405u, 413u, 415u, 422u, 451u, 499u}) {
    const RetryDecision decision = first(status_of(status));
    EXPECT_EQ(decision.action, Action::give_up) << status;
    EXPECT_EQ(decision.reason, Reason::provider_rejected) << status;
    EXPECT_EQ(decision.end,
              status == 401 || status == 403 ? CallEnd::unauthorized : CallEnd::refused)
        << status;
  }
  EXPECT_EQ(first(ended(AttemptEnd::too_large, 200)).reason, Reason::provider_error);
  EXPECT_EQ(first(ended(AttemptEnd::unusable)).reason, Reason::provider_error);
  EXPECT_EQ(first(ended(AttemptEnd::unusable)).end, CallEnd::failed);
}

TEST(Retry, JudgesABrokenErrorReplyByItsStatus) {
  EXPECT_EQ(first(ended(AttemptEnd::interrupted, 400)).reason, Reason::provider_rejected);
  EXPECT_EQ(first(ended(AttemptEnd::too_large, 404)).reason, Reason::provider_rejected);
  EXPECT_EQ(first(ended(AttemptEnd::too_large, 500)).action, Action::retry);
  EXPECT_EQ(first(ended(AttemptEnd::interrupted, 200)).action, Action::retry);
}

TEST(Retry, DoesWhatXShouldRetrySays) {
  Attempt attempt = status_of(500);
  attempt.should_retry = false;
  EXPECT_EQ(first(attempt).reason, Reason::provider_rejected);
  attempt = status_of(400);
  attempt.should_retry = true;
  EXPECT_EQ(first(attempt).action, Action::retry);
  attempt = status_of(401);
  attempt.should_retry = true;
  EXPECT_EQ(first(attempt).end, CallEnd::unauthorized);
}

TEST(Retry, DoesNotWaitForAQuotaToGrow) {
  Attempt attempt = status_of(429);
  attempt.out_of_quota = true;
  EXPECT_EQ(first(attempt).reason, Reason::provider_rejected);
}

TEST(Retry, StopsAtTheLastAttempt) {
  RetryConfig config;
  config.max_attempts = 3;
  RetryState state;
  EXPECT_EQ(decide(status_of(500), config, false, 0, state).action, Action::retry);
  EXPECT_EQ(decide(ended(AttemptEnd::timed_out), config, false, 0, state).action, Action::retry);
  const RetryDecision last = decide(status_of(500), config, false, 0, state);
  EXPECT_EQ(last.action, Action::give_up);
  EXPECT_EQ(last.reason, Reason::attempts_exhausted);
  EXPECT_EQ(last.end, CallEnd::failed);
}

TEST(Retry, CountsNoAttemptForTooManyRequestsButBoundsThem) {
  RetryConfig config;
  config.max_attempts = 1;
  RetryState state;
  for (std::uint32_t i = 0; i < kMaxThrottled; ++i) {
    ASSERT_EQ(decide(status_of(429), config, false, 0, state).action, Action::retry) << i;
  }
  EXPECT_EQ(state.attempts, 0u);
  EXPECT_EQ(decide(status_of(429), config, false, 0, state).reason, Reason::attempts_exhausted);
}

TEST(Retry, CountsNoAttemptForAnEndpointThatIsKnownToBeDown) {
  RetryConfig config;
  config.max_attempts = 1;
  RetryState state;
  EXPECT_EQ(decide(ended(AttemptEnd::unreachable), config, true, 0, state).action, Action::retry);
  EXPECT_EQ(decide(status_of(500), config, true, 0, state).reason, Reason::attempts_exhausted);
}

TEST(Retry, WaitsWithFullJitterUpToTheDoubledBase) {
  RetryConfig config;
  config.base_ms = 100;
  config.max_ms = 500;
  config.max_attempts = 100;
  RetryState state;
  for (const int limit_ms : {100, 200, 400, 500, 500}) {
    RetryState copy = state;
    EXPECT_EQ(decide(status_of(500), config, false, 0, copy).delay, Duration::zero());
    copy = state;
    EXPECT_EQ(decide(status_of(500), config, false, 0.5, copy).delay, milliseconds(limit_ms) / 2);
    const Duration longest = decide(status_of(500), config, false, kAlmostOne, state).delay;
    EXPECT_LE(longest, milliseconds(limit_ms));
    EXPECT_GE(longest, milliseconds(limit_ms - 1));
  }
  EXPECT_EQ(backoff_limit(config, std::numeric_limits<std::uint32_t>::max()), milliseconds(500));
}

TEST(Retry, WaitsAtLeastAsLongAsItIsAskedTo) {
  for (const std::uint32_t status : {429u, 503u}) {
    Attempt attempt = status_of(status);
    attempt.retry_after = seconds(2);
    RetryState state;
    EXPECT_EQ(decide(attempt, RetryConfig{}, false, 0, state).delay, seconds(2));
    EXPECT_LE(decide(attempt, RetryConfig{}, false, kAlmostOne, state).delay, milliseconds(2200));
    attempt.retry_after = Duration::zero();
    EXPECT_EQ(decide(attempt, RetryConfig{}, false, 0.5, state).delay, Duration::zero());
  }
}

TEST(Retry, StopsTrustingAProviderThatSaysAtOnceAgainAndAgain) {
  Attempt attempt = status_of(429);
  attempt.retry_after = Duration::zero();
  RetryState state;
  for (std::uint32_t i = 0; i < kTrustedThrottles; ++i) {
    EXPECT_EQ(decide(attempt, RetryConfig{}, false, 0.5, state).delay, Duration::zero());
  }
  EXPECT_EQ(decide(attempt, RetryConfig{}, false, 0.5, state).delay, milliseconds(250));
  EXPECT_EQ(decide(attempt, RetryConfig{}, false, 0.5, state).delay, milliseconds(500));
}

TEST(ErrorText, HidesASecretAndItsPieces) {
  const std::vector<std::string> secrets = {"sk-abcdefghijklmnop", "key7"};
  EXPECT_EQ(redact("wrong key sk-abcdefghijklmnop!", secrets), "wrong key [redacted]!");
  EXPECT_EQ(redact("sk-abcdefghijklmnopsk-abcdefghijklmnop", secrets), "[redacted][redacted]");
  EXPECT_EQ(redact("starts with sk-abcde...", secrets), "starts with [redacted]...");
  EXPECT_EQ(redact("ends with ijklmnop", secrets), "ends with [redacted]");
  EXPECT_EQ(redact("jklmnop is short", secrets), "jklmnop is short");
  EXPECT_EQ(redact("key7 and key", secrets), "[redacted] and key");
  EXPECT_EQ(redact("a b", std::vector<std::string>{"", "a b"}), "a b");
}

}  // namespace
}  // namespace fd
