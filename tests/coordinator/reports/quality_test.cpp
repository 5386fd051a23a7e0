#include "coordinator/reports/quality.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "coordinator/reports/gates.hpp"
#include "coordinator/reports/run_summary.hpp"
#include "coordinator/reports/wilson.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// Counts made-up samples the way the merge does: by their lines.
QualityCounts counts_of(const std::vector<FinishedSample>& samples, bool executes = true) {
  QualityCounts counts;
  for (const FinishedSample& one : samples) {
    std::string sample_line;
    append_line(one.sample, sample_line);
    std::string outcome_line;
    append_line(one.outcome, outcome_line);
    std::vector<std::string> lines(one.answers.size());
    std::vector<AnswerView> answers(one.answers.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      append_line(one.answers[i], lines[i]);
      EXPECT_TRUE(read_view(lines[i], answers[i]).ok());
    }
    SampleView sample;
    OutcomeView outcome;
    EXPECT_TRUE(read_view(sample_line, sample).ok());
    EXPECT_TRUE(read_view(outcome_line, outcome).ok());
    counts.add(MergeRow{sample, answers, outcome, deciding_candidate(outcome)}, executes);
  }
  return counts;
}

json::Value report_of(const QualityCounts& counts) {
  return quality_report("run-1", "teacher_eval", counts, judge_gates({}, counts), true);
}

TEST(QualityReport, HasTheKeysOfTheContract) {
  const json::Value report = report_of(counts_of(mixed_samples(20)));
  for (const char* key : {"run_id",
                          "stage",
                          "total",
                          "kept",
                          "rejected",
                          "failed",
                          "complete",
                          "p_keep",
                          "exec_pass_rate",
                          "gold_match_rate",
                          "judge_score",
                          "reject_reason_counts",
                          "exec_error_counts",
                          "gates",
                          "p_keep_interval",
                          "p_keep_denominator",
                          "exec_pass_rate_interval",
                          "exec_pass_rate_denominator",
                          "gold_match_rate_interval",
                          "gold_match_rate_denominator"}) {
    EXPECT_NE(report.find(key), nullptr) << key;
  }
}

TEST(QualityReport, RatesAreNullWithoutObservations) {
  const json::Value report = report_of(QualityCounts());
  for (const char* rate : {"p_keep", "exec_pass_rate", "gold_match_rate"}) {
    EXPECT_TRUE(report.find(rate)->is_null()) << rate;
    EXPECT_TRUE(report.find(std::string(rate) + "_interval")->is_null()) << rate;
    EXPECT_EQ(report.find(std::string(rate) + "_denominator")->as_uint(), 0u) << rate;
  }
  EXPECT_TRUE(report.find("judge_score")->is_null());
}

TEST(QualityReport, EachRateHasItsOwnDenominator) {
  FinishedSample no_gold = kept_sample(10);
  no_gold.sample.gold.reset();
  no_gold.outcome.candidates.front().gold_match.reset();
  const json::Value report = report_of(counts_of(
      {kept_sample(1), kept_sample(2), no_gold, rejected_sample(3, Reason::gold_mismatch),
       rejected_sample(4, Reason::parse_error), rejected_sample(5, Reason::too_short),
       rejected_sample(6, Reason::gold_error), failed_sample(7, Reason::attempts_exhausted)}));
  EXPECT_EQ(*report.find("p_keep")->as_number(), 3.0 / 8);
  EXPECT_EQ(report.find("p_keep_denominator")->as_uint(), 8u);
  // The failed sample is no observation; the one whose gold fails ran itself.
  EXPECT_EQ(*report.find("exec_pass_rate")->as_number(), 5.0 / 7);
  EXPECT_EQ(report.find("exec_pass_rate_denominator")->as_uint(), 7u);
  // Neither without gold, nor with a gold that fails.
  EXPECT_EQ(*report.find("gold_match_rate")->as_number(), 2.0 / 5);
  EXPECT_EQ(report.find("gold_match_rate_denominator")->as_uint(), 5u);
  const Interval interval = wilson_interval(2, 5);
  EXPECT_EQ(*report.find("gold_match_rate_interval")->as_array(),
            (json::Array{interval.low, interval.high}));
}

TEST(QualityReport, CountsErrorsOfSamplesByTheirDecidingCandidate) {
  FinishedSample sample = rejected_sample(1, Reason::gold_mismatch);
  Candidate broken = rejected_sample(1, Reason::parse_error).outcome.candidates.front();
  broken.index = 1;
  sample.outcome.candidates.push_back(broken);
  const json::Value report = report_of(counts_of({sample, rejected_sample(2, Reason::row_limit)}));
  EXPECT_EQ(json::canonical(*report.find("exec_error_counts")), R"({"row_limit":1})");
  EXPECT_EQ(json::canonical(*report.find("candidates")),
            R"({"exec_error_counts":{"no_such_column":1,"row_limit":1},"executed":1,)"
            R"("gold_matched":0,"rules_passed":3,"total":3})");
}

TEST(QualityReport, BoundsTheErrorClasses) {
  std::vector<FinishedSample> samples;
  for (std::size_t i = 0; i < kMaxErrorClasses + 5; ++i) {
    samples.push_back(rejected_sample(i, Reason::parse_error));
    samples.back().outcome.candidates.front().error_class = "class" + std::to_string(i);
  }
  const QualityCounts counts = counts_of(samples);
  EXPECT_EQ(counts.exec_errors.size(), kMaxErrorClasses + 1);
  EXPECT_EQ(counts.exec_errors.at("other"), 5u);
}

