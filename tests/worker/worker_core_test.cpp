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

  /// The coordinator answers the last state: what was asked before it is answered too, or lost.
  WorkerEffects hear(std::vector<GrantedLease> leases) {
    return step(OrderArrived{"run", order(std::move(leases))});
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
    for (std::uint32_t position = from; position < next; ++position) {
      samples.items.emplace_back().sample.id = id_at(position);
    }
    return samples;
  }
  static SampleId id_at(std::uint32_t position) {
    return digest_of(static_cast<std::uint8_t>(position));
  }

  /// The outcome of the sample at `position`, or of the next one.
  RecordReady outcome() { return outcome_at(outcomes_++); }
  static RecordReady outcome_at(std::uint32_t position, std::uint64_t fence = 1) {
    Record record;
    record.fence = fence;
    record.outcome.emplace();
    record.outcome->sample_id = id_at(position);
    return {record, true, 0};
  }
  static Answer answer_at(std::uint32_t position, const std::string& text = "SELECT 1") {
    Answer answer;
    answer.sample_id = id_at(position);
    answer.text = text;
    return answer;
  }
  static RecordReady answered(std::uint32_t position, std::uint64_t journal_seq = 0,
                              std::uint64_t fence = 1) {
    Record record;
    record.fence = fence;
    record.answer = answer_at(position);
    return {record, false, journal_seq};
  }
  void acknowledge(std::uint64_t seq) { step(AckArrived{{5, epoch_, seq}}); }

  WorkerEffects wait(Duration duration) {
    now_ += duration;
    return step(WorkerTicked{});
  }

  std::uint64_t epoch_ = 1;
  std::uint32_t outcomes_ = 0;
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
  EXPECT_EQ(fetches(effects)[0], (Fetch{0, 1, 0, 68, false}));  // 4 slots and 64 to spare
}

TEST_F(WorkerCoreTest, OrdersForAnotherIncarnationAreIgnored) {
  join();
  Order foreign = order({{0, 1, 10}});
  foreign.incarnation = 6;
  EXPECT_TRUE(fetches(step(OrderArrived{"run", foreign})).empty());
}

TEST_F(WorkerCoreTest, LostFetchIsAskedAgainAfterItsTimeout) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  hear({{0, 1, 10}});
  EXPECT_TRUE(fetches(wait(milliseconds(999))).empty());
  EXPECT_EQ(fetches(wait(milliseconds(1))).size(), 1u);
}

TEST_F(WorkerCoreTest, B10FetchThatMayStillBeOnItsWayIsNotAskedAgain) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  EXPECT_TRUE(fetches(wait(milliseconds(5000))).empty());
  hear({{0, 1, 10}});
  EXPECT_EQ(fetches(wait(milliseconds(0))).size(), 1u);
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
  hear({{0, 1, 10}});
  EXPECT_EQ(of<Deliver>(wait(milliseconds(1))), first);
  step(AckArrived{{5, 1, 1}});
  hear({{0, 1, 10}});
  EXPECT_TRUE(of<Deliver>(wait(seconds(5))).empty());
}

TEST_F(WorkerCoreTest, B14NothingIsRepeatedToACoordinatorThatSaysNothing) {
  join();
  hear({{0, 1, 10}});
  step(SamplesArrived{samples(0, 1)});
  step(outcome());
  const auto first = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(first.size(), 1u);
  for (int second = 0; second < 60; ++second) {
    EXPECT_TRUE(of<Deliver>(wait(seconds(1))).empty());
  }
  hear({});
  EXPECT_EQ(of<Deliver>(wait(milliseconds(0))), first);
}

/// Answers of `bytes` bytes each that an earlier process left in its journal.
JournalRecovered left_behind(std::uint32_t count, std::size_t bytes) {
  JournalRecovered recovered;
  for (std::uint32_t i = 0; i < count; ++i) {
    Record record;
    record.answer.emplace();
    record.answer->sample_id = digest_of(static_cast<std::uint8_t>(i));
    record.answer->text = std::string(bytes, 'x');
    recovered.entries.push_back({record, i + 1});
  }
  return recovered;
}

