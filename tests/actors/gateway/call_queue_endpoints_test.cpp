#include "tests/actors/gateway/call_queue_bench.hpp"

namespace fd {
namespace {

TEST(CallQueueEndpoints, KeepsToAProvidersLimitAndWeight) {
  Bench bench({provider("small", 4), provider("big", 64, 3)}, 100);
  bench.submit(100);
  std::vector<JobPtr> first = bench.take(8);
  EXPECT_EQ(count_at(first, 0), 2u);
  EXPECT_EQ(count_at(first, 1), 6u);
  std::vector<JobPtr> rest = bench.take();
  EXPECT_EQ(count_at(rest, 0), 2u);
  EXPECT_EQ(count_at(rest, 1), 58u);
  EXPECT_FALSE(bench.queue.next_due(bench.now));
}

TEST(CallQueueEndpoints, RecordsThePriceOfTheProviderThatACallWasSentToLast) {
  ProviderConfig priced = provider("priced", 1);
  priced.price_per_mtok = {.input = 0.5, .output = 2.0};
  const ProviderConfig plain = provider("plain", 1);
  for (const bool priced_last : {false, true}) {
    Bench bench(priced_last ? std::vector{plain, priced} : std::vector{priced, plain});
    const auto one = [&] {
      std::vector<JobPtr> jobs = bench.take();
      EXPECT_EQ(jobs.size(), 1u);
      return std::move(jobs.at(0));
    };
    bench.submit(1);
    JobPtr moved = one();
    EXPECT_EQ(moved->result.call.price.has_value(), !priced_last);
    bench.submit(1);
    JobPtr second = one();
    bench.finish(std::move(moved), refused(500));
    bench.submit(1);
    const JobPtr third = one();  // takes the place of the first
    bench.now += seconds(100);
    bench.finish(std::move(second), answered());
    moved = one();
    EXPECT_EQ(moved->call.tag, 1u);
    EXPECT_EQ(moved->result.call.endpoint, priced_last ? "priced" : "plain");
    EXPECT_EQ(moved->result.call.price, priced_last ? std::optional(Price{0.5, 2}) : std::nullopt);
  }
}

TEST(CallQueueEndpoints, LeavesAnEndpointAloneForAsLongAsItAsks) {
  Bench bench({provider("a"), provider("b", 1)});
  bench.submit(1);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs[0]->place.endpoint, 0u);
  bench.submit(9);
  Attempt busy = refused(429);
  busy.retry_after = seconds(2);
  bench.finish(std::move(jobs[0]), busy);
  const auto others = bench.take();
  EXPECT_EQ(others.size(), 1u);
  EXPECT_EQ(count_at(others, 1), 1u);
  EXPECT_EQ(bench.queue.next_due(bench.now), bench.now + seconds(2));
  bench.now += seconds(2) - Duration(1);
  EXPECT_TRUE(bench.take().empty());
  bench.now += Duration(1);
  EXPECT_GE(bench.take().size(), 8u);
}

/// A small demand has a share of one endpoint alone: its refusal says nothing of the others.
TEST(CallQueueEndpoints, WaitsForAShareOfOneThatHasNotRefused) {
  for (const bool answers : {false, true}) {
    Bench bench({provider("bad"), provider("good"), provider("other")});
    bench.queue.set_shares({{"bad", 1, answers}}, bench.now);
    bench.submit(1);
    std::vector<JobPtr> jobs = bench.take();
    ASSERT_EQ(jobs.size(), 1u);
    ASSERT_EQ(jobs[0]->place.endpoint, 0u);
    EXPECT_FALSE(bench.endpoint(0).wanted);
    bench.finish(std::move(jobs[0]), refused(400));
    EXPECT_TRUE(bench.take().empty());
    EXPECT_TRUE(bench.ended().empty());
    EXPECT_EQ(bench.endpoint(1).provider, "good");
    EXPECT_TRUE(bench.endpoint(1).wanted);
    EXPECT_EQ(bench.queue.load(bench.now).endpoints.size(), 2u) << "one is enough";
    bench.queue.set_shares({{"bad", 1, answers}, {"good", 1, false}}, bench.now);
    EXPECT_FALSE(bench.endpoint(1).wanted);
    jobs = bench.take();
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_EQ(jobs[0]->place.endpoint, 1u);
    bench.finish(std::move(jobs[0]), answered());
    EXPECT_EQ(bench.ended().size(), 1u);
  }
}

/// What an endpoint is to blame for, or passes, is no reason to stay there either.
TEST(CallQueueEndpoints, WaitsForAShareOfOneThatHasNotFailed) {
  for (const Attempt& attempt : {refused(401), refused(503), refused(429), unreachable(), late()}) {
    Bench bench({provider("bad"), provider("good")});
    bench.queue.set_shares({{"bad", 1, false}}, bench.now);
    bench.submit(1);
    EXPECT_EQ(bench.end_all(attempt), 1u);
    EXPECT_TRUE(bench.take().empty()) << attempt.error;
    EXPECT_TRUE(bench.endpoint(1).wanted) << attempt.error;
    bench.now += seconds(4);
    EXPECT_TRUE(bench.take().empty()) << attempt.error;
    bench.queue.set_shares({{"bad", 1, false}, {"good", 1, false}}, bench.now);
    const std::vector<JobPtr> jobs = bench.take();
    ASSERT_EQ(jobs.size(), 1u) << attempt.error;
    EXPECT_EQ(jobs[0]->place.endpoint, 1u) << attempt.error;
  }
}

TEST(CallQueueEndpoints, WantsNothingWhileNothingIsSharedOut) {
  Bench bench({provider("a"), provider("b")});
  bench.queue.set_shares({}, bench.now);
  bench.submit(1);
  EXPECT_TRUE(bench.queue.load(bench.now).endpoints.empty());
}

/// It fails only when all have refused it.
TEST(CallQueueEndpoints, EndACallThatEachRefusesInItsTurn) {
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

TEST(CallQueueEndpoints, StopsSendingToADeadEndpointWhileAnotherLives) {
  // Goal: no call fails, and few attempts are wasted. Method: endpoint 0 never connects.
  Bench bench({provider("dead"), provider("alive")}, 8);
  bench.submit(200);
  std::size_t wasted = 0;
  for (int round = 0; round < 1000; ++round) {
    for (JobPtr& job : bench.take()) {
      const bool dead = job->place.endpoint == 0;
      wasted += dead ? 1 : 0;
      bench.finish(std::move(job), dead ? unreachable() : answered());
    }
    bench.now += milliseconds(10);
  }
  const auto ended = bench.ended();
  EXPECT_EQ(ended.size(), 200u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, Reason::none) << job->result.call.error;
  }
  EXPECT_LE(wasted, 15u);
}

TEST(CallQueueEndpoints, ProbesADeadEndpointWithOneCallAtATime) {
  Bench bench({provider("dead")});
  bench.submit(50);
  EXPECT_EQ(bench.end_all(unreachable()), 50u);
  EXPECT_TRUE(bench.take().empty());
  Instant last = bench.now;
  for (int probe = 0; probe < 12; ++probe) {
    const auto due = bench.queue.next_due(bench.now);
    ASSERT_TRUE(due);
    EXPECT_LE(*due - last, kMaxProbeInterval);
    last = bench.now = std::max(*due, bench.now);
    std::vector<JobPtr> jobs = bench.take();
    if (jobs.empty()) {
      continue;  // a retry came due; the endpoint is still left alone
    }
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_TRUE(jobs[0]->place.probe);
    EXPECT_TRUE(bench.take().empty());
    bench.finish(std::move(jobs[0]), unreachable());
  }
  EXPECT_TRUE(bench.ended().empty());
}

TEST(CallQueueEndpoints, GoesOnAtFullWidthWhenAProbeSucceeds) {
  Bench bench({provider("a")});
  bench.submit(50);
  bench.end_all(unreachable());
  bench.now += seconds(20);
  std::vector<JobPtr> probe = bench.take();
  ASSERT_EQ(probe.size(), 1u);
  bench.finish(std::move(probe[0]), answered());
  EXPECT_EQ(bench.take().size(), 49u);
}

TEST(CallQueueEndpoints, WaitsAndSaysForHowLongNoEndpointIsThere) {
  Bench bench({provider("a")});
  bench.submit(50);
  const Instant start = bench.now;
  while (bench.now < start + seconds(299)) {
    bench.end_all(unreachable());
    bench.now += milliseconds(500);
  }
  EXPECT_TRUE(bench.ended().empty());
  const EndpointReport report = bench.endpoint(0);
  EXPECT_EQ(report.state, EndpointState::waits);
  EXPECT_FALSE(report.answered);
  EXPECT_EQ(report.words, "connection refused");
  EXPECT_EQ(report.out_ms, 299000u);
  EXPECT_EQ(bench.load().waiting, 50u);
}

/// What goes wrong before an endpoint ever answered may be its own fault: engines load.
TEST(CallQueueEndpoints, UsesUpAttemptsOnlyWhereAnAnswerEverCame) {
  Bench bench({provider("a")}, 1);
  bench.submit(2);
  for (int i = 0; i < 20; ++i) {
    bench.end_all(refused(503));
    bench.now += seconds(20);
  }
  EXPECT_TRUE(bench.ended().empty());
  bench.end_all(answered());
  ASSERT_EQ(bench.ended().size(), 1u);
  for (std::uint32_t i = 0; i < RetryConfig().max_attempts; ++i) {
    EXPECT_EQ(bench.end_all(refused(503)), 1u);
    bench.now += seconds(100);
  }
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.failure, Reason::attempts_exhausted);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::failed);
}

