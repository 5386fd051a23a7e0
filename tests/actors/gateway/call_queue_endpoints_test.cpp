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

/// Few calls say the same again and again: no request is to blame for it.
TEST(CallQueueEndpoints, OneThatLoadsIsLeftAloneHoweverFewCallsItGets) {
  for (const std::uint32_t status : {502, 503, 504}) {
    Bench bench({provider("a", 2)});
    bench.submit(2);
    std::size_t sent = 0;
    for (int i = 0; i < 100; ++i) {
      sent += bench.end_all(refused(status));
    }
    EXPECT_EQ(bench.endpoint(0).state, EndpointState::waits);
    EXPECT_LE(sent, kFailuresToPause + 1u) << status;
    EXPECT_TRUE(bench.ended().empty());
  }
}

TEST(CallQueueEndpoints, OneThatIsUnavailableIsLeftAloneHoweverFewCallsItGets) {
  for (const bool unavailable : {true, false}) {
    Bench bench({provider("a", 2)});
    bench.submit(1);
    bench.end_all(answered());
    bench.submit(1);
    for (std::uint32_t i = 0; i < kFailuresToPause; ++i) {
      bench.end_all(refused(unavailable ? 503 : 502));
      bench.now += seconds(120);
    }
    EXPECT_EQ(bench.endpoint(0).state == EndpointState::waits, unavailable);
  }
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

}  // namespace
}  // namespace fd