TEST_F(WorkerCoreTest, B10WhatIsUnderWayIsBoundedAndTheRestFollowsAcknowledgements) {
  join();
  std::vector<Deliver> under_way = of<Deliver>(step(left_behind(100, 20'000)));
  std::uint64_t seq = 0;
  std::size_t records = 0;
  while (!under_way.empty()) {
    std::size_t bytes = 0;
    for (const Deliver& deliver : under_way) {
      EXPECT_EQ(deliver.seq, ++seq);
      records += deliver.records.size();
      bytes += encode(deliver).size();
    }
    EXPECT_LE(bytes, 3 * WorkerCore::kDeliverBytes);
    EXPECT_TRUE(of<Deliver>(wait(milliseconds(5))).empty());
    under_way = of<Deliver>(step(AckArrived{{5, epoch_, seq}}));
  }
  EXPECT_EQ(records, 100u);
}

TEST_F(WorkerCoreTest, RecordsOfTheLargestSizeFitTheirFrames) {
  join();
  std::uint64_t seq = 0;
  for (auto sent = of<Deliver>(step(left_behind(4, 7u << 20))); !sent.empty();
       sent = of<Deliver>(step(AckArrived{{5, epoch_, seq}}))) {
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_LT(encode(sent[0]).size(), kMaxFrameBytes / 2);
    ++seq;
  }
  EXPECT_EQ(seq, 4u);
}

TEST_F(WorkerCoreTest, AcknowledgementOfAnotherEpochOrIncarnationCountsForNothing) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(outcome());
  wait(milliseconds(5));
  step(AckArrived{{5, 2, 1}});
  step(AckArrived{{6, 1, 1}});
  wait(milliseconds(1000));
  hear({{0, 1, 10}});
  EXPECT_EQ(of<Deliver>(wait(milliseconds(0))).size(), 1u);
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
  for (std::uint32_t position = 0; position < 10; ++position) {
    step(SampleDropped{1, id_at(position)});
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

TEST_F(WorkerCoreTest, D07AnOrderThatWasOvertakenIsIgnored) {
  join();
  const Order late = order({});
  wait(milliseconds(1000));  // a newer state
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(OrderArrived{"run", late});
  EXPECT_EQ(step(SamplesArrived{samples(0, 10)}).start.size(), 10u);
}

TEST_F(WorkerCoreTest, StatesSayWhichOrderWasHeardLast) {
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.heard, 0u);
  const std::uint64_t answered_state = last_state_.seq;
  step(OrderArrived{"run", order({})});
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.heard, answered_state);
}

TEST_F(WorkerCoreTest, NothingIsStartedUnderALeaseThatLapsedWhileTheProcessSlept) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  now_ += seconds(11);
  const WorkerEffects effects = step(SamplesArrived{samples(0, 10)});
  EXPECT_TRUE(effects.start.empty());
  EXPECT_TRUE(effects.cancel_waiting);
}

TEST_F(WorkerCoreTest, LapseIsDueBetweenTwoHeartbeats) {
  join();
  wait(milliseconds(1000));
  step(OrderArrived{"run", order({{0, 1, 10}})});
  wait(milliseconds(9500));
  EXPECT_EQ(core_.next_tick(), Instant{} + milliseconds(11000));
}

TEST_F(WorkerCoreTest, ASampleStillUnderWayIsNotStartedAgainByALaterLease) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 2)});
  wait(seconds(20));  // the lease lapses; its calls go on
  step(OrderArrived{"run", order({{0, 2, 10}})});
  EXPECT_EQ(step(SamplesArrived{samples(0, 3, 2)}).start.size(), 1u);
  step(outcome_at(0, 1));
  const auto delivers = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(delivers.size(), 1u);
  EXPECT_EQ(delivers[0].records[0].fence, 2u);  // counts under the lease that holds now
}

