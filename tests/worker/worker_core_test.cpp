#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::digest_of;
using testing_support::WorkerCoreTest;

TEST_F(WorkerCoreTest, FirstWordNamesNoRunAndNoConfig) {
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.name, "w1");
  EXPECT_EQ(last_state_.seq, 1u);
  EXPECT_EQ(core_.speaker(), (Speaker{0, 0, 5}));
  EXPECT_FALSE(last_state_.config.has_value());
  EXPECT_EQ(core_.run_id(), "");
}

TEST_F(WorkerCoreTest, FetchesOnlyOnceItHasTheConfig) {
  step(WorkerTicked{});
  EXPECT_TRUE(fetches(take(order({{0, 1, 100}}))).empty());
  const WorkerEffects effects = step(RunSpecArrived{from(), {digest_of(9), "{}"}});
  ASSERT_EQ(fetches(effects).size(), 1u);
  EXPECT_EQ(fetches(effects)[0], (Fetch{0, 1, 0, 68, false, {}}));  // 4 slots and 64 to spare
}

TEST_F(WorkerCoreTest, OrdersForAnotherIncarnationAreIgnored) {
  join();
  coordinator_.incarnation = 6;
  EXPECT_TRUE(fetches(hear({{0, 1, 10}})).empty());
}

TEST_F(WorkerCoreTest, LostFetchIsAskedAgainAfterItsTimeout) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  step(BulkConnected{});
  hear_flush_marker();
  EXPECT_TRUE(fetches(wait(milliseconds(999))).empty());
  EXPECT_EQ(fetches(wait(milliseconds(1))).size(), 1u);
}

TEST_F(WorkerCoreTest, B10FetchThatMayStillBeOnItsWayIsNotAskedAgain) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  EXPECT_TRUE(fetches(wait(milliseconds(5000))).empty());
  hear({{0, 1, 10}});
  EXPECT_TRUE(fetches(wait(milliseconds(5000))).empty());
  hear_flush_marker();
  EXPECT_EQ(fetches(wait(milliseconds(0))).size(), 1u);
}

TEST_F(WorkerCoreTest, B06AMuteBulkConnectionIsMadeAnewWhileTheCoordinatorIsHeard) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  for (int second = 1; second < 20; ++second) {
    EXPECT_FALSE(wait(seconds(1)).reconnect);
    EXPECT_FALSE(hear({{0, 1, 10}}).reconnect);
  }
  const WorkerEffects effects = wait(seconds(1));
  EXPECT_TRUE(effects.reconnect);
  EXPECT_EQ(of<FlushMarker>(effects).size(), 1u);
  hear_flush_marker();
  EXPECT_EQ(fetches(wait(milliseconds(0))).size(), 1u);
}

TEST_F(WorkerCoreTest, RepeatedSamplesAreStartedOnce) {
  join();
  take(order({{0, 1, 10}}));
  EXPECT_EQ(take(samples(0, 10)).start.size(), 10u);
  EXPECT_TRUE(take(samples(0, 10)).start.empty());
  EXPECT_TRUE(take(samples(10, 11)).start.empty());  // beyond the shard
}

TEST_F(WorkerCoreTest, SamplesOfALeaseThatIsGoneAreNotStarted) {
  join();
  take(order({{0, 1, 10}}));
  take(order({}));
  EXPECT_TRUE(take(samples(0, 10)).start.empty());
}

/// An order that answers no later state than the ones before comes late: from a start that was
/// replaced, or from one between that was never heard of.
TEST_F(WorkerCoreTest, LateOrdersOfOtherStartsAreIgnored) {
  coordinator_.start = 3;
  join();
  const Order late = order({});
  wait(milliseconds(1000));
  coordinator_.start = 5;
  take(order({{0, 1, 10}}));
  for (const std::uint64_t start : {3, 4}) {
    coordinator_.start = start;
    take(late);
  }
  coordinator_.start = 5;
  EXPECT_EQ(take(samples(0, 10)).start.size(), 10u);
}

/// The lease counts from when the state that an order answers was sent, not from the order's
/// arrival.
TEST_F(WorkerCoreTest, LeaseRunsFromTheStateThatTheOrderAnswers) {
  join();
  wait(milliseconds(1000));  // sends the state that the next order answers
  Order slow = order({{0, 1, 10}});
  now_ += milliseconds(900);
  take(slow);
  take(samples(0, 5));
  wait(milliseconds(9099));
  EXPECT_EQ(last_state_.leases.size(), 1u);
  EXPECT_TRUE(wait(milliseconds(1)).cancel_waiting);
  EXPECT_TRUE(last_state_.leases.empty());
}

