#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/gates.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

RunSummary geography() {
  RunSummary summary;
  summary.run_id = "text2sql-0123456789abcdef";
  summary.ingest.raw = 1877;
  summary.ingest.invalid = 1;
  summary.ingest.duplicate = 9;
  summary.ingest.unique = 1867;
  summary.answered = 1867;
  summary.rules_passed = 1800;
  summary.executed = 1700;
  summary.matched = 1400;
  summary.kept = 1400;
  summary.rejected = 467;
  summary.train = 1261;
  summary.valid = 139;
  summary.reject_reasons = {{"gold_mismatch", 300}, {"parse_error", 100}, {"format_error", 67}};
  summary.calls = 1867;
  summary.attempts = 1870;
  summary.prompt_tokens = 352121;
  summary.completion_tokens = 20112;
  summary.cost = 0.25;
  summary.complete = true;
  summary.gates = {{"min_total", 0, 1867.0, true},
                   {"min_exec_pass_rate", 0.95, 0.9105, false},
                   {"min_gold_match_rate", 0.5, 0.75, true},
                   {"min_judge_score_mean", 0, std::nullopt, true},
                   {"max_failed_fraction", 0, 0.0, true}};
  return summary;
}

TEST(Summary, ReadsAsDocumented) {
  EXPECT_EQ(render_summary(geography(), RunDir("runs/one"), false),
            R"(text2sql-0123456789abcdef: complete, but a dataset gate failed

  raw rows                1,877
  - invalid                   1     0.1 %
  - duplicate                 9     0.5 %
  unique                  1,867   100.0 %  ##############################
  answered                1,867   100.0 %  ##############################
  passed the rules        1,800    96.4 %  #############################
  executed                1,700    91.1 %  ###########################
  matched the gold        1,400    75.0 %  ######################
  kept                    1,400    75.0 %  ######################
  - rejected                467    25.0 %
  - failed                    0     0.0 %

why rejected
  gold_mismatch             300    16.1 %
  parse_error               100     5.4 %
  format_error               67     3.6 %

gates
  FAIL  min_exec_pass_rate    0.9105 >= 0.95
  pass  min_gold_match_rate   0.75 >= 0.5

teacher
  1,867 calls, 1,870 requests, 352,121 prompt + 20,112 completion tokens, cost 0.25

files in runs/one
  export/train.jsonl         1,261 rows
  export/valid.jsonl           139 rows
  export/rejected.jsonl        467 rows, with the reason
  reports/teacher_eval/quality_report.json

next
  fd-coordinator show runs/one --reason gold_mismatch
  python3 -c 'from datasets import load_dataset; print(load_dataset("runs/one/export"))'
)");
}

TEST(Summary, SaysHowToGoOnAfterFailures) {
  RunSummary summary = geography();
  summary.failed = 2;
  summary.failure_reasons = {{"attempts_exhausted", 2}};
  summary.complete = false;
  const std::string text = render_summary(summary, RunDir("runs/one"), false);
  EXPECT_TRUE(text.starts_with(summary.run_id + ": incomplete, too many samples failed\n")) << text;
  EXPECT_NE(text.find("why failed\n  attempts_exhausted "), std::string::npos) << text;
  EXPECT_NE(text.find("run the same command again"), std::string::npos) << text;
}

