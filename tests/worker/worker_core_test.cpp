#include "worker/worker_core.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Digest digest_of(std::uint8_t fill) {
  Digest digest;
  digest.bytes.fill(fill);
  return digest;
}

/// A worker under test, and a coordinator that is played by hand.
class WorkerCoreTest : public testing::Test {
 protected:
  WorkerCoreTest() : core_(WorkerCoreConfig{"w1", 5, 0, seconds(25)}) {}

  WorkerEffects step(WorkerEvent event) {
    WorkerEffects effects = core_.step(now_, std::move(event));
    for (const WorkerMessage& message : effects.send) {
      if (const auto* state = std::get_if<WorkerState>(&message)) {
        last_state_ = *state;
      }
    }
    return effects;
  }

  Order order(std::vector<GrantedLease> leases) const {
    Order order;
    order.epoch = epoch_;
    order.incarnation = 5;
    order.ack_seq = last_state_.seq;
    order.config = digest_of(9);
    order.slots = 4;
    order.leases = std::move(leases);
    order.ttl_ms = 10000;
    order.heartbeat_ms = 1000;
    return order;
  }

  /// Brings the worker to where it has the run's config.
  void join() {
    step(WorkerTicked{});
    step(OrderArrived{"run", order({})});
    const WorkerEffects effects = step(RunSpecArrived{"run", {digest_of(9), "{}"}});
    ASSERT_EQ(effects.configure, "{}");
  }

  static std::vector<Fetch> fetches(const WorkerEffects& effects) { return of<Fetch>(effects); }
  template <class Message>
  static std::vector<Message> of(const WorkerEffects& effects) {
    std::vector<Message> found;
    for (const WorkerMessage& message : effects.send) {
      if (const auto* one = std::get_if<Message>(&message)) {
        found.push_back(*one);
      }
    }
    return found;
  }

  static Samples samples(std::uint32_t from, std::uint32_t next, std::uint64_t fence = 1) {
    Samples samples;
    samples.shard = 0;
    samples.fence = fence;
    samples.from = from;
    samples.next = next;
    samples.items.resize(next - from);
    return samples;
  }

  static RecordReady outcome(std::uint64_t fence = 1) {
    Record record;
    record.shard = 0;
    record.fence = fence;
    record.outcome.emplace();
    return {record, true};
  }

  WorkerEffects wait(Duration duration) {
    now_ += duration;
    return step(WorkerTicked{});
  }

  std::uint64_t epoch_ = 1;
  Instant now_{};
  WorkerCore core_;
  WorkerState last_state_;
};

TEST_F(WorkerCoreTest, FirstWordNamesNoRunAndNoConfig) {
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.name, "w1");
  EXPECT_EQ(last_state_.incarnation, 5u);
  EXPECT_EQ(last_state_.seq, 1u);
  EXPECT_EQ(last_state_.epoch, 0u);
  EXPECT_FALSE(last_state_.config.has_value());
  EXPECT_EQ(core_.run_id(), "");
}

TEST_F(WorkerCoreTest, FetchesOnlyOnceItHasTheConfig) {
  step(WorkerTicked{});
  EXPECT_TRUE(fetches(step(OrderArrived{"run", order({{0, 1, 100}})})).empty());
  const WorkerEffects effects = step(RunSpecArrived{"run", {digest_of(9), "{}"}});
  ASSERT_EQ(fetches(effects).size(), 1u);
  EXPECT_EQ(fetches(effects)[0], (Fetch{0, 1, 0, 68}));  // 4 slots and 64 to spare
}

TEST_F(WorkerCoreTest, OrdersForAnotherIncarnationAreIgnored) {
  join();
  Order foreign = order({{0, 1, 10}});
  foreign.incarnation = 6;
  EXPECT_TRUE(fetches(step(OrderArrived{"run", foreign})).empty());
}

TEST_F(WorkerCoreTest, LostFetchIsAskedAgainAfterItsTimeout) {
  join();
  ASSERT_EQ(fetches(step(OrderArrived{"run", order({{0, 1, 10}})})).size(), 1u);
  EXPECT_TRUE(fetches(wait(milliseconds(999))).empty());
  EXPECT_EQ(fetches(wait(milliseconds(1))).size(), 1u);
}

TEST_F(WorkerCoreTest, RepeatedSamplesAreStartedOnce) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  EXPECT_EQ(step(SamplesArrived{samples(0, 10)}).start.size(), 10u);
  EXPECT_TRUE(step(SamplesArrived{samples(0, 10)}).start.empty());
  EXPECT_TRUE(step(SamplesArrived{samples(10, 11)}).start.empty());  // beyond the shard
}

TEST_F(WorkerCoreTest, SamplesOfALeaseThatIsGoneAreNotStarted) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(OrderArrived{"run", order({})});
  EXPECT_TRUE(step(SamplesArrived{samples(0, 10)}).start.empty());
}