/// Two calls are left: one that is refused, and one that is late each time. Neither waits for the
/// other for ever.
TEST(CallQueueEndpoints, UsesUpAttemptsWhereARequestWasRefused) {
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

TEST(CallQueueEndpoints, GoesToTheOthersWhenOneRefusesEverybody) {
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

TEST(CallQueueEndpoints, ComesBackByItselfWithTheNextRealCall) {
  Bench bench({provider("a")});
  bench.submit(4);
  bench.end_all(refused(402, "HTTP 402: pay"));
  EXPECT_TRUE(bench.take().empty());
  bench.now += seconds(20);
  std::vector<JobPtr> probe = bench.take();
  ASSERT_EQ(probe.size(), 1u);
  bench.finish(std::move(probe[0]), answered());
  EXPECT_EQ(bench.end_all(answered()), 3u);
  EXPECT_EQ(bench.ended().size(), 4u);
}

TEST(CallQueueEndpoints, ARefusedRequestIsTriedAtEveryEndpointOnce) {
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

/// A model name that is wrong, or a parameter that the model does not take.
TEST(CallQueueEndpoints, WhatEveryFilterRefusesIsAnEmptyAnswer) {
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

TEST(CallQueueEndpoints, EqualRefusalsBeforeTheFirstAnswerAreTheEndpoints) {
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
TEST(CallQueueEndpoints, EqualRepliesToFewRequestsAreTheEndpointsToo) {
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

TEST(CallQueueEndpoints, ARefusalBeforeTheFirstAnswerWaitsForIt) {
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

TEST(CallQueueEndpoints, WithNothingElseToShowItTwoEqualRefusalsAreTheEndpoints) {
  for (const std::size_t rows : {1u, 2u}) {
    Bench bench({provider("a")}, 8);
    bench.submit(rows);
    EXPECT_EQ(bench.end_all(refused(400, "HTTP 400: no")), rows);
    EXPECT_TRUE(bench.take().empty());
    EXPECT_EQ(bench.ended().size(), rows == 1 ? 1u : 0u);
    EXPECT_EQ(bench.endpoint(0).state, rows == 1 ? EndpointState::untried : EndpointState::refuses);
  }
}

TEST(CallQueueEndpoints, RefusalsThatTakeUpAllThatMayBeInDoubtAreConcluded) {
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

/// With few calls at a time the first ones could keep all others out for ever.
TEST(CallQueueEndpoints, CallsThatAreAlwaysLateMakeWayForOthers) {
  Bench bench({provider("a")}, 2);
  bench.submit(6);
  for (int round = 0; round < 100; ++round) {
    for (JobPtr& job : bench.take()) {
      Attempt late;
      late.end = AttemptEnd::timed_out;
      late.sent = true;
      late.error = "timed out";
      bench.finish(std::move(job), job->call.tag <= 2 ? late : answered());
    }
    bench.now += seconds(20);
  }
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 6u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, job->call.tag <= 2 ? Reason::attempts_exhausted : Reason::none);
  }
}

/// Requests that harm a server must not keep it from ever answering others.
TEST(CallQueueEndpoints, ARequestThatBreaksTheConnectionEndsByItself) {
  Bench bench({provider("a")}, 4);
  bench.submit(10);
  for (int round = 0; round < 200; ++round) {
    for (JobPtr& job : bench.take()) {
      Attempt broken;
      broken.end = AttemptEnd::interrupted;
      broken.sent = true;
      broken.error = "reset";
      bench.finish(std::move(job), job->call.tag <= 4 ? broken : answered());
    }
    bench.now += seconds(10);
  }
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 10u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, job->call.tag <= 4 ? Reason::attempts_exhausted : Reason::none);
  }
}

/// Rows at which a server breaks the connection: others need not wait for them.
TEST(CallQueueEndpoints, AFewRequestsThatFailAgainAndAgainPutNobodyOut) {
  Bench bench({provider("a")}, 4);
  bench.submit(5);
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(bench.end_all(refused(500)), 4u) << round;
    EXPECT_EQ(bench.endpoint(0).state, EndpointState::untried) << round;
    bench.now += seconds(60);
  }
  EXPECT_EQ(bench.end_all(refused(500)), 4u);
  EXPECT_EQ(bench.ended().size(), 4u) << "their patience is at its end";
  EXPECT_EQ(bench.end_all(refused(500)), 1u);
  EXPECT_EQ(bench.endpoint(0).state, EndpointState::waits) << "the fifth";
}

TEST(CallQueueEndpoints, AProbeIsANewCallWhereOneIsThere) {
  Bench bench({provider("a")}, 8);
  bench.submit(10);
  bench.end_all(unreachable());
  bench.now += seconds(20);
  const std::vector<JobPtr> probe = bench.take();
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_EQ(probe[0]->call.tag, 9u);
}

TEST(CallQueueEndpoints, AFailedCallIsTriedElsewhereFirst) {
  Bench bench({provider("a"), provider("b", 1)}, 8);
  bench.submit(2);
  bench.end_all(answered());
  bench.ended();
  bench.submit(2);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 2u);
  ASSERT_EQ(jobs[0]->place.endpoint, 0u);
  bench.finish(std::move(jobs[0]), refused(500));
  bench.now += seconds(10);
  EXPECT_TRUE(bench.take().empty()) << "it waits for the place at the other one";
  bench.finish(std::move(jobs[1]), answered());
  jobs = bench.take();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]->place.endpoint, 1u);
}