TEST(QualityReport, JudgeScoresHaveMinMaxMeanAndMedian) {
  std::vector<FinishedSample> samples;
  for (std::size_t i = 0; i < 4; ++i) {
    samples.push_back(kept_sample(i));
    samples.back().outcome.candidates.front().judge = static_cast<double>(i * i);
  }
  const json::Value report = report_of(counts_of(samples));
  EXPECT_EQ(json::canonical(*report.find("judge_score")),
            R"({"max":9,"mean":3.5,"min":0,"p50":1})");
}

TEST(QualityReport, JudgeScoresBeyondAllMeasureHaveAMean) {
  std::vector<FinishedSample> samples;
  for (std::size_t i = 0; i < 4; ++i) {
    samples.push_back(kept_sample(i));
    samples.back().outcome.candidates.front().judge = std::numeric_limits<double>::max();
  }
  const json::Value report = report_of(counts_of(samples));
  EXPECT_EQ(json::canonical(*report.find("judge_score")->find("max")), "1.7976931348623157e+308");
  EXPECT_TRUE(std::isfinite(*report.find("judge_score")->find("mean")->as_number()));
}

struct GateCase {
  const char* name;
  void (*set)(DatasetGateConfig&, double);
  double value;  ///< of the samples below
};

/// 10 samples: 6 kept, 2 that ran into nothing but the gold, 1 that did not run, 1 failed.
std::vector<FinishedSample> ten_samples() {
  std::vector<FinishedSample> samples;
  for (std::size_t i = 0; i < 6; ++i) {
    samples.push_back(kept_sample(i));
    samples.back().outcome.candidates.front().judge = 0.5;
  }
  samples.push_back(rejected_sample(6, Reason::gold_mismatch));
  samples.push_back(rejected_sample(7, Reason::gold_mismatch));
  samples.push_back(rejected_sample(8, Reason::parse_error));
  samples.push_back(failed_sample(9, Reason::provider_error));
  return samples;
}

TEST(Gates, PassAtTheirThresholdAndFailBeyondIt) {
  const QualityCounts counts = counts_of(ten_samples());
  const std::vector<GateCase> cases = {
      {"min_total",
       [](DatasetGateConfig& gates, double to) {
         gates.min_total = static_cast<std::uint64_t>(to);
       },
       10},
      {"min_exec_pass_rate",
       [](DatasetGateConfig& gates, double to) { gates.min_exec_pass_rate = to; }, 8.0 / 9},
      {"min_gold_match_rate",
       [](DatasetGateConfig& gates, double to) { gates.min_gold_match_rate = to; }, 6.0 / 9},
      {"min_judge_score_mean",
       [](DatasetGateConfig& gates, double to) { gates.min_judge_score_mean = to; }, 0.5},
      {"max_failed_fraction",
       [](DatasetGateConfig& gates, double to) { gates.max_failed_fraction = to; }, 0.1}};
  for (const GateCase& gate : cases) {
    const bool maximum = std::string(gate.name).starts_with("max_");
    const double step = std::string(gate.name) == "min_total" ? 1 : 1e-9;
    for (const double offset : {-step, 0.0, step}) {
      DatasetGateConfig config;
      gate.set(config, gate.value + offset);
      for (const GateVerdict& verdict : judge_gates(config, counts)) {
        if (verdict.name == gate.name) {
          EXPECT_EQ(verdict.passed, maximum ? offset >= 0 : offset <= 0)
              << gate.name << " " << offset;
          EXPECT_DOUBLE_EQ(verdict.value.value(), gate.value);
        }
      }
    }
  }
}

TEST(Gates, AboveZeroFailWithoutObservationsAndAtZeroPass) {
  DatasetGateConfig config;
  config.min_gold_match_rate = 0.1;
  const auto verdicts = judge_gates(config, QualityCounts());
  ASSERT_EQ(verdicts.size(), 5u);
  EXPECT_TRUE(verdicts[1].passed);
  EXPECT_EQ(verdicts[1].value, std::nullopt);
  EXPECT_FALSE(verdicts[2].passed);
  EXPECT_EQ(verdicts[2].value, std::nullopt);
}

TEST(ExitCode, SaysHowTheRunEnded) {
  RunSummary summary;
  summary.complete = true;
  EXPECT_EQ(exit_code_of(summary), 0);
  summary.gates = {{"min_total", 10, 10.0, true}, {"min_exec_pass_rate", 0.5, 0.4, false}};
  EXPECT_EQ(exit_code_of(summary), 1);
  summary.complete = false;
  EXPECT_EQ(exit_code_of(summary), 4);
  summary.gates.clear();
  EXPECT_EQ(exit_code_of(summary), 4);
}

TEST(DecidingCandidate, IsTheOneThatTheOutcomeNames) {
  Outcome outcome;
  EXPECT_EQ(deciding_candidate(outcome), nullptr);
  for (const std::uint32_t index : {0u, 2u, 5u}) {
    outcome.candidates.push_back(kept_sample(1).outcome.candidates.front());
    outcome.candidates.back().index = index;
  }
  EXPECT_EQ(deciding_candidate(outcome), nullptr) << "it names none";
  outcome.deciding = 5;
  EXPECT_EQ(deciding_candidate(outcome), &outcome.candidates[2]) << "by index, not by place";
  outcome.deciding = 1;
  EXPECT_EQ(deciding_candidate(outcome), nullptr);
}

}  // namespace
}  // namespace fd
