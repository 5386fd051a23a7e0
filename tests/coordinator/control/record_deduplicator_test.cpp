#include "coordinator/control/record_deduplicator.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

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

class RecordDeduplicatorTest : public testing::Test {
 protected:
  Record passed(Record record) {
    deduplicator_.pass(record);
    return record;
  }
  const std::vector<SampleId> ids_ = {filled_id(1), filled_id(2)};
  RecordDeduplicator deduplicator_{ids_};
};

TEST_F(RecordDeduplicatorTest, TheFirstAnswerToACallStaysAndBothCallsCount) {
  EXPECT_EQ(passed(answered(1, "first", 10)).answer->text, "first");
  const Record second = passed(answered(1, "second", 20));
  EXPECT_FALSE(second.answer.has_value());
  EXPECT_TRUE(second.call.has_value());  // it was paid for
}

/// A journal offers what was acknowledged again, when its segment outlived the acknowledgement.
TEST_F(RecordDeduplicatorTest, ARecordThatCameTwiceCountsOnce) {
  passed(answered(1, "first", 10));
  const Record again = passed(answered(1, "first", 10));
  EXPECT_FALSE(again.answer.has_value());
  EXPECT_FALSE(again.call.has_value());
}

TEST_F(RecordDeduplicatorTest, CallsInDoubtAreToldByTheirFence) {
  Record in_doubt;
  in_doubt.fence = 4;
  in_doubt.call.emplace();
  in_doubt.call->sample_id = filled_id(2);
  in_doubt.call->error = kInDoubt;
  EXPECT_TRUE(passed(in_doubt).call.has_value());
  EXPECT_FALSE(passed(in_doubt).call.has_value());
  in_doubt.fence = 5;
  EXPECT_TRUE(passed(in_doubt).call.has_value());
}

TEST_F(RecordDeduplicatorTest, AFailedOutcomeIsNeverFinal) {
  Record record;
  record.outcome.emplace();
  record.outcome->sample_id = filled_id(1);
  record.outcome->verdict = Verdict::failed;
  EXPECT_FALSE(passed(record).outcome.has_value());
  record.outcome->verdict = Verdict::rejected;
  EXPECT_TRUE(passed(record).outcome.has_value());
}

TEST_F(RecordDeduplicatorTest, NothingOfASampleThatIsNotInTheShardPasses) {
  const Record stranger = passed(answered(3, "lost", 10));
  EXPECT_FALSE(stranger.answer.has_value());
  EXPECT_FALSE(stranger.call.has_value());
}

}  // namespace
}  // namespace fd
