#include "coordinator/shards/sample_row.hpp"

#include <algorithm>

namespace fd {
namespace {

template <class AnyOutcome>
auto deciding_of(const AnyOutcome& outcome) -> decltype(outcome.candidates.data()) {
  const auto found = std::ranges::find_if(outcome.candidates, [&](const auto& candidate) {
    return candidate.index == outcome.deciding;
  });
  return found == outcome.candidates.end() ? nullptr : &*found;
}

}  // namespace

const AnswerView* MergeRow::answer(std::uint32_t candidate) const {
  const auto found = std::find_if(answers.begin(), answers.end(), [&](const AnswerView& answer) {
    return answer.role == Role::teacher && answer.candidate == candidate;
  });
  return found == answers.end() ? nullptr : &*found;
}

const CandidateView* deciding_candidate(const OutcomeView& outcome) {
  return deciding_of(outcome);
}

const Candidate* deciding_candidate(const Outcome& outcome) {
  return deciding_of(outcome);
}

}  // namespace fd
