#include "coordinator/shards/record_views.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using testing_support::FinishedSample;

std::string line_of(const auto& record) {
  std::string line;
  append_line(record, line);
  return line;
}

/// Texts that a careless scanner would trip over.
const std::vector<std::string>& awkward_texts() {
  static const std::vector<std::string> texts = {"",
                                                 "plain",
                                                 "\"",
                                                 "\\",
                                                 "\\\"",
                                                 "},{\"sample_id\":\"",
                                                 "line\nbreak\ttab",
                                                 "é 漢 🙂",
                                                 "[{",
                                                 "\\\\\"}]",
                                                 std::string(1, '\x01'),
                                                 "ends in a backslash\\"};
  return texts;
}

TEST(RecordViews, ReadsEverySampleThatIsWritten) {
  for (const std::string& text : awkward_texts()) {
    Sample sample = testing_support::kept_sample(1).sample;
    sample.canonical_input = json::canonical(json::Object{
        {"a", text}, {"nested", json::Object{{text, json::Array{text, nullptr, 1.5, true}}}}});
    sample.gold = text;
    sample.more_golds = {"x", text};
    sample.id_fields = json::canonical(json::Object{{"task_id", text}});
    const std::string line = line_of(sample);
    SampleView view;
    ASSERT_TRUE(read_view(line, view).ok()) << line;
    EXPECT_EQ(view.id, sample.id);
    EXPECT_EQ(view.canonical_input, sample.canonical_input);
    EXPECT_EQ(view.id_fields, sample.id_fields);
    EXPECT_EQ(text_of(view.gold).value(), text);
    EXPECT_EQ(json::parse(view.more_golds).value(), json::Value(json::Array{"x", text}));
  }
}

TEST(RecordViews, KeepsNothingOfTheSampleBefore) {
  Sample full = testing_support::kept_sample(1).sample;
  full.id_fields = R"({"task_id":"x"})";
  Sample bare = full;
  bare.gold.reset();
  bare.id_fields.clear();
  bare.database.clear();
  SampleView view;
  const std::string first = line_of(full);
  const std::string second = line_of(bare);
  ASSERT_TRUE(read_view(first, view).ok());
  ASSERT_TRUE(read_view(second, view).ok());
  EXPECT_EQ(view.gold, "");
  EXPECT_EQ(view.id_fields, "");
}

TEST(RecordViews, ReadsEveryAnswerThatIsWritten) {
  for (const std::string& text : awkward_texts()) {
    Answer answer = testing_support::kept_sample(2).answers.front();
    answer.text = text;
    answer.reasoning = text;
    answer.model = text;
    answer.finish_reason = text;
    answer.candidate = 4'000'000'000u;
    const std::string line = line_of(answer);
    AnswerView view;
    ASSERT_TRUE(read_view(line, view).ok()) << line;
    EXPECT_EQ(view.sample_id, answer.sample_id);
    EXPECT_EQ(view.candidate, answer.candidate);
    EXPECT_EQ(view.call_key, answer.call_key);
    EXPECT_EQ(text_of(view.text).value(), text);
    EXPECT_EQ(text_of(view.reasoning).value(), text);
    EXPECT_EQ(text_of(view.model).value(), text);
    EXPECT_EQ(text_of(view.finish_reason).value(), text);
  }
}

TEST(RecordViews, ReadsEveryCallThatIsWritten) {
  Call call = testing_support::failed_sample(3, Reason::attempts_exhausted).calls.front();
  call.error = "said \"no\"\n";
  call.prompt_tokens = 123456789;
  const std::string line = line_of(call);
  CallView view;
  ASSERT_TRUE(read_view(line, view).ok());
  EXPECT_EQ(view.sample_id, call.sample_id);
  EXPECT_EQ(view.attempts, call.attempts);
  EXPECT_EQ(view.prompt_tokens, call.prompt_tokens);
  EXPECT_EQ(view.completion_tokens, call.completion_tokens);
  EXPECT_EQ(text_of(view.endpoint).value(), call.endpoint);
  EXPECT_EQ(view.end, CallEnd::failed);
  EXPECT_EQ(view.served_model, "\"qwen3:0.6b\"");
  EXPECT_EQ(view.price, R"({"input":1,"output":2})");
  EXPECT_EQ(view.count, 1u);
}

TEST(RecordViews, ReadsEveryOutcomeThatIsWritten) {
  for (const std::string& text : awkward_texts()) {
    Outcome outcome = testing_support::kept_sample(4).outcome;
    Candidate second = outcome.candidates.front();
    second.index = 1;
    second.text = text;
    second.rule = Reason::too_long;
    second.exec = ExecStatus::denied;
    second.error_class = "denied";
    second.gold_match = false;
    second.score = 0.1;
    second.judge = 1e-7;
    outcome.candidates.push_back(second);
    outcome.chosen = 1;
    outcome.gold_failed = true;
    const std::string line = line_of(outcome);
    OutcomeView view;
    ASSERT_TRUE(read_view(line, view).ok()) << line;
    EXPECT_EQ(view.sample_id, outcome.sample_id);
    EXPECT_EQ(view.verdict, Verdict::kept);
    EXPECT_EQ(view.reason, Reason::none);
    EXPECT_EQ(view.chosen, 1u);
    EXPECT_TRUE(view.gold_failed);
    ASSERT_EQ(view.candidates.size(), 2u);
    const CandidateView& candidate = view.candidates.back();
    EXPECT_EQ(candidate.index, 1u);
    EXPECT_EQ(candidate.rule, Reason::too_long);
    EXPECT_EQ(candidate.exec, ExecStatus::denied);
    EXPECT_EQ(candidate.error_class, "\"denied\"");
    EXPECT_EQ(candidate.gold_match, "false");
    EXPECT_EQ(candidate.score, "0.1");
    EXPECT_EQ(candidate.judge, "1e-7");
    EXPECT_EQ(text_of(candidate.text).value(), text);
    EXPECT_EQ(view.candidates.front().judge, "null");
  }
}

TEST(RecordViews, RefusesEveryCutLine) {
  const FinishedSample made = testing_support::rejected_sample(5, Reason::gold_error);
  const auto check = [](const std::string& line, auto view) {
    ASSERT_TRUE(read_view(line, view).ok());
    for (std::size_t length = 0; length < line.size(); ++length) {
      const auto cut = read_view(line.substr(0, length), view);
      ASSERT_FALSE(cut.ok()) << line.substr(0, length);
      ASSERT_EQ(cut.error().code, Errc::corrupt);
    }
    EXPECT_FALSE(read_view(line + " ", view).ok());
  };
  check(line_of(made.sample), SampleView());
  check(line_of(made.answers.front()), AnswerView());
  check(line_of(made.calls.front()), CallView());
  check(line_of(made.outcome), OutcomeView());
}

TEST(RecordViews, RefusesAReasonThatIsNotOfTheVerdict) {
  std::string line = line_of(testing_support::kept_sample(6).outcome);
  line.replace(line.find("\"verdict\":\"kept\""), 16, "\"verdict\":\"failed\"");
  OutcomeView view;
  EXPECT_FALSE(read_view(line, view).ok());
}

}  // namespace
}  // namespace fd
