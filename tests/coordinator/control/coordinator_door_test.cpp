#include "tests/coordinator/control/core_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class CoordinatorDoor : public CoreTest {
 protected:
  /// Everything that a worker says besides its state, under the lease that `w` has.
  std::vector<CoordinatorEffects> say_all(const Arrived& who) {
    std::vector<CoordinatorEffects> answers;
    answers.push_back(step(FetchArrived{who, {0, 1, 0, 64, false, {}}}));
    answers.push_back(step(FetchDatabaseArrived{who, {}}));
    answers.push_back(step(DeliverArrived{who, {1, {outcome_of(0, 1)}}}));
    answers.push_back(step(FlushMarkerArrived{who, {3}}));
    return answers;
  }
  static bool refused(const CoordinatorEffects& effects) {
    for (const SendOrder& send : sent<SendOrder>(effects)) {
      if (!send.order.refused.empty()) {
        EXPECT_EQ(send.order.refused,
                  "another worker of this run has the name 'w': give each a --name of its own");
        return true;
      }
    }
    return false;
  }
};

TEST_F(CoordinatorDoor, WhatIsNotForThisStartOrOfNoKnownProcessIsNotAnswered) {
  begin();
  state(5);
  load();
  Arrived other_ledger = from(5);
  other_ledger.from.ledger = 8;
  Arrived other_start = from(5);
  other_start.from.start = 10;
  Arrived other_key = from(5);
  other_key.key = "someone's";
  for (const Arrived& who : {other_ledger, other_start, from(6), other_key}) {
    for (const CoordinatorEffects& effects : say_all(who)) {
      EXPECT_TRUE(effects.send.empty());
      EXPECT_TRUE(effects.append.empty());
    }
  }
  const auto answers = say_all(from(5));
  EXPECT_EQ(sent<SendSamples>(answers[0]).size(), 1u);
  EXPECT_EQ(sent<SendDatabase>(answers[1]).size(), 1u);
  EXPECT_EQ(sent<SendAck>(answers[2]).size(), 1u);
  EXPECT_EQ(sent<SendFlushMarker>(answers[3]).size(), 1u);
}

TEST_F(CoordinatorDoor, AStateWithAnotherKeyThanTheFirstIsNotTaken) {
  begin();
  state(5);
  StateArrived stolen{from(5), {}};
  stolen.key = "someone's";
  stolen.state.name = "w";
  stolen.state.seq = 99;
  EXPECT_TRUE(step(stolen).send.empty());
  EXPECT_EQ(sent<SendOrder>(state(5)).size(), 1u) << "the later one was not taken, either";
}

TEST_F(CoordinatorDoor, AStateOfNoIncarnationIsNotTaken) {
  begin();
  EXPECT_TRUE(state(0).send.empty());
}

TEST_F(CoordinatorDoor, NobodyFetchesUnderAnothersLease) {
  begin();
  state(5);
  load();
  state(6, "other");
  EXPECT_TRUE(step(FetchArrived{from(6), {0, 1, 0, 64, false, {}}}).send.empty());
  EXPECT_EQ(sent<SendSamples>(step(FetchArrived{from(5), {0, 1, 0, 64, false, {}}})).size(), 1u);
}

TEST_F(CoordinatorDoor, OfTwoLiveWorkersOfOneNameTheSecondIsRefusedAndTheFirstGoesOn) {
  begin();
  state(5);
  int heartbeats = 0;
  for (bool told = false; !told; ++heartbeats) {
    ASSERT_LT(heartbeats, 4);
    advance(milliseconds(500));
    const CoordinatorEffects newcomer = state(6);
    told = refused(newcomer);
    EXPECT_EQ(newcomer.send.size(), told ? 1u : 0u) << "held until it is known";
    advance(milliseconds(500));
    const auto orders = sent<SendOrder>(state(5));
    ASSERT_EQ(orders.size(), 1u);
    EXPECT_TRUE(orders[0].order.refused.empty());
    EXPECT_EQ(orders[0].order.leases.size(), 1u);
  }
  EXPECT_TRUE(core_->leases().holds(5, 0, 1));
}

TEST_F(CoordinatorDoor, AProcessThatWasStartedAgainTakesOverOnceTheFirstIsSilentForTwoHeartbeats) {
  begin();
  state(5);
  advance(milliseconds(1999));
  EXPECT_TRUE(state(6).send.empty());
  advance(milliseconds(1));
  const auto orders = sent<SendOrder>(state(6));
  ASSERT_FALSE(orders.empty());
  EXPECT_TRUE(orders.back().order.refused.empty());
  EXPECT_EQ(orders.back().order.leases, (std::vector<GrantedLease>{{0, 2, 2}}));
  EXPECT_EQ(orders.back().incarnation, 6u);
}

/// While the coordinator was stopped nobody could be heard: that says nothing of two that live.
TEST_F(CoordinatorDoor, AProcessThatWasStartedAgainIsNotRefusedAfterAPauseOfTheCoordinator) {
  begin();
  state(5);
  advance(milliseconds(800));
  EXPECT_TRUE(state(6).send.empty());
  pause(seconds(6));
  EXPECT_FALSE(refused(state(6)));
  advance(seconds(2));
  const CoordinatorEffects taken = state(6);
  EXPECT_FALSE(refused(taken));
  EXPECT_TRUE(core_->leases().holds(6, 0, 2));
}

/// Records wait behind each other, so those of a process that died come long after its last state.
TEST_F(CoordinatorDoor, WhatADeadProcessHadDeliveredDoesNotShowThatItLives) {
  begin();
  state(5);
  load();
  advance(milliseconds(500));
  EXPECT_TRUE(state(6).send.empty());
  for (std::uint32_t seq = 1; seq <= 6; ++seq) {
    advance(milliseconds(500));
    step(DeliverArrived{from(5), {seq, {}}});
  }
  EXPECT_FALSE(refused(state(6)));
  advance(seconds(2));
  EXPECT_FALSE(refused(state(6)));
  EXPECT_TRUE(core_->leases().holds(6, 0, 2));
}

TEST_F(CoordinatorDoor, TheProcessThatWasReplacedIsToldSoWhenItSpeaksAgain) {
  begin();
  state(5);
  advance(seconds(2));
  state(6);
  const CoordinatorEffects late = state(5);
  ASSERT_TRUE(refused(late));
  EXPECT_EQ(sent<SendOrder>(late)[0].incarnation, 5u);
  EXPECT_TRUE(core_->leases().holds(6, 0, 2));
}

TEST_F(CoordinatorDoor, ALateStateOfAnEarlierProcessTakesNothingOver) {
  begin();
  state(6);
  advance(seconds(3));
  EXPECT_TRUE(state(5).send.empty());
  EXPECT_TRUE(core_->leases().holds(6, 0, 1));
}

}  // namespace
}  // namespace fd
