#include "actors/gateway/call_queue.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMany = 1000;

/// A queue with a clock that only the test moves.
class Bench {
 public:
  explicit Bench(std::vector<ProviderConfig> providers, std::uint32_t slots = 100)
      : queue(config_of(std::move(providers)), slots, 7) {}

  static GatewayConfig config_of(std::vector<ProviderConfig> providers) {
    GatewayConfig config;
    config.providers = std::move(providers);
    config.outage_timeout_s = 300;
    return config;
  }

  void submit(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ChatCall call;
      call.tag = next_tag++;
      queue.add(make_job(std::move(call), now));
    }
  }

  std::vector<JobPtr> take(std::size_t most = kMany) {
    std::vector<JobPtr> jobs;
    queue.take(now, most, jobs);
    return jobs;
  }

  /// Takes every job that can be had and ends it this way. Returns how many there were.
  std::size_t end_all(const Attempt& attempt) {
    std::vector<JobPtr> jobs = take();
    const std::size_t count = jobs.size();
    for (JobPtr& job : jobs) {
      queue.finish(std::move(job), attempt, now);
    }
    return count;
  }

  std::vector<JobPtr> ended() {
    std::vector<JobPtr> jobs;
    queue.take_ended(jobs);
    return jobs;
  }

  CallQueue queue;
  Instant now = Instant(seconds(1000));
  std::uint64_t next_tag = 1;
};

ProviderConfig provider(std::string name, std::uint32_t max_concurrency = 64, double weight = 1) {
  ProviderConfig config;
  config.name = std::move(name);
  config.max_concurrency = max_concurrency;
  config.weight = weight;
  return config;
}

Attempt answered() {
  Attempt attempt;
  attempt.sent = true;
  attempt.status = 200;
  attempt.usage = {10, 2};
  return attempt;
}

Attempt refused(std::uint32_t status, std::string error = "HTTP") {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.sent = true;
  attempt.status = status;
  attempt.error = std::move(error);
  return attempt;
}

Attempt unreachable() {
  Attempt attempt;
  attempt.end = AttemptEnd::unreachable;
  attempt.error = "connection refused";
  return attempt;
}

std::size_t count_at(const std::vector<JobPtr>& jobs, std::size_t endpoint) {
  std::size_t count = 0;
  for (const JobPtr& job : jobs) {
    count += job->place.endpoint == endpoint ? 1u : 0u;
  }
  return count;
}

TEST(CallQueue, SendsInOrderUpToItsSlots) {
  Bench bench({provider("a")}, 3);
  bench.submit(5);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0]->call.tag, 1u);
  EXPECT_EQ(jobs[2]->call.tag, 3u);
  EXPECT_FALSE(bench.queue.has_free_slot());
  EXPECT_TRUE(bench.take().empty());
  bench.queue.finish(std::move(jobs[0]), answered(), bench.now);
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, GivesNoMoreThanItIsAskedFor) {
  Bench bench({provider("a")});
  bench.submit(5);
  EXPECT_EQ(bench.take(0).size(), 0u);
  EXPECT_EQ(bench.take(2).size(), 2u);
}

TEST(CallQueue, KeepsToAProvidersLimitAndWeight) {
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

TEST(CallQueue, RecordsWhatACallTook) {
  Bench bench({provider("a")});
  bench.submit(1);
  bench.now += milliseconds(5);
  Attempt failed = refused(500, "HTTP 500: boom");
  failed.usage = {3, 0};
  ASSERT_EQ(bench.end_all(failed), 1u);
  bench.now += seconds(1);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 1u);
  bench.now += milliseconds(20);
  bench.queue.finish(std::move(jobs[0]), answered(), bench.now);
  const std::vector<JobPtr> ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  const ChatResult& result = ended[0]->result;
  EXPECT_EQ(result.tag, 1u);
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(result.call.endpoint, "a");
  EXPECT_EQ(result.call.attempts, 2u);
  EXPECT_EQ(result.call.http_status, 200u);
  EXPECT_EQ(result.call.prompt_tokens, 13u);
  EXPECT_EQ(result.call.completion_tokens, 2u);
  EXPECT_EQ(result.call.queue_us, 5000u);
  EXPECT_EQ(result.call.service_us, 1020000u);
  EXPECT_EQ(result.call.error, "");
}

