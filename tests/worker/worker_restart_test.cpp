#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using testing_support::digest_of;
using testing_support::milliseconds;
using testing_support::seconds;
using testing_support::WorkerCoreTest;

/// The coordinator ends, and another start of the same ledger, or another ledger, answers.
class WorkerRestartTest : public WorkerCoreTest {
 protected:
  /// Brings the worker to where one outcome is on its way and one sample is in work.
  std::vector<Deliver> owe() {
    join();
    hear({{0, 1, 10}});
    take(samples(0, 2));
    step(outcome());
    return of<Deliver>(wait(milliseconds(5)));
  }
};

TEST_F(WorkerRestartTest, ANewStartOfTheLedgerIsOfferedEverythingAgainAndKeepsTheLease) {
  const auto first = owe();
  ASSERT_EQ(first.size(), 1u);
  coordinator_.start = 2;
  const WorkerEffects effects = hear({{0, 1, 10}});
  EXPECT_EQ(effects.reset, std::nullopt);
  EXPECT_EQ(core_.speaker(), coordinator_);
  EXPECT_EQ(last_state_.leases.at(0).outstanding, 2u);
  EXPECT_EQ(of<Deliver>(wait(milliseconds(0))), first);
}

TEST_F(WorkerRestartTest, WhatTheReplacedStartSendsIsDropped) {
  owe();
  const FromCoordinator replaced = from();
  const Order late = order({});
  wait(seconds(1));
  coordinator_.start = 2;
  hear({{0, 1, 10}});
  step(AckArrived{replaced, {1}});
  step(OrderArrived{replaced, late});
  EXPECT_EQ(step(RunSpecArrived{replaced, {digest_of(8), "{}"}}).configure, std::nullopt);
  EXPECT_TRUE(step(SamplesArrived{replaced, samples(2, 4)}).start.empty());
  EXPECT_EQ(step(PieceArrived{replaced, {}}).chunk, std::nullopt);
  EXPECT_EQ(core_.speaker(), coordinator_);
  wait(seconds(1));
  EXPECT_EQ(last_state_.leases.size(), 1u);
  EXPECT_EQ(last_state_.owed, 2u) << "a record and a sample";
}

TEST_F(WorkerRestartTest, AnotherLedgerUnderTheSameRunIdIsAnotherRun) {
  owe();
  coordinator_.ledger = 8;
  coordinator_.start = 2;
  const WorkerEffects effects = hear({{0, 1, 10}});
  EXPECT_EQ(effects.reset, "run");
  EXPECT_EQ(core_.speaker(), coordinator_);
  EXPECT_TRUE(effects.send.empty()) << "before the journal was read nothing is known";
  step(JournalRecovered{});
  EXPECT_EQ(last_state_.owed, 0u) << "it comes from the journal";
  EXPECT_FALSE(last_state_.config.has_value());
  EXPECT_EQ(step(RunSpecArrived{from(), {digest_of(9), "{}"}}).configure, "{}");
}

TEST_F(WorkerRestartTest, TheEndOfAnotherLedgersRunIsNoEndOfThisOne) {
  owe();
  coordinator_.ledger = 8;
  Order over = order({});
  over.run_over = true;
  EXPECT_EQ(take(over).reset, std::nullopt);
  EXPECT_EQ(core_.run_id(), "run");
  EXPECT_EQ(core_.speaker().ledger, 7u);
}

/// A sample with more answers than one message holds.
class WorkerPiecesTest : public WorkerCoreTest {
 protected:
  static Answer answer(std::uint8_t number) {
    Answer made = answer_at(0, "text " + std::to_string(number));
    made.call_key = digest_of(number);
    made.candidate = number;
    return made;
  }
  /// Answers [first, last) of the sample at position 0, behind the answer that has `after`.
  static Samples piece(std::uint8_t first, std::uint8_t last, std::optional<Digest> after,
                       bool more) {
    Samples one = samples(0, 1);
    one.next = more ? 0 : 1;
    one.after = after;
    one.items[0].more = more;
    for (std::uint8_t number = first; number < last; ++number) {
      one.items[0].answers.push_back(answer(number));
    }
    return one;
  }
};

TEST_F(WorkerPiecesTest, AreAskedForOneAfterAnotherAndJoined) {
  join();
  hear({{0, 1, 2}});
  const WorkerEffects first = take(piece(0, 2, {}, true));
  EXPECT_TRUE(first.start.empty());
  EXPECT_EQ(fetches(first), (std::vector<Fetch>{{0, 1, 0, 2, false, digest_of(1)}}));
  const WorkerEffects second = take(piece(2, 4, digest_of(1), true));
  EXPECT_TRUE(second.start.empty());
  EXPECT_EQ(fetches(second), (std::vector<Fetch>{{0, 1, 0, 2, false, digest_of(3)}}));
  const WorkerEffects last = take(piece(4, 5, digest_of(3), false));
  ASSERT_EQ(last.start.size(), 1u);
  EXPECT_EQ(last.start[0].item.answers,
            (std::vector<Answer>{answer(0), answer(1), answer(2), answer(3), answer(4)}));
  EXPECT_EQ(fetches(last), (std::vector<Fetch>{{0, 1, 1, 1, false, {}}}));
}

TEST_F(WorkerPiecesTest, ThatComeAgainChangeNothing) {
  join();
  hear({{0, 1, 1}});
  take(piece(0, 2, {}, true));
  EXPECT_TRUE(fetches(take(piece(0, 2, {}, true))).empty());
  take(piece(2, 4, digest_of(1), true));
  EXPECT_TRUE(take(piece(2, 4, digest_of(1), true)).start.empty());
  EXPECT_TRUE(take(piece(0, 5, {}, false)).start.empty()) << "as if nothing had come";
  const WorkerEffects last = take(piece(4, 5, digest_of(3), false));
  ASSERT_EQ(last.start.size(), 1u);
  EXPECT_EQ(last.start[0].item.answers.size(), 5u);
  EXPECT_TRUE(take(piece(4, 5, digest_of(3), false)).start.empty());
}

/// The new start need not have the answers that the earlier one sent.
TEST_F(WorkerPiecesTest, StartOverWithTheNextStartOfTheCoordinator) {
  join();
  hear({{0, 1, 1}});
  take(piece(0, 2, {}, true));
  coordinator_.start = 2;
  EXPECT_EQ(fetches(hear({{0, 1, 1}})), (std::vector<Fetch>{{0, 1, 0, 1, false, {}}}));
}

TEST_F(WorkerPiecesTest, StartOverUnderTheNextLease) {
  join();
  hear({{0, 1, 1}});
  take(piece(0, 2, {}, true));
  const auto asked = fetches(hear({{0, 2, 1}}));
  EXPECT_EQ(asked, (std::vector<Fetch>{{0, 2, 0, 1, false, {}}}));
  Samples whole = piece(0, 5, {}, false);
  whole.fence = 2;
  const WorkerEffects effects = take(whole);
  ASSERT_EQ(effects.start.size(), 1u);
  EXPECT_EQ(effects.start[0].item.answers.size(), 5u);
}

}  // namespace
}  // namespace fd
