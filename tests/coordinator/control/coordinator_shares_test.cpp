#include "tests/coordinator/control/core_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class CoordinatorShares : public CoreTest {
 protected:
  CoordinatorShares() { config_.calls_per_sample = 2; }
  static void leave(WorkerState& state) { state.leaving = true; }
  static std::vector<ShareGranted> logged(const CoordinatorEffects& effects) {
    return shares_in(effects.append);
  }
  static std::vector<ShareGranted> settled(std::uint64_t incarnation) {
    return {{"w", incarnation, 0}};
  }
  void finish_shard(std::uint64_t incarnation, std::uint64_t fence) {
    step(DeliverArrived{from(incarnation), {1, {outcome_of(0, fence), outcome_of(1, fence)}}});
    step(ShardWritten{0});
  }
};

TEST_F(CoordinatorShares, AShareIsWrittenDownBeforeTheLeaseThatItIsUsedUnder) {
  slow_disk_ = true;
  begin();
  const CoordinatorEffects granted = state(5);
  ASSERT_EQ(granted.append.size(), 2u);
  EXPECT_EQ(logged(granted), (std::vector<ShareGranted>{{"w", 5, 4}}));
  EXPECT_TRUE(std::holds_alternative<LeaseGranted>(granted.append[1])) << "the share comes first";
  ASSERT_EQ(sent<SendOrder>(granted).size(), 1u);
  EXPECT_TRUE(sent<SendOrder>(granted)[0].order.leases.empty());
  const auto orders = sent<SendOrder>(step(LeasesDurable{1, {{"w", 5, 4}}}));
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].order.leases.size(), 1u);
  EXPECT_EQ(calls_in(orders[0]), 4u);
}

TEST_F(CoordinatorShares, NoOrderWithALeaseAllowsMoreThanTheDiskHas) {
  slow_disk_ = true;
  config_.providers = {{"a", 3}, {"b", 3}};
  begin();
  state(5);
  const auto early = sent<SendOrder>(step(LeasesDurable{1, {}}));
  ASSERT_EQ(early.size(), 1u);
  EXPECT_EQ(calls_in(early[0]), 0u);
  const auto some = sent<SendOrder>(step(LeasesDurable{1, {{"w", 5, 3}}}));
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].order.shares, (std::vector<Share>{{"a", 2}, {"b", 1}}));
}

/// What an expected worker leaves over is a larger share, which is written down first too.
TEST_F(CoordinatorShares, AShareThatGrowsIsWrittenDownWithoutANewLease) {
  config_.workers_expected = 2;
  begin();
  EXPECT_EQ(logged(state(5)), (std::vector<ShareGranted>{{"w", 5, 2}}));
  slow_disk_ = true;
  const CoordinatorEffects grown = step(WorkerEnded{"other", false});
  EXPECT_EQ(logged(grown), (std::vector<ShareGranted>{{"w", 5, 4}}));
  EXPECT_TRUE(sent<SendOrder>(grown).empty());
  EXPECT_EQ(calls_in(sent<SendOrder>(step(LeasesDurable{0, logged(grown)})).at(0)), 4u);
  EXPECT_TRUE(logged(state(5)).empty()) << "once";
}

TEST_F(CoordinatorShares, AWorkerThatKeptItsLeaseOverAStartThatHadSettledItGetsAShare) {
  config_.last_fence = 3;
  begin({{2, false, LeaseGranted{0, 3, "w", 5}}});
  const auto keeps = [](WorkerState& state) {
    state.leases = {{0, 3, 2, 0}};
    state.draining = true;  // as the start before had told it
  };
  const CoordinatorEffects first = state(5, "w", keeps);
  EXPECT_EQ(logged(first), (std::vector<ShareGranted>{{"w", 5, 4}}));
  const auto orders = sent<SendOrder>(first);
  EXPECT_EQ(orders.back().order.leases, (std::vector<GrantedLease>{{0, 3, 2}}));
  EXPECT_EQ(calls_in(orders.back()), 4u);
  EXPECT_TRUE(logged(state(5, "w", keeps)).empty()) << "this start has not told it to drain";
}

TEST_F(CoordinatorShares, AWorkerThatLeavesIsSettledOnceNothingOfItIsOnItsWay) {
  begin();
  state(5);
  for (const auto& busy : std::vector<std::function<void(WorkerState&)>>{
           [](WorkerState& state) { state.in_flight = 1; },
           [](WorkerState& state) { state.owed = 1; },
           [](WorkerState& state) {
             state.leases = {{0, 1, 0, 1}};
           }}) {
    EXPECT_TRUE(logged(state(5, "w", [&](WorkerState& state) {
                  leave(state);
                  busy(state);
                })).empty());
  }
  EXPECT_EQ(logged(state(5, "w", leave)), settled(5));
  EXPECT_TRUE(logged(state(5, "w", leave)).empty()) << "once";
}