TEST(CallQueue, BeginsACallWithWhatItIsAndItsLease) {
  ChatCall call;
  static_cast<CallIdentity&>(call) = {sha256("s"), sha256("k"), Role::judge, 1, 2, 3};
  call.model = "m";
  call.fence = 9;
  const JobPtr job = make_job(call, Instant());
  EXPECT_EQ(job->result.call, begun(call));
  EXPECT_EQ(job->result.call.key(), call.key());
  EXPECT_EQ(job->result.call.role, Role::judge);
  EXPECT_EQ(job->result.call.vote, 2u);
  EXPECT_EQ(job->result.call.round, 3u);
  EXPECT_EQ(job->result.call.fence, 9u);
  EXPECT_EQ(job->result.answer, (Answer{call, "m", "", "", ""}));
}

TEST(CallQueue, APriceOfZeroIsAPriceAndNoneIsNone) {
  ProviderConfig one = provider("one", 1);
  for (const std::optional<double> input : {std::optional<double>(), std::optional(0.0)}) {
    one.price_per_mtok.input = input;
    Bench bench({one});
    bench.submit(1);
    EXPECT_EQ(bench.take().at(0)->result.call.price, input ? std::optional(Price{}) : std::nullopt);
  }
}

/// A call that moved on to a provider without a price kept that of the one before.
TEST(CallQueue, RecordsThePriceOfTheProviderThatACallWasSentToLast) {
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
    bench.queue.finish(std::move(moved), refused(500), bench.now);
    bench.submit(1);
    const JobPtr third = one();  // takes the place of the first
    bench.now += seconds(100);
    bench.queue.finish(std::move(second), answered(), bench.now);
    moved = one();
    EXPECT_EQ(moved->call.tag, 1u);
    EXPECT_EQ(moved->result.call.endpoint, priced_last ? "priced" : "plain");
    EXPECT_EQ(moved->result.call.price, priced_last ? std::optional(Price{0.5, 2}) : std::nullopt);
  }
}

TEST(CallQueue, MarksAnUnknownKey) {
  Bench bench({provider("a")});
  bench.submit(1);
  bench.end_all(refused(401, "HTTP 401: who?"));
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.failure, Reason::provider_rejected);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::unauthorized);
  EXPECT_EQ(ended[0]->result.call.error, "unauthorized: HTTP 401: who?");
}

TEST(CallQueue, SendsRetriesBeforeNewCallsWhenTheyAreDue) {
  Bench bench({provider("a")}, 1);
  bench.submit(1);
  Attempt busy = refused(429);
  busy.retry_after = Duration::zero();
  bench.end_all(busy);
  bench.submit(1);
  ASSERT_EQ(bench.queue.next_due(), bench.now);
  const auto jobs = bench.take();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]->call.tag, 1u);
}

TEST(CallQueue, LeavesAnEndpointAloneForAsLongAsItAsks) {
  Bench bench({provider("a"), provider("b", 1)});
  bench.submit(10);
  std::vector<JobPtr> jobs = bench.take(1);
  ASSERT_EQ(jobs[0]->place.endpoint, 0u);
  Attempt busy = refused(429);
  busy.retry_after = seconds(2);
  bench.queue.finish(std::move(jobs[0]), busy, bench.now);
  const auto others = bench.take();
  EXPECT_EQ(others.size(), 1u);
  EXPECT_EQ(count_at(others, 1), 1u);
  EXPECT_EQ(bench.queue.next_due(), bench.now + seconds(2));
  bench.now += seconds(2) - Duration(1);
  EXPECT_TRUE(bench.take().empty());
  bench.now += Duration(1);
  EXPECT_GE(bench.take().size(), 8u);
}

