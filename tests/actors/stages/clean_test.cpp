#include "actors/stages/clean.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

Candidate clean_one(const std::string& text, const std::string& finish = "stop",
                    ExecKind kind = ExecKind::sqlite) {
  RunConfig config;
  config.gates.exec.kind = kind;
  WorkItem item;
  Answer answer;
  answer.text = text;
  answer.finish_reason = finish;
  answer.call_key = sha256("key");
  item.answers.push_back(answer);
  make_clean_stage(config)->process(item);
  EXPECT_EQ(item.candidates.size(), 1u);
  return item.candidates.at(0);
}

TEST(CleanStage, NamesWhatIsWrongWithAnAnswer) {
  EXPECT_EQ(clean_one("SELECT a FROM t").rule, Reason::none);
  EXPECT_EQ(clean_one("").rule, Reason::empty_output);
  EXPECT_EQ(clean_one(" \n\t").rule, Reason::empty_output);
  EXPECT_EQ(clean_one("<think>SELECT a FROM t</think>\n").rule, Reason::empty_output);
  EXPECT_EQ(clean_one("The answer is 42.").rule, Reason::format_error);
  EXPECT_EQ(clean_one("I'm sorry, but that is not in the schema.").rule, Reason::refusal);
  EXPECT_EQ(clean_one("I\xE2\x80\x99m sorry.").rule, Reason::refusal);
  EXPECT_EQ(clean_one("I cannot answer this.").rule, Reason::refusal);
  EXPECT_EQ(clean_one("I'm sorry for the delay.\nSELECT a FROM t").rule, Reason::none);
  EXPECT_EQ(clean_one("SELECT a FROM", "length").rule, Reason::truncated);
  EXPECT_EQ(clean_one("", "length").rule, Reason::truncated);
}

TEST(CleanStage, TakesAsFinishedOnlyWhatIsKnownToBe) {
  for (const char* word :
       {"stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "COMPLETE", "null", ""}) {
    EXPECT_EQ(clean_one("SELECT a FROM t", word).rule, Reason::none) << word;
  }
  for (const char* word : {"length", "max_tokens", "MAX_TOKENS", "model_length", "token_limit",
                           "abort", "error", "tool_calls", "surprise"}) {
    EXPECT_EQ(clean_one("SELECT a FROM t", word).rule, Reason::truncated) << word;
    EXPECT_EQ(clean_one("", word).rule, Reason::truncated) << word;
    EXPECT_EQ(clean_one("Paris.", word, ExecKind::none).rule, Reason::truncated) << word;
  }
  for (const char* word : {"content_filter", "refusal", "SAFETY", "guardrail_intervened"}) {
    EXPECT_EQ(clean_one("SELECT a FROM t", word).rule, Reason::refusal) << word;
    EXPECT_EQ(clean_one("", word).rule, Reason::refusal) << word;
  }
}

TEST(CleanStage, BrokenBytesInWhatWouldBeTrainedOnAreAFormatError) {
  EXPECT_EQ(clean_one("SELECT '\uFFFD'").rule, Reason::format_error);
  EXPECT_EQ(clean_one("Caf\uFFFD.", "stop", ExecKind::none).rule, Reason::format_error);
  EXPECT_EQ(clean_one("<think>\uFFFD</think>SELECT 1").rule, Reason::none);
  EXPECT_EQ(clean_one("SELECT '\uFFFC'").rule, Reason::none);
  EXPECT_EQ(clean_one("SELECT '\uFFFD", "length").rule, Reason::truncated);
}

TEST(CleanStage, TwoStatementsAreAFormatError) {
  EXPECT_EQ(clean_one("SELECT a FROM t; SELECT b FROM t").rule, Reason::format_error);
}

TEST(CleanStage, AMentionOfReasoningCutsNoText) {
  const std::string text = "`<think>` opens the reasoning, </think> closes it.";
  EXPECT_EQ(clean_one(text, "stop", ExecKind::none).text, text);
}

TEST(CleanStage, TakesTheWholeAnswerWhereNoSqlIsAskedFor) {
  const Candidate candidate = clean_one("<think>hm</think> Paris. ", "stop", ExecKind::none);
  EXPECT_EQ(candidate.text, "Paris.");
  EXPECT_EQ(candidate.clean_rule, "whole");
  EXPECT_EQ(candidate.rule, Reason::none);
  EXPECT_EQ(clean_one("<think>hm</think>", "stop", ExecKind::none).rule, Reason::empty_output);
}

TEST(CleanStage, OrdersCandidatesByIndexAndKeepsTheirCallKeys) {
  WorkItem item;
  for (const std::uint32_t index : {2u, 0u, 1u}) {
    Answer answer;
    answer.candidate = index;
    answer.call_key = sha256(std::to_string(index));
    answer.text = "SELECT " + std::to_string(index);
    item.answers.push_back(answer);
  }
  make_clean_stage(RunConfig{})->process(item);
  ASSERT_EQ(item.candidates.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(item.candidates[i].index, i);
    EXPECT_EQ(item.candidates[i].call_key, sha256(std::to_string(i)));
    EXPECT_EQ(item.candidates[i].text, "SELECT " + std::to_string(i));
  }
}

TEST(CleanStage, MakesCandidatesOfTheTeachersAnswersOnly) {
  WorkItem item;
  for (const Role role : {Role::judge, Role::teacher, Role::student}) {
    Answer& answer = item.answers.emplace_back();
    answer.role = role;
    answer.text = "SELECT " + std::string(name(role));
  }
  make_clean_stage(RunConfig{})->process(item);
  ASSERT_EQ(item.candidates.size(), 1u);
  EXPECT_EQ(item.candidates[0].text, "SELECT teacher");
}

TEST(CleanStage, LeavesAFailedSampleAlone) {
  WorkItem item;
  item.failure = Reason::provider_error;
  item.answers.resize(1);
  make_clean_stage(RunConfig{})->process(item);
  EXPECT_TRUE(item.candidates.empty());
}

}  // namespace
}  // namespace fd
