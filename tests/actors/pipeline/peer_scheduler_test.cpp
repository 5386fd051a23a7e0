// Which peer gets which batch: every rule as a conversation with the core, played by hand.

#include "actors/pipeline/peer_scheduler.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<StageId> kPure = {StageId::clean, StageId::rules, StageId::exec, StageId::score};

class PeerSchedulerTest : public testing::Test {
 protected:
  PeerSchedulerTest()
      : scheduler_(PeerSchedulerConfig{{StageId::teacher, StageId::select}, kPeerPatience}) {}

  static PeerInfo peer(std::uint64_t incarnation, std::vector<StageId> stages = kPure,
                       std::uint32_t threads = 1) {
    return {"w" + std::to_string(incarnation),
            "tcp://127.0.0.1:1",
            "",
            std::move(stages),
            incarnation,
            threads};
  }
  PeerSchedulerEffects publish(std::vector<PeerInfo> peers) {
    return scheduler_.step(now_, PeersPublished{std::move(peers)});
  }
  PeerSchedulerEffects queue(std::size_t count, StageId stage = StageId::clean,
                             std::size_t bytes = 10, bool alone = false) {
    WorkQueued event;
    event.stage = stage;
    event.alone = alone;
    for (std::size_t i = 0; i < count; ++i) {
      event.samples.push_back({++last_sample_, bytes});
    }
    return scheduler_.step(now_, std::move(event));
  }
  PeerSchedulerEffects reply(const AskPeer& ask, bool not_now = false) {
    return replied(ask.peer, ask.ask, not_now,
                   {ask.samples.size(), stages_between(ask.first, ask.last)});
  }
  PeerSchedulerEffects replied(std::uint64_t peer, std::uint64_t ask, bool not_now,
                               std::vector<std::vector<StageId>> stages) {
    return scheduler_.step(now_, PeerReplied{peer, ask, not_now, std::move(stages)});
  }
  PeerSchedulerEffects advance(Duration time) {
    now_ += time;
    return scheduler_.step(now_, PeerSchedulerTicked{});
  }

