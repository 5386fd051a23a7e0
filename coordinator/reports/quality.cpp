#include "coordinator/reports/quality.hpp"

#include <charconv>
#include <utility>

#include "coordinator/reports/wilson.hpp"
#include "protocol/base/saturating.hpp"

namespace fd {
namespace {

/// Counts an error class; `quoted` is its JSON text. The classes are a bounded set of plain names,
/// which a file that somebody changed need not keep to.
void count_class(std::string_view quoted, std::map<std::string, std::uint64_t>& counts) {
  std::string key(quoted.substr(1, quoted.size() - 2));
  if (key.empty() || (counts.size() >= kMaxErrorClasses && counts.find(key) == counts.end())) {
    key = "other";
  }
  ++counts[key];
}

bool ran_into_error(const CandidateView& candidate) {
  return candidate.exec != ExecStatus::ok && candidate.exec != ExecStatus::not_run;
}

json::Value counts_value(const std::map<std::string, std::uint64_t>& counts) {
  json::Object object;
  for (const auto& [key, count] : counts) {
    object[key] = count;
  }
  return object;
}

json::Value number_or_null(const std::optional<double>& number) {
  return number ? json::Value(*number) : json::Value();
}

void put_rate(const std::string& key, const Rate& rate, json::Object& report) {
  report[key] = number_or_null(rate.value());
  report[key + "_denominator"] = rate.observed;
  report[key + "_interval"] = json::Value();
  if (rate.observed > 0) {
    const Interval interval = wilson_interval(rate.passed, rate.observed);
    report[key + "_interval"] = json::Array{interval.low, interval.high};
  }
}

json::Value judge_value(const QualityCounts& counts) {
  if (counts.judge_scores.empty()) {
    return {};
  }
  std::uint64_t samples = 0;
  for (const auto& [score, count] : counts.judge_scores) {
    samples += count;
  }
  double median = 0;
  std::uint64_t seen = 0;
  for (const auto& [score, count] : counts.judge_scores) {
    seen += count;
    if (2 * seen >= samples) {
      median = score;
      break;
    }
  }
  return json::Object{{"min", counts.judge_scores.begin()->first},
                      {"max", counts.judge_scores.rbegin()->first},
                      {"mean", *counts.judge_mean()},
                      {"p50", median}};
}

GateVerdict at_least(std::string name, double threshold, std::optional<double> value) {
  // A gate that is set to 0 is off: it passes even where nothing was observed.
  return {std::move(name), threshold, value, threshold <= 0 || (value && *value >= threshold)};
}

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  return Rate{part, whole}.value();
}

}  // namespace

std::optional<double> Rate::value() const {
  if (observed == 0) {
    return std::nullopt;
  }
  return static_cast<double>(passed) / static_cast<double>(observed);
}

void QualityCounts::add(const MergeRow& row, bool executes) {
  ++total;
  const std::string reason(name(row.outcome.reason));
  switch (row.outcome.verdict) {
    case Verdict::kept:
      ++kept;
      break;
    case Verdict::rejected:
      ++rejected;
      ++reject_reasons[reason];
      break;
    case Verdict::failed:
      ++failed;
      ++failure_reasons[reason];
      break;
  }
  count_candidates(row);
  if (!row.failed()) {  // a failed sample is not final: it is no observation of anything
    observe(row, executes);
  }
}

void QualityCounts::count_candidates(const MergeRow& row) {
  bool any_rules = false;
  bool any_ran = false;
  bool any_match = false;
  for (const CandidateView& candidate : row.outcome.candidates) {
    const bool rules = candidate.rule == Reason::none;
    const bool ran = candidate.exec == ExecStatus::ok;
    const bool match = candidate.gold_match == "true";
    ++candidates;
    candidates_rules_passed += rules ? 1u : 0u;
    candidates_executed += ran ? 1u : 0u;
    candidates_matched += match ? 1u : 0u;
    if (ran_into_error(candidate)) {
      count_class(candidate.error_class, candidate_exec_errors);
    }
    any_rules = any_rules || rules;
    any_ran = any_ran || ran;
    any_match = any_match || match;
  }
  answered += row.answers.empty() ? 0u : 1u;
  rules_passed += any_rules ? 1u : 0u;
  executed += any_ran ? 1u : 0u;
  matched += any_match ? 1u : 0u;
}

