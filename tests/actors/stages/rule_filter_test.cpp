#include "actors/stages/rule_filter.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

Reason judge(const RulesConfig& rules, const std::string& text) {
  RunConfig config;
  config.gates.rules = rules;
  auto stage = make_rules_stage(config);
  EXPECT_TRUE(stage.ok());
  WorkItem item;
  item.candidates.resize(1);
  item.candidates[0].text = text;
  (*stage)->process(item);
  return item.candidates[0].rule;
}

TEST(RuleFilter, CountsCodePointsOnBothSidesOfBothLimits) {
  RulesConfig rules;
  rules.min_chars = 2;
  rules.max_chars = 4;
  EXPECT_EQ(judge(rules, "\xC3\xA9"), Reason::too_short);
  EXPECT_EQ(judge(rules, "\xC3\xA9\xC3\xA9"), Reason::none);
  EXPECT_EQ(judge(rules, "\xE2\x82\xAC\xE2\x82\xAC\xF0\x9F\x98\x80z"), Reason::none);
  EXPECT_EQ(judge(rules, "abcde"), Reason::too_long);
}

TEST(RuleFilter, BannedPatternsRejectAndRequiredOnesMustAllMatch) {
  RulesConfig rules;
  rules.banned_patterns = {"(?i)\\bdrop\\b", "--"};
  rules.required_patterns = {"(?i)^select", "FROM"};
  EXPECT_EQ(judge(rules, "select a FROM t"), Reason::none);
  EXPECT_EQ(judge(rules, "select a FROM t -- x"), Reason::banned_pattern);
  EXPECT_EQ(judge(rules, "Drop table t"), Reason::banned_pattern);
  EXPECT_EQ(judge(rules, "select a from t"), Reason::format_error);
  EXPECT_EQ(judge(rules, "VALUES (1) FROM"), Reason::format_error);
}

TEST(RuleFilter, LeavesWhatCleaningFoundAndFailedSamples) {
  RunConfig config;
  auto stage = make_rules_stage(config);
  ASSERT_TRUE(stage.ok());
  WorkItem item;
  item.candidates.resize(1);
  item.candidates[0].rule = Reason::truncated;
  (*stage)->process(item);
  EXPECT_EQ(item.candidates[0].rule, Reason::truncated);
  item.candidates[0].rule = Reason::none;
  item.failure = Reason::provider_error;
  (*stage)->process(item);
  EXPECT_EQ(item.candidates[0].rule, Reason::none);
}

TEST(RuleFilter, NamesThePatternThatIsNone) {
  RunConfig config;
  config.gates.rules.required_patterns = {"ok", "(unclosed"};
  const auto stage = make_rules_stage(config);
  ASSERT_FALSE(stage.ok());
  EXPECT_EQ(stage.error().code, Errc::invalid_input);
  EXPECT_EQ(stage.error().message.substr(0, 68),
            "gates.rules.required_patterns[1]: '(unclosed' is no RE2 pattern: mis");
  config.gates.rules.required_patterns = {"(a)\\1"};  // no back references: matching stays linear
  EXPECT_FALSE(make_rules_stage(config).ok());
}

}  // namespace
}  // namespace fd