  PeerScheduler scheduler_;
  Instant now_{};
  std::uint64_t last_sample_ = 0;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(PeerSchedulerTest, WorkWaitsForAPeerThatServesIt) {
  EXPECT_TRUE(queue(2, StageId::exec).ask.empty());
  const PeerSchedulerEffects other = publish({peer(1, {StageId::score})});
  EXPECT_EQ(other.connect.size(), 1u);
  EXPECT_TRUE(other.ask.empty());
  EXPECT_EQ(scheduler_.next_tick(), std::nullopt);
  const PeerSchedulerEffects effects =
      publish({peer(1, {StageId::score}), peer(2, {StageId::exec})});
  ASSERT_EQ(effects.ask.size(), 1u);
  EXPECT_EQ(effects.ask[0].peer, 2u);
  EXPECT_EQ(effects.ask[0].samples, (Numbers{1, 2}));
  EXPECT_EQ(scheduler_.next_tick(), now_ + kPeerPatience);
}

TEST_F(PeerSchedulerTest, APeerWithoutEndpointMayAskAndIsNeverAsked) {
  PeerInfo asks = peer(1);
  asks.endpoint.clear();
  EXPECT_TRUE(publish({asks}).connect.empty());
  EXPECT_TRUE(queue(1).ask.empty());
}

TEST_F(PeerSchedulerTest, StagesThatFollowEachOtherAtAPeerAreAskedForAtOnce) {
  publish({peer(1, {StageId::clean, StageId::rules, StageId::score})});
  const AskPeer first = queue(1).ask.at(0);
  EXPECT_EQ(first.first, StageId::clean);
  EXPECT_EQ(first.last, StageId::rules);  // exec is somebody else's
  const PeerSchedulerEffects served = reply(first);
  ASSERT_TRUE(served.served);
  EXPECT_EQ(served.served->last, StageId::rules);
  EXPECT_EQ(served.served->samples, Numbers{1});
}

TEST_F(PeerSchedulerTest, WorkOfOneStageAloneIsNotTakenFurtherAndGoesBehindAllOther) {
  queue(1, StageId::exec, 10, true);
  queue(1, StageId::clean);
  const auto asks = publish({peer(1)}).ask;
  ASSERT_EQ(asks.size(), 2u);
  EXPECT_EQ(asks[0].first, StageId::clean);
  EXPECT_EQ(asks[1].first, StageId::exec);
  EXPECT_EQ(asks[1].last, StageId::exec);
  EXPECT_EQ(queue(1, StageId::exec).ask.at(0).last, StageId::score);
  EXPECT_EQ(reply(asks[1]).served->last, StageId::exec);
}

TEST_F(PeerSchedulerTest, AChainEndsBeforeAStageThatRunsHere) {
  scheduler_ = PeerScheduler(
      PeerSchedulerConfig{{StageId::teacher, StageId::exec, StageId::select}, seconds(5)});
  publish({peer(1)});
  EXPECT_EQ(queue(1).ask.at(0).last, StageId::rules);
  EXPECT_EQ(queue(1, StageId::score).ask.at(0).last, StageId::score);
}

TEST_F(PeerSchedulerTest, ThePeerWithTheLeastToDoForItsThreadsIsAsked) {
  publish({peer(1, kPure, 1), peer(2, kPure, 4)});
  Numbers asked;
  for (int i = 0; i < 5; ++i) {
    asked.push_back(queue(1).ask.at(0).peer);
  }
  EXPECT_EQ(asked, (Numbers{1, 2, 2, 2, 2}));
}

TEST_F(PeerSchedulerTest, ABatchHoldsSoManySamplesAndBytesAndCreditBoundsTheBatches) {
  publish({peer(1)});  // one thread: 2 + 2 batches
  const PeerSchedulerEffects effects = queue(5 * kAskSamples);
  ASSERT_EQ(effects.ask.size(), 4u);
  EXPECT_EQ(effects.ask[0].samples.size(), kAskSamples);
  const PeerSchedulerEffects next = reply(effects.ask[0]);
  ASSERT_EQ(next.ask.size(), 1u);
  EXPECT_EQ(next.ask[0].samples.size(), kAskSamples);

  scheduler_ = PeerScheduler(PeerSchedulerConfig{{}, kPeerPatience});
  publish({peer(1)});
  EXPECT_EQ(queue(3, StageId::exec, kAskBytes / 2).ask.at(0).samples.size(), 2u);
  EXPECT_EQ(queue(1, StageId::exec, kAskBytes + 1).ask.at(0).samples.size(), 1u);
}

TEST_F(PeerSchedulerTest, WhatIsFurthestGoesFirst) {
  queue(1, StageId::clean);
  queue(1, StageId::exec);
  const PeerSchedulerEffects effects = publish({peer(1)});
  ASSERT_EQ(effects.ask.size(), 2u);
  EXPECT_EQ(effects.ask[0].first, StageId::exec);
}

/// A slow peer: asked again elsewhere, not one moment before its time; the first reply wins, and
/// the second one changes nothing.
TEST_F(PeerSchedulerTest, ABatchThatWaitsIsAskedElsewhereAndTheFirstReplyWins) {
  publish({peer(1), peer(2)});
  const AskPeer first = queue(1).ask.at(0);
  EXPECT_EQ(first.peer, 1u);
  EXPECT_TRUE(advance(kPeerPatience - milliseconds(1)).ask.empty());
  const PeerSchedulerEffects again = advance(milliseconds(1));
  ASSERT_EQ(again.ask.size(), 1u);
  EXPECT_EQ(again.ask[0].peer, 2u);
  EXPECT_NE(again.ask[0].ask, first.ask);
  EXPECT_EQ(again.ask[0].samples, first.samples);
  EXPECT_TRUE(reply(first).served);  // it was only slow
  EXPECT_FALSE(reply(again.ask[0]).served);
  EXPECT_FALSE(reply(first).served);
}

TEST_F(PeerSchedulerTest, APeerThatSaysItIsAtWorkIsWaitedFor) {
  publish({peer(1), peer(2)});
  const AskPeer first = queue(1).ask.at(0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(advance(kPeerPatience - milliseconds(1)).ask.empty());
    const PeerReplied working{first.peer, first.ask, false, {}, true};
    const PeerSchedulerEffects effects = scheduler_.step(now_, working);
    EXPECT_FALSE(effects.served);
    EXPECT_EQ(scheduler_.next_tick(), now_ + kPeerPatience);
  }
  EXPECT_EQ(advance(kPeerPatience).ask.at(0).peer, 2u);  // it has fallen silent
  EXPECT_TRUE(reply(first).served);
}

TEST_F(PeerSchedulerTest, ASlowPeerGetsNothingWhileAnotherServesTheStage) {
  publish({peer(1), peer(2)});
  queue(1);
  const AskPeer again = advance(kPeerPatience).ask.at(0);
  EXPECT_EQ(again.peer, 2u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(queue(1).ask.at(0).peer, 2u);
  }
  EXPECT_TRUE(queue(1).ask.empty());  // peer 2 has all it may have
  // After a while it is tried again, with one batch.
  EXPECT_EQ(scheduler_.next_tick(), now_ + kPeerPatience);
  now_ += kPeerPatience - milliseconds(1);
  EXPECT_TRUE(queue(1).ask.empty());
  now_ += milliseconds(1);
  const PeerSchedulerEffects probe = queue(1);
  ASSERT_EQ(probe.ask.size(), 1u);
  EXPECT_EQ(probe.ask[0].peer, 1u);
  EXPECT_TRUE(queue(1).ask.empty());
  // And once it replies, it has our trust again.
  const PeerSchedulerEffects trusted = reply(probe.ask[0]);
  EXPECT_TRUE(trusted.served);
  EXPECT_EQ(trusted.ask.size(), 1u);
  EXPECT_EQ(queue(1).ask.size(), 1u);
}

TEST_F(PeerSchedulerTest, TheOnlyPeerIsAskedTheSameAgainWithMorePatience) {
  publish({peer(1)});
  const AskPeer first = queue(1).ask.at(0);
  const AskPeer second = advance(kPeerPatience).ask.at(0);
  EXPECT_EQ(second.ask, first.ask);
  EXPECT_EQ(scheduler_.next_tick(), now_ + 2 * kPeerPatience);
  Duration patience = 2 * kPeerPatience;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(advance(patience).ask.size(), 1u);
    patience = std::min(2 * patience, kPeerPatienceMax);
    EXPECT_EQ(scheduler_.next_tick(), now_ + patience);
  }
}

