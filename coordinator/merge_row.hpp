#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "coordinator/record_views.hpp"

namespace fd {

/// One sample as it passes the merge: its input, its recorded answers and its outcome.
/// Lifetime: views into the shard that is being merged.
struct MergeRow {
  const SampleView& sample;
  std::span<const AnswerView> answers;  ///< by candidate
  const OutcomeView& outcome;
  /// The candidate that the verdict speaks of: the chosen one, else the one that got furthest
  /// (ties by index). Null without candidates.
  const CandidateView* deciding = nullptr;

  [[nodiscard]] bool kept() const { return outcome.verdict == Verdict::kept; }
  [[nodiscard]] bool failed() const { return outcome.verdict == Verdict::failed; }
  /// Returns the answer of `candidate`, or null.
  [[nodiscard]] const AnswerView* answer(std::uint32_t candidate) const;
};

/// Returns the candidate that `outcome` speaks of, or null: see MergeRow::deciding.
const CandidateView* deciding_candidate(const OutcomeView& outcome);

/// Returns how far a candidate got: 0 stopped by cleaning or rules, 1 by its execution, 2 by the
/// gold, 3 further.
int candidate_progress(Reason rule, ExecStatus exec, std::optional<bool> gold_match);

}  // namespace fd
