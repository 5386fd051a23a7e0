#include "protocol/records.hpp"

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

Digest with_leading(std::uint64_t bits) {
  Digest digest;
  for (std::size_t i = 0; i < 8; ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  }
  return digest;
}

TEST(ShardOf, CutsTheRangeOfIdsIntoEqualParts) {
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(shard_of(with_leading(0), 16), 0u);
  EXPECT_EQ(shard_of(with_leading(kTop), 16), 15u);
  EXPECT_EQ(shard_of(with_leading(0x0FFFFFFFFFFFFFFF), 16), 0u);
  EXPECT_EQ(shard_of(with_leading(0x1000000000000000), 16), 1u);
  EXPECT_EQ(shard_of(with_leading(0xEFFFFFFFFFFFFFFF), 16), 14u);
  EXPECT_EQ(shard_of(with_leading(0xF000000000000000), 16), 15u);
  // floor(2^64 / 3) = 0x5555555555555555: the first id of shard 1 is one above.
  EXPECT_EQ(shard_of(with_leading(0x5555555555555555), 3), 0u);
  EXPECT_EQ(shard_of(with_leading(0x5555555555555556), 3), 1u);
  EXPECT_EQ(shard_of(with_leading(0xAAAAAAAAAAAAAAAA), 3), 1u);
  EXPECT_EQ(shard_of(with_leading(0xAAAAAAAAAAAAAAAB), 3), 2u);
}

TEST(ShardOf, GivesEverythingToTheOnlyShardAndStaysBelowTheMost) {
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(shard_of(with_leading(kTop), 1), 0u);
  EXPECT_EQ(shard_of(with_leading(kTop), kMost), kMost - 1);
  EXPECT_EQ(shard_of(with_leading(0), kMost), 0u);
  // The lower 32 bits count: the last shards part at 2^64 - 2^32 - 1.
  constexpr std::uint64_t kFirstOfLast = kTop - (std::uint64_t{1} << 32);
  EXPECT_EQ(shard_of(with_leading(kFirstOfLast), kMost), kMost - 1);
  EXPECT_EQ(shard_of(with_leading(kFirstOfLast - 1), kMost), kMost - 2);
}

TEST(ShardOf, LooksAtTheFirstEightBytesOnly) {
  Digest digest = with_leading(0x0FFFFFFFFFFFFFFF);
  digest.bytes.back() = 0xFF;
  digest.bytes[8] = 0xFF;
  EXPECT_EQ(shard_of(digest, 16), 0u);
}

