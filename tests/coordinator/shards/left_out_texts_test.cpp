#include "coordinator/shards/left_out_texts.hpp"

#include <gtest/gtest.h>

#include "protocol/base/digest.hpp"

namespace fd {
namespace {

SampleId sample(std::uint8_t number) {
  SampleId id;
  id.bytes[0] = number;
  return id;
}

void add(ShardResult& result, std::uint8_t number, const std::string& key, const std::string& text,
         bool left_out) {
  Answer& answer = result.answers.emplace_back();
  answer.sample_id = sample(number);
  answer.call_key = sha256(key);
  answer.text = "<think>" + key + "</think>\n" + text + "\n";
  Outcome& outcome = result.outcomes.emplace_back();
  outcome.sample_id = sample(number);
  Candidate& candidate = outcome.candidates.emplace_back();
  candidate.call_key = sha256(key);
  candidate.text = left_out ? "" : "as it was";
  candidate.text_in_answer = left_out;
}

TEST(PutTextsBack, TakesTheTextFromTheCandidatesOwnAnswer) {
  ShardResult result;
  add(result, 1, "key", "first", true);
  add(result, 2, "key", "second", true);  // an equal key of another sample
  add(result, 3, "other", "third", false);
  put_texts_back(result);
  EXPECT_EQ(result.outcomes[0].candidates[0].text, "first");
  EXPECT_EQ(result.outcomes[1].candidates[0].text, "second");
  EXPECT_EQ(result.outcomes[2].candidates[0].text, "as it was");
  for (const Outcome& outcome : result.outcomes) {
    EXPECT_FALSE(outcome.candidates[0].text_in_answer);
  }
}

}  // namespace
}  // namespace fd