TEST_F(CoordinatorShares, AWorkerThatDrainsIsSettledOnceThisStartHasToldItTo) {
  begin();
  state(5);
  const auto drains = [](WorkerState& state) { state.draining = true; };
  EXPECT_TRUE(logged(state(5, "w", drains)).empty());
  step(DrainAsked{});
  EXPECT_EQ(logged(state(5, "w", drains)), settled(5));
}

/// A process that serves several runs numbers its journals upwards.
TEST_F(CoordinatorShares, AnEarlierProcessIsSettledOnceItsJournalIsOnRecord) {
  config_.shares_before = {{3, {"w", 3, 4}}, {std::uint64_t{1} << 40, {"w", 1u << 30, 4}}};
  begin();
  const auto recovers = [](std::uint32_t owed) {
    return [owed](WorkerState& state) {
      state.recovered = {3 + 1};
      state.owed = owed;
    };
  };
  EXPECT_TRUE(logged(state(5, "w", recovers(1))).empty()) << "a later process may hold all calls";
  EXPECT_EQ(logged(state(5, "w", recovers(0))), settled(3));
  EXPECT_TRUE(logged(state(5, "w", recovers(0))).empty()) << "once";
}

/// Its shard went to another worker while it was not heard of: a call of it may still end.
class Strays : public CoordinatorShares {
 protected:
  void part() {
    begin();
    state(5);
    load();
    advance(config_.ttl + milliseconds(1));
    state(6, "other");
    EXPECT_TRUE(core_->leases().holds(6, 0, 2));
    stray(1);
  }
  CoordinatorEffects stray(std::uint32_t in_flight) {
    return state(5, "w", [&](WorkerState& state) { state.in_flight = in_flight; });
  }
};

TEST_F(Strays, AreAwaitedAtTheEndAndThenAllIsSettled) {
  part();
  finish_shard(6, 2);
  EXPECT_FALSE(core_->finished());
  const auto settled_at_the_end = logged(stray(0));
  EXPECT_TRUE(core_->finished());
  EXPECT_EQ(settled_at_the_end, (std::vector<ShareGranted>{{"w", 5, 0}, {"other", 6, 0}}));
}

TEST_F(Strays, AreAwaitedForOneLeaseAtMostAndStayUnsettled) {
  part();
  finish_shard(6, 2);
  for (const Instant end = now_ + config_.ttl; now_ < end;) {
    EXPECT_FALSE(core_->finished());
    stray(1);
    advance(milliseconds(500));
  }
  EXPECT_TRUE(core_->finished());
  EXPECT_EQ(shares_.back(), (ShareGranted{"other", 6, 0}));
  EXPECT_EQ(std::ranges::count(shares_, ShareGranted{"w", 5, 0}), 0) << "nobody knows";
}

TEST_F(Strays, AreAwaitedForOneLeaseBesidesAPauseOfTheCoordinator) {
  part();
  finish_shard(6, 2);
  pause(2 * config_.ttl);
  EXPECT_FALSE(core_->finished()) << "what it said meanwhile is still to be read";
  stray(0);
  EXPECT_TRUE(core_->finished());
  EXPECT_EQ(std::ranges::count(shares_, ShareGranted{"w", 5, 0}), 1);
}

/// It gave its lease back, with the answer of a sample that it does not finish still on its way.
TEST_F(Strays, AreWorkersThatLeaveWithAnswersThatAreNotOnRecord) {
  begin();
  state(5);
  load();
  const auto leaves = [this](std::uint32_t owed) {
    return state(5, "w", [&](WorkerState& state) {
      leave(state);
      state.owed = owed;
      state.leases = {{0, 1, 0, 0}};
    });
  };
  leaves(1);
  state(6, "other");
  finish_shard(6, 2);
  EXPECT_FALSE(core_->finished());
  leaves(0);
  EXPECT_TRUE(core_->finished());
}

TEST_F(Strays, ARunWithoutThemEndsWithItsLastShard) {
  begin();
  state(5);
  load();
  step(DeliverArrived{from(5), {1, {outcome_of(0, 1), outcome_of(1, 1)}}});
  EXPECT_EQ(logged(step(ShardWritten{0})), settled(5));
  EXPECT_TRUE(core_->finished());
}

/// Between two runs a worker owes nothing, as far as it knows: it has to read its journal first.
TEST_F(Strays, AWorkerThatHasNotHeardThisStartDoesNotSayWhatItOwes) {
  config_.shares_before = {{5, {"w", 5, 4}}};
  begin();
  state(6, "other");
  load();
  StateArrived stranger{from(5), {}};
  stranger.from = {0, 0, 5};
  stranger.state.name = "w";
  stranger.state.seq = 1;
  stranger.state.stages = all_stages();
  step(std::move(stranger));
  finish_shard(6, 1);
  EXPECT_FALSE(core_->finished());
  seq_ = 10;
  state(5, "w", [](WorkerState& state) { state.owed = 1; });
  EXPECT_FALSE(core_->finished());
  EXPECT_EQ(logged(state(5)), settled(5)) << "the other had no share while this one had all";
  EXPECT_TRUE(core_->finished());
}