TEST_F(WorkerCoreTest, DrainTakesBackWhatWasNotSentAndFetchesNothing) {
  join();
  take(order({{0, 1, 100}}));
  take(samples(0, 10));
  Order drain = order({{0, 1, 100}});
  drain.drain = true;
  const WorkerEffects effects = take(drain);
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
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  EXPECT_FALSE(step(StopAsked{}).exit);
  EXPECT_TRUE(last_state_.leaving);
  EXPECT_FALSE(step(outcome()).exit);
  EXPECT_FALSE(wait(milliseconds(5)).exit);
  EXPECT_TRUE(step(AckArrived{from(), {1}}).exit);
}

TEST_F(WorkerCoreTest, StopDoesNotWaitForLongerThanTheDrainTime) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  step(StopAsked{});
  EXPECT_FALSE(wait(milliseconds(24999)).exit);
  EXPECT_TRUE(wait(milliseconds(1)).exit);
}

TEST_F(WorkerCoreTest, EndOfTheRunForgetsItAndTheNextOneIsTakenUp) {
  join();
  Order over = order({});
  over.run_over = true;
  EXPECT_EQ(take(over).reset, "");
  EXPECT_EQ(core_.run_id(), "");
  wait(milliseconds(1000));
  coordinator_.start = 2;
  EXPECT_EQ(step(OrderArrived{from("next"), order({})}).reset, "next");
  EXPECT_FALSE(last_state_.config.has_value());
}

TEST_F(WorkerCoreTest, AnotherRunIsTakenUpWhateverLedgerAndStartItNames) {
  join();
  EXPECT_EQ(step(OrderArrived{from("other"), order({})}).reset, "other");
}

TEST_F(WorkerCoreTest, D07AnOrderThatWasOvertakenIsIgnored) {
  join();
  const Order late = order({});
  wait(milliseconds(1000));  // a newer state
  take(order({{0, 1, 10}}));
  take(late);
  EXPECT_EQ(take(samples(0, 10)).start.size(), 10u);
}

/// A state is answered at once, and again once the leases that it was given are durable.
TEST_F(WorkerCoreTest, D07AnAnswerThatItsOwnSuccessorOvertookTakesNoLeaseAway) {
  join();
  const Order first = order({{0, 1, 10}});
  const Order second = order({{0, 1, 10}, {1, 2, 10}});
  take(second);
  take(first);
  now_ += seconds(1);
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.leases.size(), 2u);
}

TEST_F(WorkerCoreTest, StatesSayWhichOrderWasHeardLast) {
  step(WorkerTicked{});
  EXPECT_EQ(last_state_.heard, 0u);
  const std::uint64_t answered_state = last_state_.seq;
  take(order({}));
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.heard, answered_state);
}

TEST_F(WorkerCoreTest, NothingIsStartedUnderALeaseThatLapsedWhileTheProcessSlept) {
  join();
  take(order({{0, 1, 10}}));
  now_ += seconds(11);
  const WorkerEffects effects = take(samples(0, 10));
  EXPECT_TRUE(effects.start.empty());
  EXPECT_TRUE(effects.cancel_waiting);
}

TEST_F(WorkerCoreTest, LapseIsDueBetweenTwoHeartbeats) {
  join();
  wait(milliseconds(1000));
  take(order({{0, 1, 10}}));
  wait(milliseconds(9500));
  EXPECT_EQ(core_.next_tick(), Instant{} + milliseconds(11000));
}

TEST_F(WorkerCoreTest, ASampleStillUnderWayIsNotStartedAgainByALaterLease) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 2));
  wait(seconds(20));  // the lease lapses; its calls go on
  take(order({{0, 2, 10}}));
  EXPECT_EQ(take(samples(0, 3, 2)).start.size(), 1u);
  step(outcome_at(0, 1));
  const auto delivers = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(delivers.size(), 1u);
  EXPECT_EQ(delivers[0].records[0].fence, 2u);  // counts under the lease that holds now
}

/// Its outcome would not follow from the recorded answer.
TEST_F(WorkerCoreTest, ASampleWhoseOtherAnswerIsOnRecordIsStartedAnew) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  step(answered(0));
  wait(milliseconds(5));
  acknowledge(1);
  wait(seconds(20));
  take(order({{0, 2, 10}}));
  Samples again = samples(0, 1, 2);
  again.items[0].answers = {answer_at(0, "SELECT 2")};
  EXPECT_EQ(take(again).start.size(), 1u);
  step(outcome_at(0, 1));
  step(outcome_at(0, 2));
  const auto delivers = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(delivers.size(), 1u);
  EXPECT_EQ(delivers[0].records[0].fence, 1u);
  EXPECT_EQ(delivers[0].records[1].fence, 2u);
}

