#include "coordinator/merge_row.hpp"

namespace fd {

const AnswerView* MergeRow::answer(std::uint32_t candidate) const {
  for (const AnswerView& one : answers) {
    if (one.candidate == candidate) {
      return &one;
    }
  }
  return nullptr;
}

const CandidateView* deciding_candidate(const OutcomeView& outcome) {
  const CandidateView* deciding = nullptr;
  int furthest = -1;
  for (const CandidateView& candidate : outcome.candidates) {
    if (outcome.chosen && *outcome.chosen == candidate.index) {
      return &candidate;
    }
    const std::optional<bool> match = candidate.gold_match == "null"
                                          ? std::nullopt
                                          : std::optional<bool>(candidate.gold_match == "true");
    const int progress = candidate_progress(candidate.rule, candidate.exec, match);
    if (progress > furthest) {
      furthest = progress;
      deciding = &candidate;
    }
  }
  return deciding;
}

int candidate_progress(Reason rule, ExecStatus exec, std::optional<bool> gold_match) {
  if (rule != Reason::none) {
    return 0;
  }
  if (exec != ExecStatus::ok && exec != ExecStatus::not_run) {
    return 1;
  }
  return gold_match == false ? 2 : 3;
}

}  // namespace fd