/// A server that does one request at a time, and 64 calls at once.
TEST(CallQueueEndpoints, TimeOutsNarrowWhatIsInFlightUntilNoneIsLost) {
  Bench bench({provider("a")}, 64);
  bench.submit(400);
  std::size_t failed = 0;
  std::size_t answers = 0;
  for (int round = 0; round < 500 && answers + failed < 400; ++round) {
    std::vector<JobPtr> jobs = bench.take();
    bench.now += seconds(120);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      Attempt late;
      late.end = AttemptEnd::timed_out;
      late.sent = true;
      late.error = "timed out";
      bench.finish(std::move(jobs[i]), i < 10 ? answered() : late);
    }
    for (const JobPtr& job : bench.ended()) {
      job->result.failure == Reason::none ? ++answers : ++failed;
    }
  }
  EXPECT_EQ(answers, 400u);
  EXPECT_EQ(failed, 0u);
}

TEST(CallQueueEndpoints, FollowsAChangeOfShares) {
  Bench bench({provider("a")}, 2);
  bench.submit(10);
  auto jobs = bench.take();
  bench.queue.set_shares({{"a", 5}}, bench.now);
  EXPECT_EQ(bench.take().size(), 3u);
  EXPECT_EQ(bench.load(), (CallLoad{{{"a", 5}}, 0, 5, {}, 0}));
  bench.queue.set_shares({{"a", 1}}, bench.now);
  bench.finish(std::move(jobs[0]), answered());
  EXPECT_TRUE(bench.take().empty());
}

TEST(CallQueueEndpoints, KeepsToItsShareOfEachProvider) {
  Bench bench({provider("a"), provider("b"), provider("c")}, 100);
  bench.queue.set_shares({{"b", 3}, {"a", 1}}, bench.now);
  bench.submit(10);
  std::map<std::size_t, int> at;
  for (const JobPtr& job : bench.take()) {
    ++at[job->place.endpoint];
  }
  EXPECT_EQ(at, (std::map<std::size_t, int>{{0, 1}, {1, 3}}));
  EXPECT_FALSE(bench.queue.next_due(bench.now).has_value());
  bench.queue.set_shares({}, bench.now);
  EXPECT_TRUE(bench.take().empty());
  bench.queue.set_shares({{"c", 2}}, bench.now);
  EXPECT_TRUE(bench.take().empty()) << "four are in flight, and two may be";
}

TEST(CallQueueEndpoints, NeverGoesBeyondWhatAProviderAllows) {
  ProviderConfig four = provider("a");
  four.max_concurrency = 4;
  Bench bench({four}, 100);
  bench.queue.set_shares({{"a", 9}}, bench.now);
  bench.submit(10);
  EXPECT_EQ(bench.take().size(), 4u);
}

}  // namespace
}  // namespace fd