TEST(CallQueue, StopsSendingToADeadEndpointWhileAnotherLives) {
  // Goal: no call fails, and few attempts are wasted. Method: endpoint 0 never connects.
  Bench bench({provider("dead"), provider("alive")}, 8);
  bench.submit(200);
  std::size_t wasted = 0;
  for (int round = 0; round < 1000; ++round) {
    for (JobPtr& job : bench.take()) {
      const bool dead = job->place.endpoint == 0;
      wasted += dead ? 1 : 0;
      bench.queue.finish(std::move(job), dead ? unreachable() : answered(), bench.now);
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

TEST(CallQueue, ProbesADeadEndpointWithOneCallAtATime) {
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
    bench.queue.finish(std::move(jobs[0]), unreachable(), bench.now);
  }
  EXPECT_TRUE(bench.ended().empty());
}

TEST(CallQueue, GoesOnAtFullWidthWhenAProbeSucceeds) {
  Bench bench({provider("a")});
  bench.submit(50);
  bench.end_all(unreachable());
  bench.now += seconds(20);
  std::vector<JobPtr> probe = bench.take();
  ASSERT_EQ(probe.size(), 1u);
  bench.queue.finish(std::move(probe[0]), answered(), bench.now);
  EXPECT_EQ(bench.take().size(), 49u);
}

TEST(CallQueue, EndsEverythingWhenNoEndpointIsThereForTooLong) {
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

TEST(CallQueue, UsesUpAttemptsOnAnEndpointThatIsNotYetKnownToBeDown) {
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

TEST(CallQueue, CancelsWhatIsNotInFlight) {
  Bench bench({provider("a")}, 2);
  bench.submit(5);
  std::vector<JobPtr> in_flight = bench.take();
  ASSERT_EQ(in_flight.size(), 2u);
  bench.queue.finish(std::move(in_flight[0]), refused(500), bench.now);  // waits for a retry
  bench.queue.cancel(bench.now);
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 4u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, Reason::internal);
    EXPECT_EQ(job->result.call.end, CallEnd::cancelled);
    EXPECT_EQ(job->result.call.error, "cancelled");
    EXPECT_EQ(job->result.call.attempts, job->call.tag == 1 ? 1u : 0u);
  }
  bench.queue.finish(std::move(in_flight[1]), answered(), bench.now);
  ASSERT_EQ(bench.ended().at(0)->result.failure, Reason::none);
}

/// A09: a worker that was stopped for longer than its lease must not send what was queued when it
/// wakes up, before it has noticed.
TEST(CallQueue, A09SendsNothingFromTheDeadlineOnUntilThereIsALaterOne) {
  Bench bench({provider("a")}, 2);
  bench.queue.set_send_deadline(bench.now + seconds(10));
  bench.submit(3);
  bench.now += seconds(10) - std::chrono::microseconds(1);
  std::vector<JobPtr> in_flight = bench.take();
  ASSERT_EQ(in_flight.size(), 2u);
  bench.queue.finish(std::move(in_flight[0]), answered(), bench.now);
  bench.now += std::chrono::microseconds(1);
  EXPECT_TRUE(bench.take().empty());
  EXPECT_FALSE(bench.queue.next_due().has_value());
  bench.queue.set_send_deadline(bench.now + seconds(10));
  EXPECT_TRUE(bench.queue.next_due().has_value());
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, DoesNotTryACallAgainThatWasInFlightWhenTheRestWasCancelled) {
  Bench bench({provider("a")}, 2);
  bench.submit(2);
  std::vector<JobPtr> in_flight = bench.take();
  bench.queue.cancel(bench.now);
  bench.queue.finish(std::move(in_flight[0]), refused(500), bench.now);
  bench.queue.finish(std::move(in_flight[1]), refused(400, "HTTP 400: no"), bench.now);
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0]->result.failure, Reason::internal);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::cancelled);
  EXPECT_EQ(ended[0]->result.call.error, "HTTP");
  EXPECT_EQ(ended[0]->result.call.attempts, 1u);
  EXPECT_EQ(ended[1]->result.failure, Reason::provider_rejected);
  EXPECT_EQ(ended[1]->result.call.end, CallEnd::refused);
  bench.submit(1);
  EXPECT_EQ(bench.end_all(refused(500)), 1u);
  EXPECT_TRUE(bench.ended().empty()) << "a call of after the cancellation has all its attempts";
}

TEST(CallQueue, FollowsAChangeOfShares) {
  Bench bench({provider("a")}, 2);
  bench.submit(10);
  auto jobs = bench.take();
  bench.queue.set_shares({{"a", 5}});
  EXPECT_EQ(bench.take().size(), 3u);
  EXPECT_EQ(bench.queue.load(), (CallLoad{{{"a", 5}}, 0, 5}));
  bench.queue.set_shares({{"a", 1}});
  bench.queue.finish(std::move(jobs[0]), answered(), bench.now);
  EXPECT_TRUE(bench.take().empty());
}

TEST(CallQueue, KeepsToItsShareOfEachProvider) {
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

TEST(CallQueue, NeverGoesBeyondWhatAProviderAllows) {
  ProviderConfig four = provider("a");
  four.max_concurrency = 4;
  Bench bench({four}, 100);
  bench.queue.set_shares({{"a", 9}});
  bench.submit(10);
  EXPECT_EQ(bench.take().size(), 4u);
}

}  // namespace
}  // namespace fd