TEST(Names, OfReasonsAreThoseOfTheContract) {
  const std::set<std::string> expected = {"ok",
                                          "empty_output",
                                          "too_short",
                                          "too_long",
                                          "banned_pattern",
                                          "format_error",
                                          "parse_error",
                                          "exec_error",
                                          "step_limit",
                                          "row_limit",
                                          "timeout",
                                          "gold_error",
                                          "gold_mismatch",
                                          "score_low",
                                          "judge_low",
                                          "judge_unparsed",
                                          "truncated",
                                          "refusal",
                                          "near_duplicate",
                                          "contaminated",
                                          "quota",
                                          "surplus",
                                          "provider_error",
                                          "provider_rejected",
                                          "attempts_exhausted",
                                          "poison",
                                          "internal"};
  std::set<std::string> found;
  for (std::uint64_t number = 0; number < 300; ++number) {
    if (const std::optional<Reason> reason = from_number<Reason>(number)) {
      EXPECT_EQ(static_cast<std::uint64_t>(*reason), number);
      EXPECT_EQ(from_name<Reason>(name(*reason)), *reason);
      EXPECT_TRUE(found.insert(std::string(name(*reason))).second);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(Names, AreReadBackAndOthersAreNot) {
  for (int i = 0; i <= static_cast<int>(Verdict::failed); ++i) {
    EXPECT_EQ(from_name<Verdict>(name(static_cast<Verdict>(i))), static_cast<Verdict>(i));
  }
  for (int i = 0; i <= static_cast<int>(ExecStatus::timeout); ++i) {
    EXPECT_EQ(from_name<ExecStatus>(name(static_cast<ExecStatus>(i))), static_cast<ExecStatus>(i));
  }
  for (int i = 0; i <= static_cast<int>(Role::student); ++i) {
    EXPECT_EQ(from_name<Role>(name(static_cast<Role>(i))), static_cast<Role>(i));
  }
  for (int i = 0; i <= static_cast<int>(CallEnd::in_doubt); ++i) {
    EXPECT_EQ(from_name<CallEnd>(name(static_cast<CallEnd>(i))), static_cast<CallEnd>(i));
  }
  EXPECT_EQ(name(Reason::none), "ok");
  EXPECT_EQ(name(Verdict::kept), "kept");
  EXPECT_FALSE(from_name<Reason>("none"));
  EXPECT_FALSE(from_name<Reason>(""));
  EXPECT_FALSE(from_name<Reason>("OK"));
  EXPECT_FALSE(from_name<Verdict>("unused"));
  EXPECT_FALSE(from_name<ExecStatus>("Ok"));
  EXPECT_FALSE(from_name<Role>("pupil"));
  EXPECT_FALSE(from_name<CallEnd>("in doubt"));
  EXPECT_FALSE(from_number<Verdict>(3));
  EXPECT_FALSE(from_number<ExecStatus>(10));
  EXPECT_FALSE(from_number<Role>(3));
  EXPECT_FALSE(from_number<CallEnd>(9));
  EXPECT_FALSE(from_number<Reason>(22));
  EXPECT_FALSE(from_number<Reason>(39));
  EXPECT_FALSE(from_number<Reason>(256));  // would be `none` in eight bits
}

Call fingerprinted_call() {
  Call call;
  call.sample_id = sha256("sample");
  call.call_key = sha256("key");
  call.candidate = 1;
  call.endpoint = "local";
  call.attempts = 2;
  call.http_status = 200;
  call.prompt_tokens = 10;
  call.completion_tokens = 20;
  call.queue_us = 30;
  call.service_us = 40;
  return call;
}

TEST(CallFingerprint, TellsCallsApartByEveryField) {
  std::set<std::uint64_t> seen{call_fingerprint(fingerprinted_call())};
  const std::vector<std::function<void(Call&)>> changes = {
      [](Call& call) { call.sample_id = sha256("another"); },
      [](Call& call) { call.call_key = sha256("another"); },
      [](Call& call) { ++call.candidate; },
      [](Call& call) { call.endpoint = "other"; },
      [](Call& call) { ++call.attempts; },
      [](Call& call) { call.http_status = 500; },
      [](Call& call) { ++call.prompt_tokens; },
      [](Call& call) { ++call.completion_tokens; },
      [](Call& call) { ++call.queue_us; },
      [](Call& call) { ++call.service_us; },
      [](Call& call) { std::swap(call.queue_us, call.service_us); },
      [](Call& call) { call.error = "HTTP 500"; },
      [](Call& call) { call.role = Role::judge; },
      [](Call& call) { call.vote = 1; },
      [](Call& call) { call.round = 1; },
      [](Call& call) { ++call.count; },
      [](Call& call) { ++call.fence; },
      [](Call& call) { call.served_model = "m-2"; },
      [](Call& call) { call.asked_model = "m-2"; },
      [](Call& call) { call.cached_tokens = 0; },
      [](Call& call) { call.reasoning_tokens = 0; },
      [](Call& call) { call.tokens_unknown = true; },
      [](Call& call) { call.connect_us = 0; },
      [](Call& call) { call.first_byte_us = 0; },
      [](Call& call) { call.price = Price{}; },
      [](Call& call) {
        call.price = Price{0.5, 0};
      },
      [](Call& call) {
        call.price = Price{0, 0.5};
      },
      [](Call& call) {
        call.price = Price{0, 0, 0.5};
      },
      [](Call& call) { call.end = CallEnd::in_doubt; },
  };
  for (const auto& change : changes) {
    Call call = fingerprinted_call();
    change(call);
    EXPECT_TRUE(seen.insert(call_fingerprint(call)).second);
  }
}

TEST(AnswerFingerprint, TellsAnswersApartByEveryFieldAndIsTheSameEverywhere) {
  const Answer plain{
      {sha256("sample"), sha256("key"), Role::teacher, 1}, "m", "SELECT 1", "why", "stop"};
  EXPECT_EQ(answer_fingerprint(plain), 0x49E64BCA918341EFu);
  std::set<std::uint64_t> seen{answer_fingerprint(plain)};
  const std::vector<std::function<void(Answer&)>> changes = {
      [](Answer& answer) { answer.sample_id = sha256("another"); },
      [](Answer& answer) { answer.call_key = sha256("another"); },
      [](Answer& answer) { ++answer.candidate; },
      [](Answer& answer) { answer.role = Role::judge; },
      [](Answer& answer) { answer.vote = 1; },
      [](Answer& answer) { answer.round = 1; },
      [](Answer& answer) { answer.model = "n"; },
      [](Answer& answer) { answer.text = "SELECT 2"; },
      [](Answer& answer) { answer.reasoning = ""; },
      [](Answer& answer) { answer.finish_reason = "length"; },
      [](Answer& answer) { std::swap(answer.text, answer.reasoning); },
  };
  for (const auto& change : changes) {
    Answer answer = plain;
    change(answer);
    EXPECT_TRUE(seen.insert(answer_fingerprint(answer)).second);
  }
}

}  // namespace
}  // namespace fd