/// Its outcome would not follow from the recorded answer.
TEST_F(WorkerCoreTest, ASampleWhoseOtherAnswerIsOnRecordIsStartedAnew) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(answered(0));
  wait(milliseconds(5));
  acknowledge(1);
  wait(seconds(20));
  step(OrderArrived{"run", order({{0, 2, 10}})});
  Samples again = samples(0, 1, 2);
  again.items[0].answers = {answer_at(0, "SELECT 2")};
  EXPECT_EQ(step(SamplesArrived{again}).start.size(), 1u);
  step(outcome_at(0, 1));
  step(outcome_at(0, 2));
  const auto delivers = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(delivers.size(), 1u);
  EXPECT_EQ(delivers[0].records[0].fence, 1u);
  EXPECT_EQ(delivers[0].records[1].fence, 2u);
}

TEST_F(WorkerCoreTest, AShardIsNotFetchedWhileAnswersOfItsEarlierLeaseAreOwed) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  step(answered(0));
  step(outcome_at(0));
  wait(milliseconds(5));
  EXPECT_TRUE(fetches(step(OrderArrived{"run", order({{0, 2, 10}})})).empty());
  EXPECT_EQ(fetches(step(AckArrived{{5, 1, 1}})).size(), 1u);
}

/// A coordinator that was away for longer than the lease gives it back under the very fence that
/// this side had given up.
TEST_F(WorkerCoreTest, ALeaseThatComesBackUnderItsFenceStillHasItsSamplesUnderWay) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 2)});
  wait(seconds(20));
  ASSERT_TRUE(last_state_.leases.empty());
  step(OrderArrived{"run", order({{0, 1, 10}})});
  ASSERT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.leases[0].outstanding, 2u);
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

/// Nothing more is fetched under it, not even by a reply to an earlier Fetch; once all that is
/// under way is on record, it says that it is exhausted, which brings the next fence.
TEST_F(WorkerCoreTest, ALeaseThatComesBackUnderItsFenceFetchesNothingMore) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  wait(seconds(20));
  EXPECT_TRUE(fetches(step(OrderArrived{"run", order({{0, 1, 10}})})).empty());
  step(answered(0));
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
  EXPECT_TRUE(step(SamplesArrived{samples(0, 10)}).start.empty());
  acknowledge(1);
  ASSERT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.leases[0].unfetched, 0u);
  EXPECT_EQ(last_state_.leases[0].outstanding, 0u);
  EXPECT_EQ(fetches(step(OrderArrived{"run", order({{0, 2, 10}})})).size(), 1u);
}

TEST_F(WorkerCoreTest, ASampleThatEndedWhileItWasSentAgainIsLeftToALaterLease) {
  join();
  step(OrderArrived{"run", order({{0, 1, 10}})});
  step(SamplesArrived{samples(0, 1)});
  EXPECT_EQ(fetches(step(OrderArrived{"run", order({{0, 2, 10}})})).size(), 1u);
  step(answered(0));
  step(outcome_at(0));
  EXPECT_TRUE(step(SamplesArrived{samples(0, 1, 2)}).start.empty());
}

TEST_F(WorkerCoreTest, JournaledRecordsAreOfferedFirstAndReleasedWhenAcknowledged) {
  step(WorkerTicked{});
  EXPECT_EQ(step(OrderArrived{"run", order({{0, 2, 10}})}).reset, "run");
  JournalRecovered recovered;
  recovered.entries.push_back({answered(3).record, 7});
  recovered.entries.push_back({answered(4).record, 8});
  step(recovered);
  step(RunSpecArrived{"run", {digest_of(9), "{}"}});
  step(OrderArrived{"run", order({{0, 2, 10}})});
  const WorkerEffects effects = wait(milliseconds(5));
  ASSERT_EQ(of<Deliver>(effects).size(), 1u);
  EXPECT_EQ(of<Deliver>(effects)[0].records.size(), 2u);
  const WorkerEffects settled = step(AckArrived{{5, 1, 1}});
  EXPECT_EQ(settled.release, 8u);
}

TEST_F(WorkerCoreTest, RecoveredShardIsFetchedOnlyOnceItsAnswersAreAcknowledged) {
  join();
  step(JournalRecovered{{{answered(3).record, 1}}});
  EXPECT_TRUE(fetches(step(OrderArrived{"run", order({{0, 2, 10}})})).empty());
  wait(milliseconds(5));
  EXPECT_EQ(fetches(step(AckArrived{{5, 1, 1}})).size(), 1u);
}

