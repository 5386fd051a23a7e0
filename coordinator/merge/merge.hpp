#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "protocol/json/json.hpp"
#include "protocol/records.hpp"
#include "protocol/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// One dataset gate and how it came out.
struct GateVerdict {
  std::string name;  ///< config key, such as "min_exec_pass_rate"
  double threshold = 0;
  std::optional<double> value;  ///< nothing without observations: a gate above 0 then fails
  bool passed = false;
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
  std::uint64_t reused = 0;  ///< answers of earlier runs, which no call was made for
  std::uint64_t calls = 0;
  std::uint64_t attempts = 0;
  std::uint64_t in_doubt =
      0;  ///< calls whose worker ended meanwhile: possibly billed, not in `calls`
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double cost = 0;  ///< by the configured prices
  std::vector<GateVerdict> gates;
  bool simulated =
      false;              ///< answers came from fd-simulator: nothing here says anything of a model
  bool complete = false;  ///< failed fraction within max_failed_fraction
};

/// Wall-clock facts that only the live run knows. Units: seconds.
struct RunTimes {
  double wall_s = 0;
  double teacher_full_share = 0;  ///< share of the wall time in which every teacher slot was taken
  /// Per stage, log-scale histograms of queue and service time; see
  /// coordinator/reports/histogram.hpp.
  struct Stage {
    std::uint64_t count = 0;
    double wall_s = 0;                   ///< sum of service time
    std::array<double, 4> service_ms{};  ///< p50 p90 p95 p99
    std::array<double, 4> queue_ms{};
  };
  std::array<Stage, kStageCount> stages{};
};

/// Streams all committed shards in id order: checks that ids rise, that each shard matches its
/// manifest, and the conservation law; writes stage manifests, quality, timing and cost reports,
/// and the export with its dataset card. Every file atomically; the same inputs give the same bytes
/// (timing and cost excepted). Memory: flat in the number of samples.
/// Errors: corrupt (naming shard and file), storage.
Result<RunSummary> merge_run(const RunDir& dir, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times);

/// The same, but writes under `out` what it reads under `dir`: how a merge is checked.
Result<RunSummary> merge_run(const RunDir& dir, const RunDir& out, const RunConfig& config,
                             const IngestSummary& ingest, const RunTimes& times);

/// Returns 0, 1 (a dataset gate failed) or 4 (failed samples beyond the limit): docs/contract.md.
int exit_code_of(const RunSummary& summary);

/// Returns the funnel, the reject reasons, where the files are and what to do next, for the end of
/// a run. `color`: with ANSI bold.
std::string render_summary(const RunSummary& summary, const RunDir& dir, bool color);

json::Value to_json(const IngestSummary& ingest);
Result<IngestSummary> ingest_summary_from_json(const json::Value& value);

struct ShowOptions {
  std::string reason;  ///< reason name, "ok" for kept, empty: all
  std::uint64_t limit = 10;
};
/// Returns rows with prompt input, answer and verdict as text to read, in id order.
/// Errors: not_found, corrupt; invalid_input for an unknown reason (lists those the run has).
Result<std::string> show_rows(const RunDir& dir, const ShowOptions& options);

}  // namespace fd