TEST(Summary, NamesTheMostFrequentReasonInTheServersWords) {
  RunSummary summary = geography();
  summary.kept = summary.rejected = summary.train = summary.valid = 0;
  summary.reject_reasons.clear();
  summary.failed = 1867;
  summary.failure_reasons = {{"provider_rejected", 1867}};
  summary.failure_words["provider_rejected"] = {
      {{"stub", 404, "HTTP 404: model \"m\" not found, try pulling it first", 0}, 1800},
      {{"stub", 500, "HTTP 500: no", 0}, 60},
      {{"stub", 0, "third", 0}, 7}};
  const std::string text = render_summary(summary, RunDir("runs/one"), false);
  EXPECT_NE(text.find("\n\n  Nothing was kept: export/train.jsonl has no rows.\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  provider_rejected       1,867   100.0 %\n"
                      "    1,800 x stub: HTTP 404: model \"m\" not found, try pulling it first\n"
                      "    hint: teacher.model "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("    60 x stub: HTTP 500: no\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("third"), std::string::npos) << text;
  EXPECT_NE(text.find("show runs/one --reason provider_rejected\n"), std::string::npos) << text;
}

TEST(Summary, ProposesTheReasonThatMostSamplesEndedBy) {
  RunSummary summary = geography();
  summary.failed = 2;
  summary.failure_reasons = {{"attempts_exhausted", 301}};
  EXPECT_NE(render_summary(summary, RunDir("r"), false).find("--reason attempts_exhausted\n"),
            std::string::npos);
  summary.failure_reasons = {{"attempts_exhausted", 299}};
  EXPECT_NE(render_summary(summary, RunDir("r"), false).find("--reason gold_mismatch\n"),
            std::string::npos);
  summary.failure_reasons.clear();
  summary.reject_reasons.clear();
  EXPECT_NE(render_summary(summary, RunDir("r"), false).find("--reason ok\n"), std::string::npos);
}

TEST(Summary, AnUnknownCostIsNotZero) {
  RunSummary summary = geography();
  summary.unpriced = 7;
  const auto text = [&] { return render_summary(summary, RunDir("r"), false); };
  EXPECT_NE(text().find("cost 0.25 without 7 calls that have no price\n"), std::string::npos);
  summary.unpriced = summary.calls;
  EXPECT_NE(text().find("cost unknown (no price_per_mtok)\n"), std::string::npos) << text();
  EXPECT_EQ(text().find("reported no tokens"), std::string::npos);
  summary.unreported = 3;
  EXPECT_NE(text().find("  the endpoint reported no tokens of 3 calls: "), std::string::npos);
}

TEST(Summary, SaysWhatToRaiseWhenAnswersWereCut) {
  RunSummary summary = geography();
  EXPECT_EQ(render_summary(summary, RunDir("r"), false).find("max_tokens"), std::string::npos);
  summary.reject_reasons["truncated"] = 3;
  EXPECT_NE(render_summary(summary, RunDir("r"), false).find("raise teacher.decode.max_tokens"),
            std::string::npos);
}

TEST(Summary, FitsOnAScreenWhateverWentWrong) {
  RunSummary summary = geography();
  summary.failed = 500;
  for (int reason = 1; reason <= 20; ++reason) {
    summary.reject_reasons["reason" + std::to_string(reason)] =
        1000u + static_cast<unsigned>(reason);
  }
  const std::string text = render_summary(summary, RunDir("runs/one"), false);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40) << text;
  EXPECT_NE(text.find("  others "), std::string::npos) << text;
}

TEST(Summary, IsBoldOnlyWhenAskedTo) {
  EXPECT_EQ(render_summary(geography(), RunDir("r"), false).find('\x1b'), std::string::npos);
  EXPECT_NE(render_summary(geography(), RunDir("r"), true).find("\x1b[1m"), std::string::npos);
}

TEST(Percent, DoesNotRoundToNothingOrToEverything) {
  EXPECT_EQ(percent(0, 10), "0.0 %");
  EXPECT_EQ(percent(10, 10), "100.0 %");
  EXPECT_EQ(percent(1, 100000), "<0.1 %");
  EXPECT_EQ(percent(99999, 100000), ">99.9 %");
  EXPECT_EQ(percent(1, 2000), "0.1 %");
  EXPECT_EQ(percent(0, 0), "-");
}

TEST(Grouped, SeparatesThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(money(0), "0");
  EXPECT_EQ(money(0.00001234), "0.00001234");
  EXPECT_EQ(money(0.0001), "0.0001");
  EXPECT_EQ(money(1e-11), "0");
  EXPECT_EQ(money(1234.5678), "1234.57");
}

TEST(ShortNumber, HasNoTrailingZeros) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.5), "0.5");
  EXPECT_EQ(short_number(-0.00001), "0");
  EXPECT_EQ(short_number(12.34567), "12.3457");
}

TEST(GateText, ShowsOnWhichSideOfTheThresholdTheValueIs) {
  EXPECT_EQ(gate_text({"min_total", 10, 9.0, false}), "9 >= 10");
  EXPECT_EQ(gate_text({"max_failed_fraction", 0.01, 0.02, false}), "0.02 <= 0.01");
  EXPECT_EQ(gate_text({"min_exec_pass_rate", 0.1, std::nullopt, false}), "no observation >= 0.1");
  EXPECT_EQ(gate_text({"min_exec_pass_rate", 0.9, 0.89999, false}), "0.89999 >= 0.9");
}

TEST(Printable, DisarmsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u202e");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("é 漢 🙂"), "é 漢 🙂");
  EXPECT_EQ(printable("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(printable_block("a\nb\x1b", 2), "a\n  b\\x1b");
  EXPECT_EQ(printable_block("a\n\nb\n", 2), "a\n\n  b\n");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("漢字", 2), "漢字");
  EXPECT_EQ(shortened("漢字x", 2), "漢字... [1 more characters]");
  EXPECT_EQ(shortened("", 0), "");
}

}  // namespace
}  // namespace fd
