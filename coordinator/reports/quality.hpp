#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/reports/gates.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// How many different error classes a report lists; further ones count as "other".
inline constexpr std::size_t kMaxErrorClasses = 64;

/// A share of samples: how many of those that could pass did.
struct Rate {
  std::uint64_t passed = 0;
  std::uint64_t observed = 0;  ///< the denominator

  void observe(bool pass) {
    ++observed;
    passed += pass ? 1u : 0u;
  }
  /// Returns nothing without observations: a rate of nothing is not 0.
  [[nodiscard]] std::optional<double> value() const;
};

/// What a quality report counts, in samples unless it says candidates.
struct QualityCounts {
  std::uint64_t total = 0;
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t answered = 0;      ///< samples with an answer
  std::uint64_t rules_passed = 0;  ///< samples with a candidate that passed the rules
  std::uint64_t executed = 0;      ///< samples with a candidate that ran
  std::uint64_t matched = 0;       ///< samples with a candidate that matched the gold
  Rate
      exec_pass;  ///< of samples kept or rejected, when the config executes: deciding candidate ran
  Rate gold_match;  ///< of those with a gold that does not fail: deciding candidate matched
  std::map<double, std::uint64_t> judge_scores;  ///< of deciding candidates: score -> samples
  std::map<std::string, std::uint64_t> reject_reasons;
  std::map<std::string, std::uint64_t> failure_reasons;
  std::map<std::string, std::uint64_t> exec_errors;  ///< by error class, of deciding candidates
  std::uint64_t candidates = 0;
  std::uint64_t candidates_rules_passed = 0;
  std::uint64_t candidates_executed = 0;
  std::uint64_t candidates_matched = 0;
  std::map<std::string, std::uint64_t> candidate_exec_errors;

  /// Counts one sample. `executes`: gates.exec runs SQL.
  void add(const MergeRow& row, bool executes);
  [[nodiscard]] std::optional<double> judge_mean() const;

 private:
  void count_candidates(const MergeRow& row);
  void observe(const MergeRow& row, bool executes);
};

/// Returns every dataset gate's verdict, in the order of the config keys.
std::vector<GateVerdict> judge_gates(const DatasetGateConfig& config, const QualityCounts& counts);

/// Returns whether the share of failed samples is within `max_failed_fraction`.
bool complete_enough(const DatasetGateConfig& config, const QualityCounts& counts);

/// Returns quality_report.json.
json::Value quality_report(const std::string& run_id, const std::string& stage,
                           const QualityCounts& counts, const std::vector<GateVerdict>& gates,
                           bool complete);

}  // namespace fd
