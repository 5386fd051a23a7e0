#include "tests/actors/gateway/call_queue_bench.hpp"

namespace fd {
namespace {

/// A small demand has a share of one endpoint alone: its refusal says nothing of the others.
TEST(CallQueueShares, WaitsForAShareOfOneThatHasNotRefused) {
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
TEST(CallQueueShares, WaitsForAShareOfOneThatHasNotFailed) {
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

TEST(CallQueueShares, WantsNothingWhileNothingIsSharedOut) {
  Bench bench({provider("a"), provider("b")});
  bench.queue.set_shares({}, bench.now);
  bench.submit(1);
  EXPECT_TRUE(bench.queue.load(bench.now).endpoints.empty());
}

/// --- priority ---

Bench bench_with_reserve() {
  ProviderConfig reserve = provider("reserve", 8);
  reserve.priority = 1;
  return Bench({provider("first", 2), reserve});
}

TEST(CallQueueShares, AReserveIsNotAskedForWantOfRoom) {
  Bench bench = bench_with_reserve();
  bench.submit(5);
  EXPECT_EQ(count_at(bench.take(), 0), 2u);
  EXPECT_TRUE(bench.take().empty());
  bench.queue.set_shares({{"first", 0, false}, {"reserve", 8, false}}, bench.now);
  EXPECT_TRUE(bench.take().empty());
}

TEST(CallQueueShares, AReserveIsAskedWhileTheOthersAreOut) {
  Bench bench = bench_with_reserve();
  bench.submit(2);
  EXPECT_EQ(bench.end_all(refused(401)), 2u);
  bench.submit(4);
  std::vector<JobPtr> jobs = bench.take();
  EXPECT_EQ(count_at(jobs, 1), 6u);
  bench.finish(std::move(jobs[5]), answered());
  bench.now += seconds(120);
  bench.submit(9);
  std::vector<JobPtr> more = bench.take();
  ASSERT_EQ(count_at(more, 0), 1u) << "a probe";
  ASSERT_EQ(more[0]->place.endpoint, 0u);
  EXPECT_EQ(count_at(more, 1), 3u);
  bench.finish(std::move(more[0]), answered());
  EXPECT_EQ(count_at(bench.take(), 0), 2u);
  EXPECT_TRUE(bench.take().empty()) << "the reserve has room";
}

/// A failure that another attempt may mend is no reason, as long as the endpoint is not out.
TEST(CallQueueShares, AReserveIsAskedWhatTheOthersRefusedAndNotWhatFailedThere) {
  Bench bench = bench_with_reserve();
  bench.submit(1);
  bench.end_all(answered());
  bench.submit(2);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(count_at(jobs, 0), 2u);
  const std::uint64_t refused_one = jobs[0]->call.tag;
  bench.finish(std::move(jobs[0]), refused(400));
  bench.finish(std::move(jobs[1]), refused(500));
  bench.now += seconds(60);
  jobs = bench.take();
  ASSERT_EQ(jobs.size(), 2u);
  for (const JobPtr& job : jobs) {
    EXPECT_EQ(job->place.endpoint, job->call.tag == refused_one ? 1u : 0u);
  }
}

TEST(CallQueueShares, AReserveIsAskedWhatFailedTwiceElsewhere) {
  Bench bench = bench_with_reserve();
  bench.submit(1);
  bench.end_all(answered());
  bench.submit(1);
  for (const std::size_t endpoint : {0u, 0u, 1u}) {
    bench.now += seconds(60);
    std::vector<JobPtr> jobs = bench.take();
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_EQ(jobs[0]->place.endpoint, endpoint);
    bench.finish(std::move(jobs[0]), refused(500));
  }
}

TEST(CallQueueShares, AReserveIsAskedWhileTheOthersAskToBeLeftAlone) {
  Bench bench = bench_with_reserve();
  Attempt busy = refused(429);
  busy.retry_after = seconds(10);
  bench.submit(1);
  bench.end_all(busy);
  bench.submit(3);
  EXPECT_EQ(count_at(bench.take(), 1), 4u);
  bench.now += seconds(10);
  bench.submit(3);
  EXPECT_EQ(count_at(bench.take(), 0), 2u);
}

/// The share of a reserve is as large as the calls that need it.
TEST(CallQueueShares, SaysHowManyCallsNeedAReserve) {
  Bench bench = bench_with_reserve();
  bench.queue.set_shares({{"first", 2, false}}, bench.now);
  Attempt busy = refused(429);
  busy.retry_after = seconds(10);
  bench.submit(1);
  bench.end_all(busy);
  bench.submit(3);
  EXPECT_EQ(bench.endpoint(1).provider, "reserve");
  EXPECT_EQ(bench.endpoint(1).wanted, 4u);
  bench.queue.set_shares({{"first", 2, false}, {"reserve", 3, false}}, bench.now);
  EXPECT_EQ(bench.take().size(), 3u);
  EXPECT_EQ(bench.endpoint(1).wanted, 4u) << "one waits, and three keep their share";
}

/// --- limits ---

TEST(CallQueueShares, FollowsAChangeOfShares) {
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

TEST(CallQueueShares, KeepsToItsShareOfEachProvider) {
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

TEST(CallQueueShares, NeverGoesBeyondWhatAProviderAllows) {
  ProviderConfig four = provider("a");
  four.max_concurrency = 4;
  Bench bench({four}, 100);
  bench.queue.set_shares({{"a", 9}}, bench.now);
  bench.submit(10);
  EXPECT_EQ(bench.take().size(), 4u);
}

}  // namespace
}  // namespace fd
