#include "coordinator/shards/record_fold.hpp"

#include <gtest/gtest.h>

#include "tests/coordinator/replay/replay_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

SampleId filled_id(std::uint8_t fill) {
  SampleId id;
  id.bytes.fill(fill);
  return id;
}

Record answered(std::uint8_t sample, const std::string& text, std::uint64_t service_us) {
  Record record;
  record.answer.emplace();
  record.answer->sample_id = filled_id(sample);
  record.answer->text = text;
  record.call.emplace();
  record.call->sample_id = filled_id(sample);
  record.call->service_us = service_us;
  return record;
}

class RecordFoldTest : public testing::Test {
 protected:
  Record passed(Record record) {
    fold_.pass(record);
    return record;
  }
  const std::vector<SampleId> ids_ = {filled_id(1), filled_id(2)};
  RecordFold fold_{ids_};
};

TEST_F(RecordFoldTest, TheFirstAnswerToACallStaysAndBothCallsCount) {
  EXPECT_EQ(passed(answered(1, "first", 10)).answer->text, "first");
  const Record second = passed(answered(1, "second", 20));
  EXPECT_FALSE(second.answer.has_value());
  EXPECT_TRUE(second.call.has_value());  // it was paid for
}

/// A journal offers what was acknowledged again, when its segment outlived the acknowledgement.
TEST_F(RecordFoldTest, ARecordThatCameTwiceCountsOnce) {
  passed(answered(1, "first", 10));
  const Record again = passed(answered(1, "first", 10));
  EXPECT_FALSE(again.answer.has_value());
  EXPECT_FALSE(again.call.has_value());
}

TEST_F(RecordFoldTest, CallsInDoubtAreToldByTheirFence) {
  Record in_doubt;
  in_doubt.call.emplace();
  in_doubt.call->sample_id = filled_id(2);
  in_doubt.call->end = CallEnd::in_doubt;
  in_doubt.call->fence = 4;
  EXPECT_TRUE(passed(in_doubt).call.has_value());
  EXPECT_FALSE(passed(in_doubt).call.has_value());
  in_doubt.call->fence = 5;
  EXPECT_TRUE(passed(in_doubt).call.has_value());
}

TEST_F(RecordFoldTest, NothingOfASampleThatIsNotInTheShardPasses) {
  const Record stranger = passed(answered(3, "lost", 10));
  EXPECT_FALSE(stranger.answer.has_value());
  EXPECT_FALSE(stranger.call.has_value());
}

class RecordedResult : public testing::Test {
 protected:
  RecordedResult() : samples_{rules_sample(0)} {}

  Record answer(std::uint32_t candidate, const std::string& text) const {
    Record record;
    record.answer = rules_answer(config_, samples_[0], candidate, text);
    record.call = answered_call(*record.answer);
    return record;
  }
  Record outcome(Verdict verdict) const {
    Record record;
    record.outcome.emplace();
    record.outcome->sample_id = samples_[0].id;
    record.outcome->verdict = verdict;
    return record;
  }
  ShardResult result(const std::vector<Record>& records) const {
    auto found = recorded_result(3, samples_, records);
    EXPECT_TRUE(found.ok()) << found.error().message;
    return std::move(found).value();
  }

  RunConfig config_ = rules_config(2);
  std::vector<Sample> samples_;
};

TEST_F(RecordedResult, HasTheFirstAnswersAndTheLastOutcome) {
  const ShardResult found = result({answer(1, "b"), answer(0, "a"), answer(0, "later"),
                                    outcome(Verdict::failed), outcome(Verdict::kept)});
  EXPECT_EQ(found.shard, 3u);
  ASSERT_EQ(found.answers.size(), 2u);
  EXPECT_EQ(found.answers[0].text, "a");
  EXPECT_EQ(found.answers[1].text, "b");
  ASSERT_EQ(found.outcomes.size(), 1u);
  EXPECT_EQ(found.outcomes[0].verdict, Verdict::kept);
}

TEST_F(RecordedResult, CountsACallOnceHoweverOftenAJournalBroughtIt) {
  EXPECT_EQ(result({answer(0, "a"), answer(0, "a"), outcome(Verdict::kept)}).calls.size(), 1u);
}