TEST_F(WorkerCoreTest, AShardIsNotFetchedWhileAnswersOfItsEarlierLeaseAreOwed) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  step(answered(0));
  step(outcome_at(0));
  wait(milliseconds(5));
  EXPECT_TRUE(fetches(take(order({{0, 2, 10}}))).empty());
  EXPECT_EQ(fetches(step(AckArrived{from(), {1}})).size(), 1u);
}

/// A coordinator that was away for longer than the lease gives it back under the very fence that
/// this side had given up.
TEST_F(WorkerCoreTest, ALeaseThatComesBackUnderItsFenceStillHasItsSamplesUnderWay) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 2));
  wait(seconds(20));
  ASSERT_TRUE(last_state_.leases.empty());
  take(order({{0, 1, 10}}));
  ASSERT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.leases[0].outstanding, 2u);
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

TEST_F(WorkerCoreTest, B10ALeaseThatComesBackUnderItsFenceTakesWhatIsStillOnItsWay) {
  join();
  ASSERT_EQ(fetches(take(order({{0, 1, 10}}))).size(), 1u);
  EXPECT_EQ(wait(seconds(20)).lapsed, 1u);
  EXPECT_TRUE(take(samples(0, 10)).start.empty()) << "it may be another's now";
  EXPECT_TRUE(fetches(take(order({{0, 1, 10}}))).empty());
  EXPECT_EQ(last_state_.leases[0].unfetched, 10u);
  EXPECT_EQ(take(samples(0, 10)).start.size(), 10u);
}

TEST_F(WorkerCoreTest, ALeaseThatComesBackUnderItsFenceGoesOnWhereItWas) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  wait(seconds(20));
  take(order({{0, 1, 10}}));
  EXPECT_TRUE(take(samples(0, 10)).start.empty()) << "repeated";
  wait(seconds(1));
  hear_flush_marker();
  const auto again = fetches(wait(milliseconds(0)));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0], (Fetch{0, 1, 1, 9, false, {}}));
}

/// Nothing more is fetched under it when samples of an earlier fence were under way: once all that
/// is under way is on record, it says that it is exhausted, which brings the next fence.
TEST_F(WorkerCoreTest, AMixedLeaseThatComesBackUnderItsFenceFetchesNothingMore) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  EXPECT_EQ(fetches(take(order({{0, 2, 10}}))).size(), 1u);
  wait(seconds(20));
  EXPECT_TRUE(fetches(take(order({{0, 2, 10}}))).empty());
  step(answered(0));
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
  EXPECT_TRUE(take(samples(0, 10, 2)).start.empty());
  acknowledge(1);
  ASSERT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.leases[0].unfetched, 0u);
  EXPECT_EQ(last_state_.leases[0].outstanding, 0u);
  EXPECT_EQ(fetches(take(order({{0, 3, 10}}))).size(), 1u);
}

TEST_F(WorkerCoreTest, ASampleThatEndedWhileItWasSentAgainIsLeftToALaterLease) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  EXPECT_EQ(fetches(take(order({{0, 2, 10}}))).size(), 1u);
  step(answered(0));
  step(outcome_at(0));
  EXPECT_TRUE(take(samples(0, 1, 2)).start.empty());
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
  take(order({{0, 2, 10}, {1, 3, 2}}));
  Samples other = samples(20, 21, 3);
  other.shard = 1;
  other.from = 0;
  other.next = 1;
  take(other);
  EXPECT_TRUE(fetches(take(only_suspects(0))).empty());
  wait(milliseconds(1000));
  hear({{0, 2, 10}, {1, 3, 2}});
  wait(milliseconds(0));  // the other shard's next fetch is lost
  Record done = outcome_at(20, 3).record;
  done.shard = 1;
  EXPECT_TRUE(fetches(step(RecordReady{done, true, 0})).empty());
  wait(milliseconds(5));
  const auto asked = fetches(step(AckArrived{from(), {1}}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0], (Fetch{0, 2, 0, 1, true, {}}));
}

TEST_F(WorkerCoreAloneTest, NothingElseIsFetchedWhileASuspectRunsOrItsEndIsNotOnRecord) {
  join();
  take(order({{0, 2, 10}, {1, 3, 2}}));
  Samples none;
  none.shard = 1;
  none.fence = 3;
  none.next = 2;
  take(none);
  ASSERT_EQ(fetches(take(only_suspects(0))).size(), 1u);
  EXPECT_EQ(take(suspect(0)).start.size(), 1u);
  EXPECT_TRUE(fetches(wait(milliseconds(2000))).empty());
  EXPECT_TRUE(fetches(step(outcome_at(0, 2))).empty());
  EXPECT_TRUE(fetches(wait(milliseconds(5))).empty());
  const auto next = fetches(step(AckArrived{from(), {1}}));
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0], (Fetch{0, 2, 1, 9, false, {}}));
}

