#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/ingest/ingest_summary.hpp"
#include "coordinator/reports/gates.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Errors of one sort that made samples fail.
struct FailureWords {
  EndpointError first;
  std::uint64_t count = 0;
};

/// The numbers of a finished run, for the summary that people read.
struct RunSummary {
  std::string run_id;
  IngestSummary ingest;
  std::uint64_t answered = 0;      ///< samples with an answer
  std::uint64_t rules_passed = 0;  ///< samples with a candidate that passed the rules
  std::uint64_t executed = 0;      ///< samples with a candidate that ran
  std::uint64_t matched = 0;       ///< samples with a candidate that matched the gold
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t train = 0;
  std::uint64_t valid = 0;
  std::map<std::string, std::uint64_t> reject_reasons;
  std::map<std::string, std::uint64_t> failure_reasons;
  /// What providers said to the samples that failed, by reason; the most frequent first.
  std::map<std::string, std::vector<FailureWords>> failure_words;
  std::uint64_t reused = 0;  ///< answers of earlier runs, which no call was made for
  double reused_cost = 0;    ///< what their calls had cost, as far as this start knows
  std::uint64_t calls = 0;
  std::uint64_t attempts = 0;
  std::uint64_t in_doubt =
      0;  ///< calls whose worker ended meanwhile: possibly billed, not in `calls`
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double cost = 0;               ///< by the configured prices
  std::uint64_t unpriced = 0;    ///< calls whose price is not known
  std::uint64_t unreported = 0;  ///< answered calls whose tokens are not known
  std::vector<GateVerdict> gates;
  std::uint64_t late = 0;     ///< calls that became known after their shards were written
  std::uint64_t unknown = 0;  ///< calls that lost workers may have made, at most
  bool simulated =
      false;              ///< answers came from fd-simulator: nothing here says anything of a model
  bool complete = false;  ///< failed fraction within max_failed_fraction
};

/// Returns 0, 1 (a dataset gate failed) or 4 (failed samples beyond the limit): docs/contract.md.
int exit_code_of(const RunSummary& summary);

/// Returns the funnel, the reject reasons, where the files are and what to do next, for the end of
/// a run. `color`: with ANSI bold.
std::string render_summary(const RunSummary& summary, const RunDir& dir, bool color);

}  // namespace fd