TEST_F(WorkerCoreTest, RecordsWaitFiveMillisecondsForCompany) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 10)});
  EXPECT_TRUE(of<Deliver>(step(outcome())).empty());
  now_ += milliseconds(4);
  EXPECT_TRUE(of<Deliver>(step(outcome())).empty());
  const auto delivers = of<Deliver>(wait(milliseconds(1)));
  ASSERT_EQ(delivers.size(), 1u);
  EXPECT_EQ(delivers[0].records.size(), 2u);
  EXPECT_EQ(delivers[0].seq, 1u);
}

TEST_F(WorkerCoreTest, UnacknowledgedRecordsAreOfferedAgain) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(outcome());
  const auto first = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(of<Deliver>(wait(milliseconds(999))).empty());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(1))), first);
  step(AckArrived{{5, 1, 1}});
  EXPECT_TRUE(of<Deliver>(wait(seconds(5))).empty());
}

TEST_F(WorkerCoreTest, AcknowledgementOfAnotherEpochOrIncarnationCountsForNothing) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(outcome());
  wait(milliseconds(5));
  step(AckArrived{{5, 2, 1}});
  step(AckArrived{{6, 1, 1}});
  EXPECT_EQ(of<Deliver>(wait(milliseconds(1000))).size(), 1u);
}

TEST_F(WorkerCoreTest, NewEpochOffersEverythingAgainInOrder) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 2)});
  step(outcome());
  wait(milliseconds(5));
  step(AckArrived{{5, 1, 1}});
  step(outcome());
  ASSERT_EQ(of<Deliver>(wait(milliseconds(5)))[0].seq, 2u);
  epoch_ = 2;
  step(OrderArrived{"run", order({{0, 1, 10}})});
  const auto again = of<Deliver>(wait(milliseconds(0)));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].epoch, 2u);
  EXPECT_EQ(again[0].seq, 1u);
}

TEST_F(WorkerCoreTest, OrdersOfAnEarlierEpochAreIgnored) {
  epoch_ = 4;
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  epoch_ = 3;
  step(OrderArrived{"run", order({})});
  EXPECT_EQ(step(SamplesArrived{samples(0, 10)}).start.size(), 10u);
}

/// The lease counts from when the state that an order answers was sent, not from the order's
/// arrival.
TEST_F(WorkerCoreTest, LeaseRunsFromTheStateThatTheOrderAnswers) {
  join();
  wait(milliseconds(1000));  // sends the state that the next order answers
  Order slow = order({{0, 1, 10}});
  now_ += milliseconds(900);
  step(OrderArrived{"run", slow});
  step(SamplesArrived{samples(0, 5)});
  wait(milliseconds(9099));
  EXPECT_EQ(last_state_.leases.size(), 1u);
  EXPECT_TRUE(wait(milliseconds(1)).cancel_waiting);
  EXPECT_TRUE(last_state_.leases.empty());
}

TEST_F(WorkerCoreTest, OutcomesOfALapsedLeaseAreStillDelivered) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  wait(seconds(20));
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

TEST_F(WorkerCoreTest, DrainTakesBackWhatWasNotSentAndFetchesNothing) {
  join();
  step(OrderArrived{"run", order({{0, 1, 100}})});
  step(SamplesArrived{samples(0, 10)});
  Order drain = order({{0, 1, 100}});
  drain.drain = true;
  const WorkerEffects effects = step(OrderArrived{"run", drain});
  EXPECT_TRUE(effects.cancel_waiting);
  EXPECT_TRUE(fetches(effects).empty());
  EXPECT_TRUE(last_state_.draining);
  for (int i = 0; i < 10; ++i) {
    step(SampleDropped{0, 1});
  }
  ASSERT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.leases[0].outstanding, 0u);
}

TEST_F(WorkerCoreTest, StopExitsOnlyWhenAllIsAcknowledged) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  EXPECT_FALSE(step(StopAsked{}).exit);
  EXPECT_TRUE(last_state_.leaving);
  EXPECT_FALSE(step(outcome()).exit);
  EXPECT_FALSE(wait(milliseconds(5)).exit);
  EXPECT_TRUE(step(AckArrived{{5, 1, 1}}).exit);
}

TEST_F(WorkerCoreTest, StopDoesNotWaitForLongerThanTheDrainTime) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(StopAsked{});
  EXPECT_FALSE(wait(milliseconds(24999)).exit);
  EXPECT_TRUE(wait(milliseconds(1)).exit);
}

TEST_F(WorkerCoreTest, EndOfTheRunForgetsItAndTheNextOneIsTakenUp) {
  join();
  Order over = order({});
  over.run_over = true;
  EXPECT_EQ(step(OrderArrived{"run", over}).reset, "");
  EXPECT_EQ(core_.run_id(), "");
  epoch_ = 1;
  EXPECT_EQ(step(OrderArrived{"next", order({})}).reset, "next");
  EXPECT_FALSE(last_state_.config.has_value());
}

TEST_F(WorkerCoreTest, EpochsOfAnotherRunAreNotCompared) {
  epoch_ = 9;
  join();
  epoch_ = 1;
  EXPECT_EQ(step(OrderArrived{"other", order({})}).reset, "other");
}

}  // namespace
}  // namespace fd
