#include "coordinator/control/loaded_shard.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

SampleId id(std::uint8_t position) {
  SampleId id;
  id.bytes[1] = position;
  return id;
}

/// A shard of two samples.
LoadedShard two_samples() {
  LoadedShard loaded;
  loaded.shard = 4;
  loaded.samples.resize(2);
  loaded.samples[0].id = id(0);
  loaded.samples[1].id = id(1);
  return loaded;
}

Record answer(std::uint8_t position, const std::string& text) {
  Record record;
  record.shard = 4;
  record.answer.emplace();
  record.answer->sample_id = id(position);
  record.answer->text = text;
  return record;
}

Record outcome(std::uint8_t position, Verdict verdict) {
  Record record;
  record.shard = 4;
  record.outcome.emplace();
  record.outcome->sample_id = id(position);
  record.outcome->verdict = verdict;
  return record;
}

FoldedShard folded_of(LoadedShard loaded) {
  return fold(std::move(loaded), 2).value();
}

TEST(LoadedShardTest, WhatIsRecordedGoesToTheFilesAndToTheCore) {
  LoadedShard loaded = two_samples();
  loaded.recorded = {answer(0, "a"), outcome(0, Verdict::kept)};
  const FoldedShard folded = folded_of(std::move(loaded));
  EXPECT_EQ(folded.store.samples.size(), 2u);
  EXPECT_EQ(folded.store.result.shard, 4u);
  ASSERT_EQ(folded.store.result.answers.size(), 1u);
  EXPECT_EQ(folded.store.result.outcomes.size(), 1u);
  EXPECT_EQ(folded.event.shard, 4u);
  EXPECT_EQ(folded.event.ids, (std::vector<SampleId>{id(0), id(1)}));
  EXPECT_EQ(folded.event.recorded.size(), 2u);
}

TEST(LoadedShardTest, AFailedOutcomeIsNotFinal) {
  LoadedShard loaded = two_samples();
  loaded.recorded = {outcome(0, Verdict::failed), outcome(1, Verdict::rejected)};
  const FoldedShard folded = folded_of(std::move(loaded));
  ASSERT_EQ(folded.store.result.outcomes.size(), 1u);
  EXPECT_EQ(folded.store.result.outcomes[0].sample_id, id(1));
  EXPECT_FALSE(folded.event.recorded[0].outcome);
}

TEST(LoadedShardTest, WhatCameBehindTheLastOutcomeIsInNoFile) {
  LoadedShard loaded = two_samples();
  loaded.recorded = {answer(0, "a"), outcome(0, Verdict::kept), outcome(1, Verdict::kept),
                     answer(1, "late")};
  const FoldedShard folded = folded_of(std::move(loaded));
  EXPECT_EQ(folded.store.result.answers.size(), 1u);
  EXPECT_EQ(folded.event.recorded.size(), 4u);
}

TEST(LoadedShardTest, AnAnswerBesideTheLedgerCountsOnlyWhereTheLedgerHasNone) {
  LoadedShard loaded = two_samples();
  loaded.recorded = {answer(0, "a")};
  loaded.beside = {answer(0, "b"), answer(1, "c")};
  const FoldedShard folded = folded_of(std::move(loaded));
  ASSERT_EQ(folded.event.reused.size(), 1u);
  EXPECT_EQ(folded.event.reused[0].answer->text, "c");
  EXPECT_EQ(folded.store.result.answers.size(), 1u);  // it is appended first
}

}  // namespace
}  // namespace fd
