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
  EXPECT_FALSE(bench.queue.next_due());
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
  EXPECT_EQ(bench.queue.next_due(), bench.now + seconds(2));
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
    const auto due = bench.queue.next_due();
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

TEST(CallQueueEndpoints, EndsEverythingWhenNoEndpointIsThereForTooLong) {
  Bench bench({provider("a"), provider("b")});
  bench.submit(50);
  const Instant start = bench.now;
  while (bench.now < start + seconds(299)) {
    bench.end_all(unreachable());
    bench.now += milliseconds(500);
  }
  EXPECT_TRUE(bench.ended().empty());
  bench.now = start + seconds(310);
  bench.end_all(unreachable());
  bench.take();
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 50u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, Reason::provider_error);
    EXPECT_EQ(job->result.call.end, CallEnd::outage);
    EXPECT_EQ(job->result.call.error,
              "outage: no endpoint could be connected to; the last error: connection refused");
    EXPECT_EQ(job->result.call.attempts, 0u);
  }
  EXPECT_FALSE(bench.queue.next_due());
}

TEST(CallQueueEndpoints, UsesUpAttemptsOnAnEndpointThatIsNotYetKnownToBeDown) {
  Bench bench({provider("a")});
  GatewayConfig config = Bench::config_of({provider("a")});
  config.retry.max_attempts = 2;
  bench.queue = CallQueue(config, 1, 7);
  bench.submit(1);
  EXPECT_EQ(bench.end_all(unreachable()), 1u);
  bench.now += seconds(1);
  EXPECT_EQ(bench.end_all(unreachable()), 1u);
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.failure, Reason::attempts_exhausted);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::failed);
  EXPECT_EQ(ended[0]->result.call.error, "connection refused");
}

TEST(CallQueueEndpoints, FollowsAChangeOfShares) {
  Bench bench({provider("a")}, 2);
  bench.submit(10);
  auto jobs = bench.take();
  bench.queue.set_shares({{"a", 5}});
  EXPECT_EQ(bench.take().size(), 3u);
  EXPECT_EQ(bench.queue.load(), (CallLoad{{{"a", 5}}, 0, 5}));
  bench.queue.set_shares({{"a", 1}});
  bench.finish(std::move(jobs[0]), answered());
  EXPECT_TRUE(bench.take().empty());
}

TEST(CallQueueEndpoints, KeepsToItsShareOfEachProvider) {
  Bench bench({provider("a"), provider("b"), provider("c")}, 100);
  bench.queue.set_shares({{"b", 3}, {"a", 1}});
  bench.submit(10);
  std::map<std::size_t, int> at;
  for (const JobPtr& job : bench.take()) {
    ++at[job->place.endpoint];
  }
  EXPECT_EQ(at, (std::map<std::size_t, int>{{0, 1}, {1, 3}}));
  EXPECT_FALSE(bench.queue.next_due().has_value());
  bench.queue.set_shares({});
  EXPECT_TRUE(bench.take().empty());
  bench.queue.set_shares({{"c", 2}});
  EXPECT_TRUE(bench.take().empty()) << "four are in flight, and two may be";
}

TEST(CallQueueEndpoints, NeverGoesBeyondWhatAProviderAllows) {
  ProviderConfig four = provider("a");
  four.max_concurrency = 4;
  Bench bench({four}, 100);
  bench.queue.set_shares({{"a", 9}});
  bench.submit(10);
  EXPECT_EQ(bench.take().size(), 4u);
}

}  // namespace
}  // namespace fd
