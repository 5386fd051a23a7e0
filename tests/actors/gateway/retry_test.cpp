#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/fault.hpp"
#include "actors/gateway/openai/error_text.hpp"

namespace fd {
namespace {

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

TEST(FaultOf, AnAnswerIsNone) {
  EXPECT_EQ(fault_of(ended(AttemptEnd::answered, 200)), Fault::none);
}

TEST(FaultOf, WhatMayBeDifferentNextTimeIsPassing) {
  for (const std::uint32_t status : {200u, 204u, 408u, 409u, 425u, 500u, 502u, 503u, 529u}) {
    EXPECT_EQ(fault_of(status_of(status)), Fault::passing) << status;
  }
  EXPECT_EQ(fault_of(ended(AttemptEnd::timed_out)), Fault::passing);
  EXPECT_EQ(fault_of(ended(AttemptEnd::interrupted)), Fault::passing);
  EXPECT_EQ(fault_of(status_of(429)), Fault::throttled);
}

TEST(FaultOf, WhatNoRequestWouldGetThroughIsTheEndpoints) {
  for (const std::uint32_t status : {300u, 302u, 307u, 401u, 402u, 404u}) {
    EXPECT_EQ(fault_of(status_of(status)), Fault::endpoint) << status;
  }
  EXPECT_EQ(fault_of(ended(AttemptEnd::unusable)), Fault::endpoint);
  Attempt attempt = status_of(429);
  attempt.out_of_quota = true;
  EXPECT_EQ(fault_of(attempt), Fault::endpoint);
  attempt = ended(AttemptEnd::unreachable);
  EXPECT_EQ(fault_of(attempt), Fault::absent);
  attempt.lasting = true;
  EXPECT_EQ(fault_of(attempt), Fault::endpoint);
}

TEST(FaultOf, WhatOneRequestIsRefusedForIsItsOwn) {
  for (const std::uint32_t status : {400u, 403u, 405u, 413u, 415u, 422u, 451u, 499u}) {
    EXPECT_EQ(fault_of(status_of(status)), Fault::request) << status;
  }
  EXPECT_EQ(fault_of(ended(AttemptEnd::too_large, 200)), Fault::request);
}

TEST(FaultOf, ABrokenErrorReplyIsJudgedByItsStatus) {
  EXPECT_EQ(fault_of(ended(AttemptEnd::interrupted, 400)), Fault::request);
  EXPECT_EQ(fault_of(ended(AttemptEnd::too_large, 404)), Fault::endpoint);
  EXPECT_EQ(fault_of(ended(AttemptEnd::too_large, 500)), Fault::passing);
  EXPECT_EQ(fault_of(ended(AttemptEnd::interrupted, 200)), Fault::passing);
}

TEST(FaultOf, XShouldRetryHasTheLastWordAboutRequests) {
  Attempt attempt = status_of(500);
  attempt.should_retry = false;
  EXPECT_EQ(fault_of(attempt), Fault::request);
  attempt = status_of(400);
  attempt.should_retry = true;
  EXPECT_EQ(fault_of(attempt), Fault::passing);
  attempt = status_of(401);
  attempt.should_retry = true;
  EXPECT_EQ(fault_of(attempt), Fault::endpoint);
}

TEST(WaitAfter, EndsAtTheLastAttempt) {
  RetryConfig config;
  config.max_attempts = 3;
  RetryState state;
  EXPECT_TRUE(wait_after(status_of(500), false, config, 0, state));
  EXPECT_TRUE(wait_after(ended(AttemptEnd::timed_out), false, config, 0, state));
  EXPECT_FALSE(wait_after(status_of(500), false, config, 0, state));
}

TEST(WaitAfter, CountsNoAttemptForTooManyRequestsButBoundsThem) {
  RetryConfig config;
  config.max_attempts = 1;
  RetryState state;
  for (std::uint32_t i = 0; i < kMaxThrottled; ++i) {
    ASSERT_TRUE(wait_after(status_of(429), true, config, 0, state)) << i;
  }
  EXPECT_EQ(state.attempts, 0u);
  EXPECT_FALSE(wait_after(status_of(429), true, config, 0, state));
}

TEST(WaitAfter, WaitsWithFullJitterUpToTheDoubledBase) {
  RetryConfig config;
  config.base_ms = 100;
  config.max_ms = 500;
  config.max_attempts = 100;
  RetryState state;
  for (const int limit_ms : {100, 200, 400, 500, 500}) {
    RetryState copy = state;
    EXPECT_EQ(wait_after(status_of(500), false, config, 0, copy), Duration::zero());
    copy = state;
    EXPECT_EQ(wait_after(status_of(500), false, config, 0.5, copy), milliseconds(limit_ms) / 2);
    const Duration longest = *wait_after(status_of(500), false, config, kAlmostOne, state);
    EXPECT_LE(longest, milliseconds(limit_ms));
    EXPECT_GE(longest, milliseconds(limit_ms - 1));
  }
  EXPECT_EQ(backoff_limit(config, std::numeric_limits<std::uint32_t>::max()), milliseconds(500));
}

TEST(WaitAfter, WaitsAtLeastAsLongAsItIsAskedTo) {
  for (const std::uint32_t status : {429u, 503u}) {
    Attempt attempt = status_of(status);
    attempt.retry_after = seconds(2);
    RetryState state;
    EXPECT_EQ(wait_after(attempt, status == 429, RetryConfig{}, 0, state), seconds(2));
    EXPECT_LE(wait_after(attempt, status == 429, RetryConfig{}, kAlmostOne, state),
              milliseconds(2200));
    attempt.retry_after = Duration::zero();
    EXPECT_EQ(wait_after(attempt, status == 429, RetryConfig{}, 0.5, state), Duration::zero());
  }
}

TEST(WaitAfter, TrustsAProviderLessThatSaysAtOnceAgainAndAgain) {
  Attempt attempt = status_of(429);
  attempt.retry_after = Duration::zero();
  RetryState state;
  for (std::uint32_t i = 0; i < kTrustedThrottles; ++i) {
    EXPECT_EQ(wait_after(attempt, true, RetryConfig{}, 0.5, state), Duration::zero());
  }
  EXPECT_EQ(wait_after(attempt, true, RetryConfig{}, 0.5, state), milliseconds(250));
  EXPECT_EQ(wait_after(attempt, true, RetryConfig{}, 0.5, state), milliseconds(500));
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
