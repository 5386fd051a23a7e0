#include "worker/outcome_size.hpp"

#include <gtest/gtest.h>

#include "protocol/base/digest.hpp"
#include "protocol/json/json.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace fd {
namespace {

/// A sample whose candidates are their whole answers.
struct Whole {
  Outcome outcome;
  std::vector<Answer> answers;
};

Whole whole(std::size_t candidates, const std::string& text) {
  Whole made;
  made.outcome.verdict = Verdict::kept;
  made.outcome.reason = Reason::none;
  for (std::size_t i = 0; i < candidates; ++i) {
    Answer& answer = made.answers.emplace_back();
    answer.call_key = sha256(std::to_string(i));
    answer.text = "<think>so</think>" + text;
    Candidate& candidate = made.outcome.candidates.emplace_back();
    candidate.index = static_cast<std::uint32_t>(i);
    candidate.call_key = answer.call_key;
    candidate.text = text;
    candidate.clean_rule = "whole";
  }
  return made;
}

/// A text with which the outcome of one candidate is exactly as large as it may be.
std::string longest() {
  Whole one = whole(1, "");
  return std::string(kMaxOutcomeBytes - encoded_size_bound(one.outcome), 'x');
}

TEST(FitOutcome, AnOutcomeThatFitsStaysAsItIs) {
  Whole one = whole(1, longest());
  const Outcome before = one.outcome;
  EXPECT_EQ(fit_outcome(one.outcome, one.answers), "");
  EXPECT_EQ(one.outcome, before);
}

TEST(FitOutcome, TextsThatAreInTheAnswersAreLeftOutOfOneThatIsTooLarge) {
  Whole one = whole(8, std::string(3'000'000, 'x'));
  EXPECT_EQ(fit_outcome(one.outcome, one.answers), "");
  EXPECT_LT(encoded_size_bound(one.outcome), 10'000u);
  for (const Candidate& candidate : one.outcome.candidates) {
    EXPECT_TRUE(candidate.text_in_answer);
    EXPECT_EQ(candidate.text, "");
  }
  EXPECT_EQ(one.outcome.verdict, Verdict::kept);
}

TEST(FitOutcome, ATextThatNoAnswerHasIsNotLeftOut) {
  Whole one = whole(2, longest());
  one.outcome.candidates[0].text = "another";
  EXPECT_EQ(fit_outcome(one.outcome, one.answers), "");
  EXPECT_EQ(one.outcome.candidates[0].text, "another");
  EXPECT_TRUE(one.outcome.candidates[1].text_in_answer);
  Whole other = whole(1, longest() + "x");
  other.answers.clear();
  EXPECT_TRUE(fit_outcome(other.outcome, other.answers).find("bytes together, more than 8388608") !=
              std::string::npos);
  EXPECT_EQ(other.outcome.verdict, Verdict::failed);
  EXPECT_EQ(other.outcome.reason, Reason::internal);
  EXPECT_TRUE(other.outcome.candidates.empty());
}

TEST(FitOutcome, OneThatNoLineCouldHoldFails) {
  Whole one = whole(2, std::string(json::kMaxTextBytes / 12, '\x01'));  // six bytes each as JSON
  EXPECT_NE(fit_outcome(one.outcome, one.answers), "");
  EXPECT_EQ(one.outcome.verdict, Verdict::failed);
  EXPECT_EQ(one.outcome.reason, Reason::internal);
}

}  // namespace
}  // namespace fd
