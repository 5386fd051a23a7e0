#include "tests/actors/gateway/call_queue_bench.hpp"

namespace fd {
namespace {

TEST(CallQueue, SendsInOrderUpToItsSlots) {
  Bench bench({provider("a")}, 3);
  bench.submit(5);
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0]->call.tag, 1u);
  EXPECT_EQ(jobs[2]->call.tag, 3u);
  EXPECT_TRUE(bench.take().empty());
  bench.finish(std::move(jobs[0]), answered());
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, GivesNoMoreThanItIsAskedFor) {
  Bench bench({provider("a")});
  bench.submit(5);
  EXPECT_EQ(bench.take(0).size(), 0u);
  EXPECT_EQ(bench.take(2).size(), 2u);
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
  bench.finish(std::move(jobs[0]), answered());
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

TEST(CallQueue, SendsRetriesBeforeNewCallsWhenTheyAreDue) {
  Bench bench({provider("a")}, 1);
  bench.submit(1);
  Attempt busy = refused(429);
  busy.retry_after = Duration::zero();
  bench.end_all(busy);
  bench.submit(1);
  ASSERT_EQ(bench.queue.next_due(bench.now), bench.now);
  const auto jobs = bench.take();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]->call.tag, 1u);
}

TEST(CallQueue, CancelsWhatIsNotInFlight) {
  Bench bench({provider("a")}, 2);
  bench.submit(5);
  std::vector<JobPtr> in_flight = bench.take();
  ASSERT_EQ(in_flight.size(), 2u);
  bench.finish(std::move(in_flight[0]), refused(500));  // waits for a retry
  bench.queue.cancel(bench.now);
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 4u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.failure, Reason::internal);
    EXPECT_EQ(job->result.call.end, CallEnd::cancelled);
    EXPECT_EQ(job->result.call.error, job->call.tag == 1 ? "HTTP" : "cancelled");
    EXPECT_EQ(job->result.call.attempts, job->call.tag == 1 ? 1u : 0u);
  }
  bench.finish(std::move(in_flight[1]), answered());
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
  bench.finish(std::move(in_flight[0]), answered());
  bench.now += std::chrono::microseconds(1);
  EXPECT_TRUE(bench.take().empty());
  EXPECT_FALSE(bench.queue.next_due(bench.now).has_value());
  bench.queue.set_send_deadline(bench.now + seconds(10));
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, DoesNotTryACallAgainThatWasInFlightWhenTheRestWasCancelled) {
  Bench bench({provider("a")}, 2);
  bench.submit(1);
  bench.end_all(answered());
  bench.ended();
  bench.submit(2);
  std::vector<JobPtr> in_flight = bench.take();
  bench.queue.cancel(bench.now);
  bench.finish(std::move(in_flight[0]), refused(500));
  bench.finish(std::move(in_flight[1]), refused(400, "HTTP 400: no"));
  const auto ended = bench.ended();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0]->result.failure, Reason::internal);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::cancelled);
  EXPECT_EQ(ended[0]->result.call.error, "HTTP");
  EXPECT_EQ(ended[0]->result.call.attempts, 1u);
  EXPECT_EQ(ended[1]->result.failure, Reason::provider_rejected);
  EXPECT_EQ(ended[1]->result.call.end, CallEnd::refused);
  bench.submit(1, 1);
  EXPECT_EQ(bench.end_all(refused(500)), 1u);
  EXPECT_TRUE(bench.ended().empty()) << "a call of after the cancellation has all its attempts";
}

/// A crash leaves in doubt what has an intent on disk: only what has a place gets one.
TEST(CallQueue, WritesTheIntentsOfAdmittedCallsOnly) {
  Bench bench({provider("a")}, 3);
  bench.submit(5);
  EXPECT_EQ(bench.admit(), 3u);
  EXPECT_EQ(bench.admit(), 0u);
  EXPECT_FALSE(bench.queue.has_ready());
  EXPECT_EQ(bench.load(), (CallLoad{{{"a", 3}}, 0, 2, {}, 0}));
  bench.write();
  EXPECT_TRUE(bench.queue.has_ready());
  std::vector<JobPtr> jobs = bench.take();
  ASSERT_EQ(jobs.size(), 3u);
  bench.finish(std::move(jobs[0]), refused(500));
  bench.now += seconds(100);
  EXPECT_EQ(bench.admit(), 0u) << "a call that is tried again has its intent on disk";
  EXPECT_TRUE(bench.queue.has_ready());
}

/// An answer that is not on disk yet can still be lost with the process.
TEST(CallQueue, AdmitsNoMoreThanMayBeInDoubt) {
  Bench bench({provider("a")}, 8);
  bench.settles = false;
  ASSERT_EQ(in_doubt_max(8), 9u);
  bench.submit(20);
  for (JobPtr& job : bench.take()) {
    bench.finish(std::move(job), answered());
  }
  EXPECT_EQ(bench.admit(), 1u);
  EXPECT_EQ(bench.load(), (CallLoad{{{"a", 1}}, 8, 11, {}, 0}));
  EXPECT_FALSE(bench.queue.next_due(bench.now));
  bench.settles = true;
  EXPECT_EQ(bench.admit(), 7u);
}

