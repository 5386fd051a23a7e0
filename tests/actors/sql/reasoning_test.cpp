#include "actors/sql/reasoning.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

using Parts = std::vector<std::string_view>;

TEST(AnswerParts, StandOutsideOfReasoning) {
  EXPECT_EQ(answer_parts("A"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("<think>x</think>A"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("A\n<think>x</think>\nB"), (Parts{"A", "B"}));
  EXPECT_EQ(answer_parts("x</think>A"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("x<think>x</think>x</think>A"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("A<think>x"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("<think>x"), Parts{});
  EXPECT_EQ(answer_parts("<think>a <think>b</think> c</think>A"), (Parts{"A"}));
  EXPECT_EQ(answer_parts("<thinkers>A"), (Parts{"<thinkers>A"}));
}

TEST(AnswerParts, KnowTheMarksOfManyModels) {
  for (const char* reasoning :
       {"<seed:think>x</seed:think>", "<mm:think>x</mm:think>", "[THINK]x[/THINK]",
        "\u25C1think\u25B7x\u25C1/think\u25B7", "<|begin_of_thought|>x<|end_of_thought|>",
        "<|START_THINKING|>x<|END_THINKING|>", "<scratchpad>x</scratchpad>",
        "<any_thinking>x</any_thinking>", "analysis x assistantfinal",
        "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>"}) {
    EXPECT_EQ(answer_parts(std::string(reasoning) + "A"), (Parts{"A"})) << reasoning;
  }
  EXPECT_EQ(answer_parts("<|channel|>analysis<|message|>x"), Parts{});
}

TEST(AnswerParts, TakeNoMarkFromALiteralOrAMention) {
  for (const char* answer : {"SELECT a FROM t WHERE b = '</think>'", "Use `</think>` here: A",
                             "```sql\nSELECT a FROM t WHERE b = '<think>x</think>'\n```",
                             "SELECT [think] FROM t", "SELECT a -- <think>\nFROM t"}) {
    EXPECT_EQ(answer_parts(answer), (Parts{answer}));
  }
  EXPECT_EQ(answer_parts("I don't know.</think>A"), (Parts{"A"}));
}

TEST(WithoutReasoning, DropsWhatStandsAtTheStart) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {" Paris. ", "Paris."},
      {"<think>x</think>\n\nParis.", "Paris."},
      {"<think>x</think><analysis>y</analysis>Paris.", "Paris."},
      {"<think>x", ""},
      {"<think>x</think>", ""},
      {"x\n</think>\n\nParis.", "Paris."},
      {"x.</think>Paris.", "Paris."},
      {"[THINK]x[/THINK]Paris.", "Paris."},
      {"<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>Paris."
       "<|return|>",
       "Paris."},
      {"<|start|>assistant<|channel|>analysis<|message|>x<|end|>", ""},
      {"analysis x assistantfinal Paris.", "Paris."},
  };
  for (const auto& [answer, text] : cases) {
    EXPECT_EQ(without_reasoning(answer), text) << answer;
  }
}

TEST(WithoutReasoning, AMarkThatTheTextMentionsCutsNothing) {
  for (const char* answer :
       {"In Qwen3 the `<think>` token opens the reasoning and `</think>` closes it.",
        "Put it in an <analysis> element, then add a <verdict> element.",
        "Write </thinking> at the end of the block. That is all.", "The mark (</think>) ends it.",
        "```xml\n<reasoning>\n  <step/>\n</reasoning>\n```", "```\n  <step/>\n</reasoning>\n```",
        "Say <think>so</think> and go on.", "SELECT '<think>' AS a"}) {
    EXPECT_EQ(without_reasoning(answer), answer);
  }
}

// Four mebibytes of marks; a look from each mark over the rest of its line would take hours.
TEST(WithoutReasoning, EndsOnTextsMadeToTakeLong) {
  for (const char* part : {"<think>", "</think>", "' <think>", "<think></think>", "<", "[THINK]",
                           "<|channel|>final<|message|>", "assistantfinal", "```</think>"}) {
    std::string text = "analysis ";
    while (text.size() < (4u << 20)) {
      text += part;
    }
    EXPECT_LE(without_reasoning(text).size(), text.size()) << part;
    EXPECT_LE(answer_parts(text).size(), text.size()) << part;
  }
}

}  // namespace
}  // namespace fd
