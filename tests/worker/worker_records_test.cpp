#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::digest_of;
using testing_support::WorkerCoreTest;

TEST_F(WorkerCoreTest, RecordsWaitFiveMillisecondsForCompany) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 10));
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
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  step(outcome());
  const auto first = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(first.size(), 1u);
  const WorkerEffects later = wait(milliseconds(1000));
  EXPECT_TRUE(of<Deliver>(later).empty());
  EXPECT_EQ(of<FlushMarker>(later).size(), 1u);
  hear_flush_marker();
  EXPECT_EQ(of<Deliver>(wait(milliseconds(0))), first);
  step(AckArrived{from(), {1}});
  wait(seconds(5));
  hear_flush_marker();
  EXPECT_TRUE(of<Deliver>(wait(seconds(5))).empty());
}

TEST_F(WorkerCoreTest, B14NothingIsRepeatedToACoordinatorThatSaysNothing) {
  join();
  hear({{0, 1, 10}});
  take(samples(0, 1));
  step(outcome());
  const auto first = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(first.size(), 1u);
  for (int second = 0; second < 60; ++second) {
    EXPECT_TRUE(of<Deliver>(wait(seconds(1))).empty());
  }
  hear({});
  EXPECT_TRUE(of<Deliver>(wait(seconds(1))).empty());
  hear_flush_marker();
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
    under_way = of<Deliver>(step(AckArrived{from(), {seq}}));
  }
  EXPECT_EQ(records, 100u);
}

TEST_F(WorkerCoreTest, RecordsOfTheLargestSizeFitTheirFrames) {
  join();
  std::uint64_t seq = 0;
  for (auto sent = of<Deliver>(step(left_behind(4, 7u << 20))); !sent.empty();
       sent = of<Deliver>(step(AckArrived{from(), {seq}}))) {
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_LT(encode(sent[0]).size(), kMaxFrameBytes / 2);
    ++seq;
  }
  EXPECT_EQ(seq, 4u);
}

TEST_F(WorkerCoreTest, TheLargestRecordThatAJournalHoldsFitsAFrame) {
  join();
  JournalRecovered recovered = left_behind(1, 0);
  std::string& text = recovered.entries[0].record.answer->text;
  text.assign(kMaxJournalRecordBytes - 1 - encode(recovered.entries[0].record).size() - 4, 'x');
  ASSERT_EQ(encode(recovered.entries[0].record).size(), kMaxJournalRecordBytes - 1);
  const auto sent = of<Deliver>(step(std::move(recovered)));
  ASSERT_EQ(sent.size(), 1u);
  const std::string run_id(kMaxRunIdBytes, 'r');
  EXPECT_LE(encode_frame(run_id, Speaker{}, sent[0]).size(), kMaxFrameBytes);
}

TEST_F(WorkerCoreTest, AcknowledgementOfAnotherLedgerStartOrIncarnationCountsForNothing) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  step(outcome());
  wait(milliseconds(5));
  for (const Speaker& other : {Speaker{7, 2, 5}, Speaker{8, 1, 5}, Speaker{7, 1, 6}}) {
    step(AckArrived{{"run", other}, {1}});
  }
  wait(milliseconds(1000));
  hear_flush_marker();
  EXPECT_EQ(of<Deliver>(wait(milliseconds(0))).size(), 1u);
}

TEST_F(WorkerCoreTest, ANewStartOffersEverythingAgainInOrder) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 2));
  step(outcome());
  wait(milliseconds(5));
  step(AckArrived{from(), {1}});
  step(outcome());
  ASSERT_EQ(of<Deliver>(wait(milliseconds(5)))[0].seq, 2u);
  coordinator_.start = 2;
  take(order({{0, 1, 10}}));
  const auto again = of<Deliver>(wait(milliseconds(0)));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].seq, 1u);
}

TEST_F(WorkerCoreTest, OutcomesOfALapsedLeaseAreStillDelivered) {
  join();
  take(order({{0, 1, 10}}));
  take(samples(0, 1));
  wait(seconds(20));
  step(outcome());
  EXPECT_EQ(of<Deliver>(wait(milliseconds(5))).size(), 1u);
}

TEST_F(WorkerCoreTest, JournaledRecordsAreOfferedFirstAndReleasedWhenAcknowledged) {
  step(WorkerTicked{});
  EXPECT_EQ(take(order({{0, 2, 10}})).reset, "run");
  JournalRecovered recovered;
  recovered.entries.push_back({answered(3).record, 7});
  recovered.entries.push_back({answered(4).record, 8});
  step(recovered);
  step(RunSpecArrived{from(), {digest_of(9), "{}"}});
  take(order({{0, 2, 10}}));
  const WorkerEffects effects = wait(milliseconds(5));
  ASSERT_EQ(of<Deliver>(effects).size(), 1u);
  EXPECT_EQ(of<Deliver>(effects)[0].records.size(), 2u);
  const WorkerEffects settled = step(AckArrived{from(), {1}});
  EXPECT_EQ(settled.release, 8u);
}

TEST_F(WorkerCoreTest, RecoveredShardIsFetchedOnlyOnceItsAnswersAreAcknowledged) {
  join();
  step(JournalRecovered{{{answered(3).record, 1}}, 0, {}});
  EXPECT_TRUE(fetches(take(order({{0, 2, 10}}))).empty());
  wait(milliseconds(5));
  EXPECT_EQ(fetches(step(AckArrived{from(), {1}})).size(), 1u);
}

/// What was on record when the sample came counts as much as what this worker bought for it.
TEST_F(WorkerCoreTest, AnOutcomeNamesTheAnswersThatItFollowsFrom) {
  join();
  hear({{0, 1, 10}});
  Samples sent = samples(0, 2);
  Answer recorded = answer_at(1, "SELECT 2");
  recorded.candidate = 1;
  sent.items[1].answers = {recorded};
  take(sent);
  step(outcome_at(0));
  step(answered(1));
  step(outcome_at(1));
  const auto delivers = of<Deliver>(wait(milliseconds(5)));
  ASSERT_EQ(delivers.size(), 1u);
  const std::vector<Record>& records = delivers[0].records;
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].follows_from, 0u);
  EXPECT_EQ(records[1].follows_from, std::nullopt);
  EXPECT_EQ(records[2].follows_from,
            answer_fingerprint(answer_at(1)) ^ answer_fingerprint(recorded));
}

}  // namespace
}  // namespace fd