TEST_F(RecordedResult, LeavesOutAnAnswerThatCameAfterTheSampleFailed) {
  const ShardResult found = result({answer(0, "a"), outcome(Verdict::failed), answer(1, "late")});
  ASSERT_EQ(found.answers.size(), 1u);
  EXPECT_EQ(found.answers[0].text, "a");
}

/// The coordinator keeps what it takes until the shard is written.
TEST_F(RecordedResult, HasAnAnswerThatCameAfterItsSampleFailedAndBeforeTheLastOutcome) {
  samples_.push_back(rules_sample(1));
  std::ranges::sort(samples_, {}, &Sample::id);
  Record other = outcome(Verdict::kept);
  other.outcome->sample_id = samples_[1].id;
  const ShardResult found =
      result({answer(0, "a"), outcome(Verdict::failed), answer(1, "late"), other});
  ASSERT_EQ(found.answers.size(), 2u);
  EXPECT_EQ(found.answers[1].text, "late");
}

/// A call that became known behind the last outcome is in no file, so the bill counts it apart; its
/// shard is written again without it.
TEST_F(RecordedResult, ALateCallIsInNoFileAndIsCounted) {
  const std::vector<Record> records = {answer(0, "a"), outcome(Verdict::kept), answer(1, "late")};
  EXPECT_EQ(result(records).calls.size(), 1u);
  EXPECT_EQ(records_in_files(1, records), 2u);
  const std::vector<Call> late = late_calls({samples_[0].id}, records);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].candidate, 1u);
}

TEST_F(RecordedResult, NoCallIsLateWhileOutcomesWillCome) {
  const std::vector<Record> failed = {answer(0, "a"), outcome(Verdict::failed), answer(1, "late")};
  EXPECT_EQ(records_in_files(1, failed), 3u);
  const std::vector<Record> mended = {answer(0, "a"), outcome(Verdict::failed), answer(1, "b"),
                                      outcome(Verdict::kept)};
  EXPECT_TRUE(late_calls({samples_[0].id}, mended).empty());
}

TEST_F(RecordedResult, LeavesOutStrangers) {
  Record stranger = outcome(Verdict::kept);
  stranger.outcome->sample_id = rules_sample(1).id;
  EXPECT_EQ(result({stranger, outcome(Verdict::kept)}).outcomes.size(), 1u);
}

TEST_F(RecordedResult, NamesTheSampleThatHasNoOutcome) {
  const auto found = recorded_result(3, samples_, {answer(0, "a")});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Errc::corrupt);
  EXPECT_NE(found.error().message.find(samples_[0].id.hex()), std::string::npos);
}

/// A call that became known when the shard's samples all had their outcomes is in no file of it.
class LateCalls : public RecordedResult {
 protected:
  std::vector<Call> late(const std::vector<Record>& records) const {
    return late_calls({samples_[0].id}, records);
  }
  const Record written_ = answer(0, "a");
  Record late_ = answer(1, "b");
};

TEST_F(LateCalls, AreThoseBehindTheLastOutcomeAndNotInTheFiles) {
  const std::vector<Record> records = {written_, outcome(Verdict::kept), late_};
  EXPECT_EQ(late(records), std::vector<Call>{*late_.call});
  const ShardResult found = result(records);
  EXPECT_EQ(found.calls, std::vector<Call>{*written_.call});
  EXPECT_EQ(found.answers, std::vector<Answer>{*written_.answer});
}

TEST_F(LateCalls, AreNoneWhenTheyWereOnRecordBeforeOrComeTwice) {
  EXPECT_TRUE(late({written_, outcome(Verdict::kept), written_}).empty());
  EXPECT_EQ(late({written_, outcome(Verdict::kept), late_, late_}).size(), 1u);
  EXPECT_TRUE(late({written_, late_, outcome(Verdict::kept)}).empty());
}

/// The next start asks again what failed: then the files are written anew, with all of them.
TEST_F(LateCalls, AreInTheFilesOnceTheSampleHasALaterOutcome) {
  const std::vector<Record> records = {written_, outcome(Verdict::failed), late_,
                                       outcome(Verdict::kept)};
  EXPECT_TRUE(late(records).empty());
  EXPECT_EQ(result(records).calls.size(), 2u);
}

TEST_F(LateCalls, AreNotThoseOfStrangers) {
  late_.call->sample_id = rules_sample(1).id;
  EXPECT_TRUE(late({written_, outcome(Verdict::kept), late_}).empty());
}

}  // namespace
}  // namespace fd