/// A suspect: two deaths of workers caught it under way.
class WorkerCoreAloneTest : public WorkerCoreTest {
 protected:
  static Samples only_suspects(std::uint32_t from) {
    Samples none = samples(from, from, 2);
    none.alone = true;
    return none;
  }
  static Samples suspect(std::uint32_t position) {
    Samples one = samples(position, position + 1, 2);
    one.alone = true;
    return one;
  }
};

TEST_F(WorkerCoreAloneTest, ASuspectIsFetchedOnceNothingElseIsUnderWayOrOwed) {
  join();
  step(OrderArrived{"run", order({{0, 2, 10}, {1, 3, 2}})});
  Samples other = samples(20, 21, 3);
  other.shard = 1;
  other.from = 0;
  other.next = 1;
  step(SamplesArrived{other});
  EXPECT_TRUE(fetches(step(SamplesArrived{only_suspects(0)})).empty());
  wait(milliseconds(1000));
  hear({{0, 2, 10}, {1, 3, 2}});
  wait(milliseconds(0));  // the other shard's next fetch is lost
  Record done = outcome_at(20, 3).record;
  done.shard = 1;
  EXPECT_TRUE(fetches(step(RecordReady{done, true, 0})).empty());
  wait(milliseconds(5));
  const auto asked = fetches(step(AckArrived{{5, 1, 1}}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0], (Fetch{0, 2, 0, 1, true}));
}

TEST_F(WorkerCoreAloneTest, NothingElseIsFetchedWhileASuspectRunsOrItsEndIsNotOnRecord) {
  join();
  step(OrderArrived{"run", order({{0, 2, 10}, {1, 3, 2}})});
  Samples none;
  none.shard = 1;
  none.fence = 3;
  none.next = 2;
  step(SamplesArrived{none});
  ASSERT_EQ(fetches(step(SamplesArrived{only_suspects(0)})).size(), 1u);
  EXPECT_EQ(step(SamplesArrived{suspect(0)}).start.size(), 1u);
  EXPECT_TRUE(fetches(wait(milliseconds(2000))).empty());
  EXPECT_TRUE(fetches(step(outcome_at(0, 2))).empty());
  EXPECT_TRUE(fetches(wait(milliseconds(5))).empty());
  const auto next = fetches(step(AckArrived{{5, 1, 1}}));
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0], (Fetch{0, 2, 1, 9, false}));
}

/// Peers are handed on when they change, and again to the pipeline of a run that begins.
TEST_F(WorkerCoreTest, PeersAreHandedOnWhenTheyChangeAndWithAConfig) {
  step(WorkerTicked{});
  Order with_peers = order({});
  with_peers.peers = {{"cpu", "tcp://127.0.0.1:1", "", {StageId::exec}, 7, 2}};
  EXPECT_EQ(step(OrderArrived{"run", with_peers}).peers, with_peers.peers);
  EXPECT_EQ(step(OrderArrived{"run", with_peers}).peers, std::nullopt);
  EXPECT_EQ(step(RunSpecArrived{"run", {digest_of(9), "{}"}}).peers, with_peers.peers);
  EXPECT_EQ(step(OrderArrived{"run", order({})}).peers, std::vector<PeerInfo>());
}

TEST_F(WorkerCoreTest, TheStateSaysWhatIsServedWhereAndHowMuch) {
  WorkerCoreConfig config;
  config.stages = {StageId::exec, StageId::score};
  config.peer_endpoint = "tcp://127.0.0.1:2";
  config.peer_key = "key";
  config.threads = 3;
  core_ = WorkerCore(config);
  step(ServingLoad{2, 300});
  now_ += seconds(1);
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.stages, config.stages);
  EXPECT_EQ(last_state_.peer_endpoint, config.peer_endpoint);
  EXPECT_EQ(last_state_.peer_key, config.peer_key);
  EXPECT_EQ(last_state_.threads, 3u);
  EXPECT_EQ(last_state_.serving, 2u);
  EXPECT_EQ(last_state_.served, 300u);
}

}  // namespace
}  // namespace fd
