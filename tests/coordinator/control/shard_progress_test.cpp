#include "coordinator/control/shard_progress.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

SampleId id_of(std::uint8_t fill) {
  SampleId id;
  id.bytes.fill(fill);
  return id;
}

Answer answer_of(std::uint8_t sample, std::uint32_t candidate, const std::string& text) {
  Answer answer;
  answer.sample_id = id_of(sample);
  answer.candidate = candidate;
  answer.text = text;
  return answer;
}

Record recorded(std::uint8_t sample, const std::string& text) {
  Record record;
  record.answer = answer_of(sample, 0, text);
  record.outcome.emplace();
  record.outcome->sample_id = id_of(sample);
  return record;
}

const std::vector<SampleId> kIds = {id_of(2), id_of(4), id_of(6)};

TEST(ShardProgress, KnowsThePositionsOfItsSamplesOnly) {
  const ShardProgress progress(kIds, {});
  EXPECT_EQ(progress.position_of(id_of(2)), 0U);
  EXPECT_EQ(progress.position_of(id_of(6)), 2U);
  EXPECT_EQ(progress.position_of(id_of(1)), std::nullopt);
  EXPECT_EQ(progress.position_of(id_of(5)), std::nullopt);
  EXPECT_EQ(progress.position_of(id_of(7)), std::nullopt);
}

TEST(ShardProgress, StartsWithWhatTheLedgerHasAndCountsAnOutcomeOnce) {
  const ShardProgress progress(kIds,
                               {recorded(4, "first"), recorded(4, "second"), recorded(5, "lost")});
  EXPECT_EQ(progress.done_count, 1U);
  EXPECT_TRUE(progress.samples[1].done);
  EXPECT_FALSE(progress.samples[0].done);
  ASSERT_EQ(progress.answers.size(), 1U);
  EXPECT_EQ(progress.answers.begin()->second.text, "first");
}

TEST(ShardProgress, TheFirstAnswerOfACandidateStays) {
  ShardProgress progress(kIds, {});
  EXPECT_TRUE(progress.record_answer(1, answer_of(4, 0, "first")));
  EXPECT_FALSE(progress.record_answer(1, answer_of(4, 0, "second")));
  EXPECT_TRUE(progress.record_answer(1, answer_of(4, 1, "other candidate")));
  EXPECT_TRUE(progress.record_answer(2, answer_of(6, 0, "other sample")));
  std::vector<std::string> texts;
  for (const auto& [place, answer] : progress.answers_at(1)) {
    texts.push_back(answer.text);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"first", "other candidate"}));
}

TEST(ShardProgress, ACallInDoubtThatComesAgainIsNotRecordedUnlessItsFenceIsAnother) {
  ShardProgress progress(kIds, {});
  Call call;
  call.sample_id = id_of(4);
  call.end = CallEnd::in_doubt;
  call.fence = 1;
  EXPECT_TRUE(progress.record_call(call));
  EXPECT_FALSE(progress.record_call(call));
  call.fence = 2;
  EXPECT_TRUE(progress.record_call(call));
}

TEST(ShardProgress, AnOutcomeMustFollowFromTheRecordedAnswers) {
  ShardProgress progress(kIds, {});
  const Answer first = answer_of(4, 0, "first");
  progress.record_answer(1, first);
  Record outcome;
  EXPECT_TRUE(progress.follows_from_record(1, outcome));  // it does not say from which
  outcome.follows_from = answer_fingerprint(first);
  EXPECT_TRUE(progress.follows_from_record(1, outcome));
  EXPECT_FALSE(progress.follows_from_record(0, outcome));  // of another sample
  outcome.follows_from = answer_fingerprint(answer_of(4, 0, "second"));
  EXPECT_FALSE(progress.follows_from_record(1, outcome));
}

TEST(ShardProgress, ASampleIsASuspectFromItsSecondDeathUntilItIsDone) {
  ShardProgress progress(kIds, {});
  progress.samples[0].suspicion = kSuspicionMax - 1;
  EXPECT_FALSE(progress.samples[0].suspect());
  progress.samples[0].suspicion = kSuspicionMax;
  EXPECT_TRUE(progress.samples[0].suspect());
  EXPECT_FALSE(progress.only_suspects_left());
  progress.finish(1, false);
  EXPECT_FALSE(progress.only_suspects_left());
  progress.finish(2, true);
  EXPECT_TRUE(progress.only_suspects_left());
  EXPECT_TRUE(progress.samples[2].failed);
  EXPECT_EQ(progress.done_count, 2U);
  progress.finish(0, true);
  EXPECT_FALSE(progress.samples[0].suspect());
}

}  // namespace
}  // namespace fd
