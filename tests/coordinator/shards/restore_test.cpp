#include "coordinator/shards/restore.hpp"

#include <gtest/gtest.h>

#include "tests/coordinator/replay/replay_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

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

}  // namespace
}  // namespace fd
