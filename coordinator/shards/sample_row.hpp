#pragma once

#include <cstdint>
#include <span>

#include "coordinator/shards/record_views.hpp"

namespace fd {

/// One sample as it passes the merge: its input, its recorded answers and its outcome.
/// Lifetime: views into the shard that is being merged.
struct MergeRow {
  const SampleView& sample;
  std::span<const AnswerView> answers;  ///< in the order of their calls
  const OutcomeView& outcome;
  /// The candidate that the verdict speaks of; null without candidates.
  const CandidateView* deciding = nullptr;

  [[nodiscard]] bool kept() const { return outcome.verdict == Verdict::kept; }
  [[nodiscard]] bool failed() const { return outcome.verdict == Verdict::failed; }
  /// Returns the answer of `candidate`, or null.
  [[nodiscard]] const AnswerView* answer(std::uint32_t candidate) const;
};

// Both return the candidate that an outcome speaks of (Outcome::deciding), or null without one.
const CandidateView* deciding_candidate(const OutcomeView& outcome);
const Candidate* deciding_candidate(const Outcome& outcome);

}  // namespace fd