/// What an earlier start let a process have in flight is no other's before that has heard this
/// start, or its lease is over.
TEST_F(CoordinatorShares, WhatAnEarlierStartGaveIsNotGivenTwice) {
  config_.shares_before = {{5, {"w", 5, 3}}};
  config_.last_fence = 1;
  begin({{9, false, LeaseGranted{0, 1, "w", 5}}, {9, false, std::nullopt}});
  EXPECT_EQ(calls_in(sent<SendOrder>(state(6, "other")).back()), 1u);
  advance(config_.ttl / 2);
  EXPECT_EQ(calls_in(sent<SendOrder>(state(6, "other")).back()), 1u);
  advance(config_.ttl / 2 + milliseconds(1));
  EXPECT_EQ(calls_in(sent<SendOrder>(state(6, "other")).back()), 4u);
}

/// Its lease expired, and another worker got the calls. A late state that still names the old
/// shares does not take them back.
TEST_F(CoordinatorShares, WhatALapsedWorkerGoesByIsNoShareOfIts) {
  config_.providers = {{"p", 4}};
  config_.prefetch = 1;
  begin({{9, false, std::nullopt}, {9, false, std::nullopt}});
  std::uint64_t heard = 0;
  const auto full = [&](WorkerState& state) {
    state.share_heard = heard;
    state.shares = {{"p", 4}};
    state.calls = {{"p", 4}};
    state.in_flight = 4;
    state.waiting = 9;
  };
  const auto first = sent<SendOrder>(state(5)).back();
  ASSERT_EQ(calls_in(first), 4u);
  heard = first.order.share_number;
  state(5, "w", full);
  advance(config_.ttl + milliseconds(1));
  const auto other = sent<SendOrder>(state(6, "other")).back();
  ASSERT_EQ(calls_in(other), 4u);
  EXPECT_EQ(calls_in(sent<SendOrder>(state(5, "w", full)).back()), 0u);
}

TEST_F(CoordinatorShares, AShareIsSmallerForTheOtherOnceTheFirstSaysThatItGoesByLess) {
  config_.providers = {{"p", 4}};
  config_.prefetch = 1;
  begin({{9, false, std::nullopt}, {9, false, std::nullopt}});
  std::uint64_t heard = 0;
  const auto says = [&](std::uint32_t share, std::uint32_t in_flight) {
    return [&heard, share, in_flight](WorkerState& state) {
      state.share_heard = heard;
      state.shares = {{"p", share}};
      state.calls = {{"p", in_flight}};
      state.in_flight = in_flight;
      state.waiting = 9;
    };
  };
  const auto orders = sent<SendOrder>(state(5));
  EXPECT_EQ(calls_in(orders.back()), 4u);
  heard = orders.back().order.share_number;
  state(5, "w", says(4, 4));
  const auto joined = sent<SendOrder>(state(6, "other"));
  const auto to = [&](std::uint64_t incarnation, const std::vector<SendOrder>& all) {
    const SendOrder* last = nullptr;
    for (const SendOrder& one : all) {
      last = one.incarnation == incarnation ? &one : last;
    }
    return last != nullptr ? std::optional(calls_in(*last)) : std::nullopt;
  };
  EXPECT_EQ(to(5, joined), 2u) << "told at once";
  EXPECT_EQ(to(6, joined), 0u);
  // It has not heard that, then it has three in flight still, then two.
  EXPECT_EQ(to(6, sent<SendOrder>(state(5, "w", says(4, 4)))), std::nullopt);
  heard += 2;
  EXPECT_EQ(to(6, sent<SendOrder>(state(5, "w", says(2, 3)))), 1u);
  EXPECT_EQ(to(6, sent<SendOrder>(state(5, "w", says(2, 2)))), 2u);
}

/// What was paid for is known, however late.
TEST_F(CoordinatorShares, ACallForAShardThatIsBeingWrittenOrIsCommittedIsKeptWithoutItsOutcome) {
  begin({{2, false, std::nullopt}, {2, false, std::nullopt}});
  state(5);
  load();
  step(DeliverArrived{from(5), {1, {outcome_of(0, 1), outcome_of(1, 1)}}});
  std::uint64_t seq = 1;
  for (const bool committed : {false, true}) {
    if (committed) {
      step(ShardWritten{0});
    }
    Record late = call_of(0, seq);
    late.outcome = outcome_of(0, 1).outcome;
    late.follows_from = 0;
    const CoordinatorEffects effects = step(DeliverArrived{from(5), {++seq, {late}}});
    late.outcome.reset();
    late.follows_from.reset();
    EXPECT_EQ(effects.late, std::vector<Record>{late});
    EXPECT_TRUE(effects.append.empty());
    EXPECT_EQ(sent<SendAck>(effects).size(), 1u);
  }
  EXPECT_TRUE(step(DeliverArrived{from(5), {++seq, {outcome_of(0, 1)}}}).late.empty());
}

}  // namespace
}  // namespace fd