TEST(CallQueue, CancelsWhatWaitsForItsIntent) {
  Bench bench({provider("a")}, 2);
  bench.settles = false;
  bench.submit(3);
  EXPECT_EQ(bench.admit(), 2u);
  bench.queue.cancel(bench.now);
  EXPECT_EQ(bench.load(), (CallLoad{{{"a", 0}}, 2, 0, {}, 0}));
  bench.submit(1, 1);
  EXPECT_EQ(bench.admit(), 0u) << "two may still be in doubt";
  bench.settles = true;
  const std::vector<JobPtr> ended = bench.ended();
  ASSERT_EQ(ended.size(), 3u);
  for (const JobPtr& job : ended) {
    EXPECT_TRUE(left_nothing(*job));
    EXPECT_EQ(job->ticket.has_value(), job->call.tag <= 2);
  }
  bench.write();
  EXPECT_FALSE(bench.queue.has_ready());
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, EndsAtOnceWhatComesFromBeforeACancel) {
  Bench bench({provider("a")});
  bench.queue.cancel(bench.now);
  bench.submit(1);
  EXPECT_EQ(bench.ended().at(0)->result.call.end, CallEnd::cancelled);
  bench.submit(1, 1);
  EXPECT_EQ(bench.take().size(), 1u);
}

TEST(CallQueue, C05SendsNothingOnceTheDiskFailed) {
  for (const bool at_intent : {true, false}) {
    Bench bench({provider("a")}, 3);
    bench.submit(3);
    std::vector<JobPtr> jobs = bench.take(1);
    bench.submit(2);
    bench.finish(std::move(jobs[0]), answered());
    if (at_intent) {
      EXPECT_EQ(bench.ended().size(), 1u);
      EXPECT_EQ(bench.admit(), 1u);
      bench.write(false);
    } else {
      bench.settles = false;
      EXPECT_EQ(bench.ended().size(), 1u);
      bench.queue.settled(false, bench.now);
    }
    bench.settles = false;
    const std::vector<JobPtr> ended = bench.ended();
    EXPECT_EQ(ended.size(), 4u);
    for (const JobPtr& job : ended) {
      EXPECT_EQ(job->result.call.end, CallEnd::journal_failed);
      EXPECT_EQ(job->result.call.error, "the disk failed, so the call was not sent");
      EXPECT_EQ(job->result.failure, Reason::internal);
    }
    EXPECT_FALSE(bench.queue.has_ready());
    bench.submit(1);
    EXPECT_EQ(bench.ended().at(0)->result.call.end, CallEnd::journal_failed);
  }
}

TEST(CallQueue, C05TriesNothingAgainOnceTheDiskFailed) {
  Bench bench({provider("a")}, 2);
  bench.submit(2);
  std::vector<JobPtr> jobs = bench.take();
  bench.settles = false;
  bench.finish(std::move(jobs[0]), answered());
  EXPECT_EQ(bench.ended().size(), 1u);
  bench.queue.settled(false, bench.now);
  bench.finish(std::move(jobs[1]), refused(500));
  EXPECT_EQ(bench.ended().at(0)->result.call.end, CallEnd::journal_failed);
}

TEST(CallQueue, ACallThatWasNotSentGivesAProbeBack) {
  Bench bench({provider("dead")});
  bench.submit(50);
  bench.end_all(unreachable());
  bench.now += seconds(20);
  EXPECT_EQ(bench.admit(), 0u) << "the probe has its intent";
  ASSERT_TRUE(bench.queue.has_ready());
  bench.queue.cancel(bench.now);
  bench.ended();
  bench.submit(2, 1);
  EXPECT_EQ(bench.take().size(), 1u) << "one probe may go out";
}

TEST(CallQueue, IsFullWhenAsManyCallsAreUnderWayAsMayBe) {
  Bench bench({provider("a")}, 2);
  EXPECT_FALSE(bench.queue.full());
  bench.submit(2);
  EXPECT_FALSE(bench.queue.full());
  std::vector<JobPtr> jobs = bench.take();
  EXPECT_TRUE(bench.queue.full());
  bench.finish(std::move(jobs[0]), refused(500));
  EXPECT_TRUE(bench.queue.full()) << "it waits for its next attempt";
  bench.finish(std::move(jobs[1]), answered());
  EXPECT_FALSE(bench.queue.full());
  bench.queue.set_shares({}, bench.now);
  EXPECT_FALSE(bench.queue.full()) << "without a slot nothing is under way";
}

}  // namespace
}  // namespace fd