/// Peers are handed on when they change, and again to the pipeline of a run that begins.
TEST_F(WorkerCoreTest, PeersAreHandedOnWhenTheyChangeAndWithAConfig) {
  step(WorkerTicked{});
  Order with_peers = order({});
  with_peers.peers = {{"cpu", "tcp://127.0.0.1:1", "", {StageId::exec}, 7, 2}};
  EXPECT_EQ(take(with_peers).peers, with_peers.peers);
  EXPECT_EQ(take(with_peers).peers, std::nullopt);
  EXPECT_EQ(step(RunSpecArrived{from(), {digest_of(9), "{}"}}).peers, with_peers.peers);
  EXPECT_EQ(take(order({})).peers, std::vector<PeerInfo>());
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

/// Nothing is settled while a sample is in work: the end of its call may be on its way to the disk,
/// neither in flight nor handed over.
TEST_F(WorkerCoreTest, WhatIsOwedIsSamplesInWorkAndRecordsThatAreNotAcknowledged) {
  join();
  take(order({{0, 1, 2}}));
  take(samples(0, 2));
  step(CallLoad{{{"a", 2}}, 0, 0, {}, 0});
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.owed, 2u);
  EXPECT_EQ(last_state_.in_flight, 2u);
  step(answered(0));
  step(outcome());
  step(outcome());
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.owed, 3u);
  EXPECT_EQ(last_state_.in_flight, 0u)
      << "no call without a sample in work, whatever was said last";
  acknowledge(1);
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.owed, 0u);
}

TEST_F(WorkerCoreTest, TheProcessesWhoseJournalsWereReadAreNamedUntilTheRunIsOver) {
  join();
  step(JournalRecovered{{}, 0, {11, 12}});
  wait(milliseconds(1000));
  EXPECT_EQ(last_state_.recovered, (std::vector<std::uint64_t>{11, 12}));
  Order over = order({});
  over.run_over = true;
  take(over);
  wait(milliseconds(1000));
  EXPECT_TRUE(last_state_.recovered.empty());
}

TEST_F(WorkerCoreTest, CallsUnderALeaseThatAnOrderTakesAwayAreNotSent) {
  join();
  hear({{0, 1, 10}, {1, 2, 10}});
  take(samples(0, 4));
  now_ += seconds(1);
  step(WorkerTicked{});
  EXPECT_FALSE(hear({{0, 1, 10}}).cancel_waiting) << "nothing of shard 1 was started";
  now_ += seconds(1);
  step(WorkerTicked{});
  EXPECT_TRUE(hear({}).cancel_waiting);
  EXPECT_FALSE(hear({}).cancel_waiting);
}

/// No honest coordinator says what follows here.
TEST_F(WorkerCoreTest, ASampleThatComesTwiceWithOtherAnswersIsStartedOnce) {
  join();
  take(order({{0, 1, 10}}));
  Samples twice = samples(0, 2);
  twice.items[0].answers = {answer_at(0, "SELECT 1")};
  twice.items[1].sample.id = id_at(0);
  twice.items[1].answers = {answer_at(0, "SELECT 2")};
  EXPECT_EQ(take(twice).start.size(), 1u);
  step(outcome_at(0));
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

/// A lease comes back under an earlier fence, with a sample of that under way.
class LeaseThatComesBack : public WorkerCoreTest {
 protected:
  void come_back() {
    join();
    hear({{0, 1, 10}});
    take(samples(0, 1));
    hear({{0, 2, 10}});
    hear({});
    hear({{0, 1, 10}});
  }
};

TEST_F(LeaseThatComesBack, HasWhatIsUnderWay) {
  come_back();
  step(outcome_at(0));
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

TEST_F(LeaseThatComesBack, CanHaveItsSampleDropped) {
  come_back();
  step(SampleDropped{1, id_at(0)});
  hear({{0, 1, 10}});
}

TEST_F(WorkerCoreTest, SamplesThatNobodyAskedForAreNotStarted) {
  step(WorkerTicked{});
  take(order({{0, 1, 10}}));
  EXPECT_TRUE(take(samples(0, 1)).start.empty());  // there is no config yet, so no stage
}

TEST_F(WorkerCoreTest, SamplesThatNoTeacherHereCouldTakeAreNotStarted) {
  WorkerCoreConfig config{"w1", 5, 0, seconds(25)};
  config.stages = {StageId::exec};
  core_ = WorkerCore(config);
  join();
  take(order({{0, 1, 10}}));
  EXPECT_TRUE(take(samples(0, 1)).start.empty());
}

}  // namespace
}  // namespace fd
