#include "tests/actors/gateway/call_queue_bench.hpp"

namespace fd {
namespace {

/// It fails only when all have refused it.
TEST(CallQueueRefusals, EndACallThatEachRefusesInItsTurn) {
  Bench bench({provider("a"), provider("b")});
  bench.queue.set_shares({{"a", 1, true}}, bench.now);
  bench.submit(1);
  bench.end_all(refused(400));
  EXPECT_TRUE(bench.ended().empty());
  bench.queue.set_shares({{"b", 1, true}}, bench.now);
  bench.end_all(refused(400));
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.failure, Reason::provider_rejected);
}

/// Two calls are left: one that is refused, and one that is late each time. Neither waits for the
/// other for ever.
TEST(CallQueueRefusals, UsesUpAttemptsWhereARequestWasRefused) {
  Bench bench({provider("a")}, 8);
  bench.submit(2);
  for (int i = 0; i < 20 && bench.queue.load(bench.now).waiting + bench.queue.in_flight() > 0;
       ++i) {
    for (JobPtr& job : bench.take()) {
      const bool hangs = job->call.tag == 1;
      bench.finish(std::move(job), hangs ? late() : refused(400));
    }
    bench.now += seconds(20);
  }
  EXPECT_EQ(bench.ended().size(), 2u);
}

TEST(CallQueueRefusals, GoesToTheOthersWhenOneRefusesEverybody) {
  for (const std::uint32_t status : {401u, 402u, 404u, 302u}) {
    Bench bench({provider("a"), provider("b")}, 8);
    bench.submit(20);
    std::size_t refusals = 0;
    for (int round = 0; round < 10; ++round) {
      for (JobPtr& job : bench.take()) {
        const bool bad = job->place.endpoint == 0;
        refusals += bad ? 1 : 0;
        bench.finish(std::move(job), bad ? refused(status, "HTTP 40x: who?") : answered());
      }
    }
    for (const JobPtr& job : bench.ended()) {
      EXPECT_EQ(job->result.failure, Reason::none);
      EXPECT_EQ(job->result.call.endpoint, "b");
      --bench.next_tag;
    }
    EXPECT_EQ(bench.next_tag, 1u) << "all have ended";
    EXPECT_LE(refusals, 4u);
    EXPECT_EQ(bench.endpoint(0).state, EndpointState::refuses);
    EXPECT_EQ(bench.endpoint(0).words, "HTTP 40x: who?");
    EXPECT_EQ(bench.endpoint(1).state, EndpointState::good);
  }
}

TEST(CallQueueRefusals, ARefusedRequestIsTriedAtEveryEndpointOnce) {
  Bench bench({provider("a"), provider("b")}, 8);
  bench.submit(2);
  EXPECT_EQ(bench.end_all(answered()), 2u);  // both have answered
  bench.ended();
  bench.submit(1);
  EXPECT_EQ(bench.end_all(refused(400, "HTTP 400: no")), 1u);
  EXPECT_TRUE(bench.ended().empty());
  EXPECT_EQ(bench.end_all(refused(403, "HTTP 403: never")), 1u);
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.failure, Reason::provider_rejected);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::refused);
  EXPECT_EQ(ended[0]->result.call.error, "HTTP 403: never");
  EXPECT_EQ(ended[0]->result.call.attempts, 2u);
}

TEST(CallQueueRefusals, WhatEveryFilterRefusesIsAnEmptyAnswer) {
  for (const bool by_all : {true, false}) {
    Bench bench({provider("a"), provider("b")});
    bench.submit(2);
    bench.end_all(answered());
    bench.ended();
    bench.submit(1);
    Attempt filtered = refused(400, "HTTP 400: filtered");
    filtered.filtered = true;
    bench.end_all(filtered);
    filtered.filtered = by_all;
    bench.end_all(filtered);
    const auto ended = bench.ended();
    ASSERT_EQ(ended.size(), 1u);
    const ChatResult& result = ended[0]->result;
    EXPECT_EQ(result.call.end, CallEnd::refused);
    EXPECT_EQ(result.call.error, filtered.error);
    EXPECT_EQ(result.failure, by_all ? Reason::none : Reason::provider_rejected);
    EXPECT_EQ(result.answer.finish_reason, by_all ? "content_filter" : "");
  }
}

/// A model name that is wrong, or a parameter that the model does not take.
TEST(CallQueueRefusals, EqualRefusalsBeforeTheFirstAnswerAreTheEndpoints) {
  Bench bench({provider("a")}, 8);
  bench.submit(100);
  std::size_t calls = 0;
  for (int round = 0; round < 10; ++round) {
    for (JobPtr& job : bench.take()) {
      const std::string number = std::to_string(++calls);
      bench.finish(std::move(job), refused(400, "HTTP 400: no max_tokens, request " + number));
    }
  }
  EXPECT_EQ(calls, 8u);
  EXPECT_TRUE(bench.ended().empty());
  EXPECT_EQ(bench.endpoint(0).state, EndpointState::refuses);
  bench.now += seconds(20);  // somebody mended it
  for (int round = 0; round < 20; ++round) {
    bench.end_all(answered());
  }
  EXPECT_EQ(bench.ended().size(), 100u);
}

/// A web page in place of an answer is tried again, and costs the endpoint no more of its few
/// calls.
TEST(CallQueueRefusals, EqualRepliesToFewRequestsAreTheEndpointsToo) {
  Bench bench({provider("a")}, 8);
  bench.submit(2);
  std::size_t replies = 0;
  for (int round = 0; round < 10; ++round) {
    replies += bench.end_all(refused(200, "HTTP 200: a page"));
    bench.now += seconds(1);
  }
  EXPECT_LE(replies, 8u + 2u) << "and probes";
  EXPECT_EQ(bench.endpoint(0).state, EndpointState::refuses);
  EXPECT_TRUE(bench.ended().empty());
}

TEST(CallQueueRefusals, ARefusalBeforeTheFirstAnswerWaitsForIt) {
  Bench bench({provider("a")}, 2);
  bench.submit(3);
  std::vector<JobPtr> jobs = bench.take();
  bench.finish(std::move(jobs[0]), refused(400, "HTTP 400: too long"));
  EXPECT_TRUE(bench.ended().empty());
  bench.finish(std::move(jobs[1]), answered());
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[1]->result.call.end, CallEnd::refused);
  EXPECT_EQ(ended[1]->result.call.error, "HTTP 400: too long");
}

TEST(CallQueueRefusals, WithNothingElseToShowItTwoEqualRefusalsAreTheEndpoints) {
  for (const std::size_t rows : {1u, 2u}) {
    Bench bench({provider("a")}, 8);
    bench.submit(rows);
    EXPECT_EQ(bench.end_all(refused(400, "HTTP 400: no")), rows);
    EXPECT_TRUE(bench.take().empty());
    EXPECT_EQ(bench.ended().size(), rows == 1 ? 1u : 0u);
    EXPECT_EQ(bench.endpoint(0).state, rows == 1 ? EndpointState::untried : EndpointState::refuses);
  }
}

TEST(CallQueueRefusals, RefusalsThatTakeUpAllThatMayBeInDoubtAreConcluded) {
  Bench bench({provider("a")}, 2);
  bench.submit(6);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 2u);
  bench.finish(std::move(jobs[0]), refused(400, "no apples"));
  bench.finish(std::move(jobs[1]), refused(400, "no pears"));
  bench.admit();
  EXPECT_EQ(bench.ended().size(), 2u) << "each for its own sake";
  EXPECT_EQ(bench.end_all(answered()), 2u);
}

}  // namespace
}  // namespace fd