void QualityCounts::observe(const MergeRow& row, bool executes) {
  const CandidateView* deciding = row.deciding;
  if (executes && !row.answers.empty()) {  // else nothing was asked: its gold does not run
    exec_pass.observe(deciding != nullptr && deciding->exec == ExecStatus::ok);
  }
  if (executes && !row.sample.gold.empty() && !row.outcome.gold_failed) {
    gold_match.observe(deciding != nullptr && deciding->gold_match == "true");
  }
  if (deciding != nullptr && ran_into_error(*deciding)) {
    count_class(deciding->error_class, exec_errors);
  }
  if (deciding != nullptr && deciding->judge != "null") {
    double score = 0;
    std::from_chars(deciding->judge.data(), deciding->judge.data() + deciding->judge.size(), score);
    ++judge_scores[score];
  }
}

std::optional<double> QualityCounts::judge_mean() const {
  double sum = 0;
  std::uint64_t samples = 0;
  for (const auto& [score, count] : judge_scores) {
    sum = finite(sum + finite(score * static_cast<double>(count)));
    samples += count;
  }
  return samples == 0 ? std::nullopt : std::optional<double>(sum / static_cast<double>(samples));
}

bool complete_enough(const DatasetGateConfig& config, const QualityCounts& counts) {
  return share(counts.failed, counts.total).value_or(0) <= config.max_failed_fraction;
}

std::vector<GateVerdict> judge_gates(const DatasetGateConfig& config, const QualityCounts& counts) {
  return {at_least("min_total", static_cast<double>(config.min_total),
                   static_cast<double>(counts.total)),
          at_least("min_exec_pass_rate", config.min_exec_pass_rate, counts.exec_pass.value()),
          at_least("min_gold_match_rate", config.min_gold_match_rate, counts.gold_match.value()),
          at_least("min_judge_score_mean", config.min_judge_score_mean, counts.judge_mean()),
          {"max_failed_fraction", config.max_failed_fraction, share(counts.failed, counts.total),
           complete_enough(config, counts)}};
}

json::Value quality_report(const std::string& run_id, const std::string& stage,
                           const QualityCounts& counts, const std::vector<GateVerdict>& gates,
                           bool complete) {
  json::Object report;
  report["run_id"] = run_id;
  report["stage"] = stage;
  report["total"] = counts.total;
  report["kept"] = counts.kept;
  report["rejected"] = counts.rejected;
  report["failed"] = counts.failed;
  report["complete"] = complete;
  put_rate("p_keep", Rate{counts.kept, counts.total}, report);
  put_rate("exec_pass_rate", counts.exec_pass, report);
  put_rate("gold_match_rate", counts.gold_match, report);
  report["judge_score"] = judge_value(counts);
  report["reject_reason_counts"] = counts_value(counts.reject_reasons);
  report["failure_reason_counts"] = counts_value(counts.failure_reasons);
  report["exec_error_counts"] = counts_value(counts.exec_errors);
  report["candidates"] =
      json::Object{{"total", counts.candidates},
                   {"rules_passed", counts.candidates_rules_passed},
                   {"executed", counts.candidates_executed},
                   {"gold_matched", counts.candidates_matched},
                   {"exec_error_counts", counts_value(counts.candidate_exec_errors)}};
  json::Array verdicts;
  for (const GateVerdict& gate : gates) {
    verdicts.emplace_back(json::Object{{"name", gate.name},
                                       {"threshold", gate.threshold},
                                       {"value", number_or_null(gate.value)},
                                       {"passed", gate.passed}});
  }
  report["gates"] = std::move(verdicts);
  return report;
}

}  // namespace fd