TEST_F(PeerSchedulerTest, APeerGoneFromTheListIsReplacedAtOnce) {
  publish({peer(1), peer(2)});
  const AskPeer first = queue(1).ask.at(0);
  EXPECT_EQ(first.peer, 1u);
  const PeerSchedulerEffects effects = publish({peer(2)});
  EXPECT_EQ(effects.disconnect, Numbers{1});
  ASSERT_EQ(effects.ask.size(), 1u);
  EXPECT_EQ(effects.ask[0].peer, 2u);
  EXPECT_EQ(effects.ask[0].samples, first.samples);
  EXPECT_FALSE(reply(first).served);  // too late: what it says is not asked for any more
}

TEST_F(PeerSchedulerTest, APeerThatWasStartedAgainIsAskedAnew) {
  publish({peer(1)});
  const AskPeer first = queue(1).ask.at(0);
  PeerInfo restarted = peer(7);
  restarted.name = "w1";
  const PeerSchedulerEffects effects = publish({restarted});
  EXPECT_EQ(effects.disconnect, Numbers{1});
  EXPECT_EQ(effects.connect, std::vector{restarted});
  ASSERT_EQ(effects.ask.size(), 1u);
  EXPECT_EQ(effects.ask[0].peer, 7u);
  EXPECT_EQ(effects.ask[0].samples, first.samples);
}

TEST_F(PeerSchedulerTest, TheSameListAgainChangesNothing) {
  publish({peer(1)});
  queue(1);
  const PeerSchedulerEffects effects = publish({peer(1)});
  EXPECT_TRUE(effects.connect.empty());
  EXPECT_TRUE(effects.disconnect.empty());
  EXPECT_TRUE(effects.ask.empty());
}

TEST_F(PeerSchedulerTest, AReplyThatDoesNotFitIsNone) {
  publish({peer(1), peer(2)});
  const AskPeer ask = queue(3).ask.at(0);
  const std::vector<StageId> skipped = {StageId::clean, StageId::exec, StageId::score};
  const std::vector<StageId> twice = {StageId::clean, StageId::rules, StageId::rules,
                                      StageId::score};
  EXPECT_FALSE(replied(1, ask.ask, false, {kPure, kPure}).served);
  EXPECT_FALSE(replied(1, ask.ask, false, {kPure, skipped, kPure}).served);
  EXPECT_FALSE(replied(1, ask.ask, false, {kPure, kPure, twice}).served);
  EXPECT_FALSE(replied(1, ask.ask, false, {{}, {}, {}}).served);
  EXPECT_FALSE(replied(2, ask.ask, false, {kPure, kPure, kPure}).served) << "not asked";
  EXPECT_TRUE(replied(1, ask.ask, false, {kPure, kPure, kPure}).served);
}

TEST_F(PeerSchedulerTest, NotNowMeansElsewhereOrLater) {
  publish({peer(1), peer(2)});
  const AskPeer first = queue(1).ask.at(0);
  const PeerSchedulerEffects elsewhere = reply(first, true);
  ASSERT_EQ(elsewhere.ask.size(), 1u);
  EXPECT_EQ(elsewhere.ask[0].peer, 2u);
  EXPECT_TRUE(reply(elsewhere.ask[0], true).ask.empty());  // both rest
  EXPECT_EQ(scheduler_.next_tick(), now_ + kPeerRest);
  EXPECT_TRUE(advance(kPeerRest - milliseconds(1)).ask.empty());
  EXPECT_EQ(advance(milliseconds(1)).ask.size(), 1u);
}

/// "Not now" is a reply: the peer is not slow.
TEST_F(PeerSchedulerTest, ABatchThatIsPutOffIsGivenNoMorePatience) {
  publish({peer(1)});
  AskPeer ask = queue(1).ask.at(0);
  for (int times = 0; times < 5; ++times) {
    reply(ask, true);
    ask = advance(kPeerRest).ask.at(0);
  }
  EXPECT_EQ(scheduler_.next_tick(), now_ + kPeerPatience);
}

}  // namespace
}  // namespace fd
