#pragma once

#include <array>
#include <string>
#include <string_view>

#include "coordinator/merge/merge_output.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// The manifests of the stages that workers pass samples through. Each stage is the set of samples
/// that passed that far, one canonical line each, in id order; the lines are digested and not
/// stored. docs/artifacts.md has every stage's line.
class StageManifests {
 public:
  /// `executes`: gates.exec runs SQL, so that passing the exec stage takes an execution.
  explicit StageManifests(bool executes) : executes_(executes) {}

  /// Adds a sample's lines to the stages it passed. `distilled_line` is its exported row as
  /// canonical text, for a kept sample.
  void add(const MergeRow& row, std::string_view distilled_line);

  /// Makes manifests/<stage>/manifest.json for every stage, each with the content digest of the
  /// stage before as its parent; `dedup` is the manifest that the chain starts from.
  /// Errors: storage.
  Result<void> write(const RunDir& dir, const Manifest& dedup, MergeOutput& output);

 private:
  enum Stage : std::size_t { teacher, filtered, exec, scored, selected, distilled, kStages };

  bool passed_exec(const CandidateView& candidate) const {
    return candidate.rule == Reason::none && (!executes_ || candidate.exec == ExecStatus::ok);
  }
  void add_teacher(const MergeRow& row);
  void add_filtered(const MergeRow& row);
  void add_executed(const MergeRow& row);
  void add_selected(const MergeRow& row);
  /// Ends the line that was begun with {"candidates":[ ; nothing is added when it has none.
  void finish_line(Stage stage, const MergeRow& row);

  const bool executes_;
  std::array<ContentDigest, kStages> digests_;
  std::string line_;
  std::string scored_line_;
};

}  // namespace fd
