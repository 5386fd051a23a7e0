#include "coordinator/shards/sample_row.hpp"

#include <algorithm>

namespace fd {
namespace {

/// What of a candidate says where it stopped.
struct Facts {
  Reason rule = Reason::none;
  ExecStatus exec = ExecStatus::not_run;
  std::optional<bool> gold_match;
};

Facts facts_of(const Candidate& candidate) {
  return {candidate.rule, candidate.exec, candidate.gold_match};
}

Facts facts_of(const CandidateView& candidate) {
  Facts facts{candidate.rule, candidate.exec, std::nullopt};
  if (candidate.gold_match != "null") {
    facts.gold_match = candidate.gold_match == "true";
  }
  return facts;
}

bool ran_or_need_not(ExecStatus exec) {
  return exec == ExecStatus::ok || exec == ExecStatus::not_run;
}

Reason reason_of(ExecStatus exec) {
  switch (exec) {
    case ExecStatus::ok:
    case ExecStatus::not_run:
      return Reason::none;
    case ExecStatus::parse_error:
      return Reason::parse_error;
    case ExecStatus::step_limit:
      return Reason::step_limit;
    case ExecStatus::row_limit:
      return Reason::row_limit;
    case ExecStatus::timeout:
      return Reason::timeout;
    default:
      return Reason::exec_error;
  }
}

/// Returns whether the candidate stopped for `reason`.
bool stopped_for(const Facts& facts, Reason reason) {
  switch (reason) {
    case Reason::parse_error:
    case Reason::exec_error:
    case Reason::step_limit:
    case Reason::row_limit:
    case Reason::timeout:
      return facts.rule == Reason::none && reason_of(facts.exec) == reason;
    case Reason::gold_mismatch:
      return facts.rule == Reason::none && facts.exec == ExecStatus::ok && facts.gold_match != true;
    case Reason::score_low:
    case Reason::judge_low:
    case Reason::judge_unparsed:
      return facts.rule == Reason::none && ran_or_need_not(facts.exec);
    default:
      return facts.rule == reason;
  }
}

/// Returns how far a candidate got: 0 to cleaning and rules, 1 to its execution, 2 to the gold, 3
/// further.
int progress_of(const Facts& facts) {
  if (facts.rule != Reason::none) {
    return 0;
  }
  if (!ran_or_need_not(facts.exec)) {
    return 1;
  }
  return facts.gold_match == false ? 2 : 3;
}

template <class AnyOutcome>
auto decide(const AnyOutcome& outcome) -> decltype(outcome.candidates.data()) {
  const auto& candidates = outcome.candidates;
  if (candidates.empty()) {
    return nullptr;
  }
  const auto own = [&](const auto& candidate) {
    return outcome.chosen ? *outcome.chosen == candidate.index
                          : stopped_for(facts_of(candidate), outcome.reason);
  };
  const auto found = std::find_if(candidates.begin(), candidates.end(), own);
  if (found != candidates.end()) {
    return &*found;
  }
  return &*std::max_element(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return progress_of(facts_of(a)) < progress_of(facts_of(b));
  });
}

}  // namespace

const AnswerView* MergeRow::answer(std::uint32_t candidate) const {
  const auto found = std::find_if(answers.begin(), answers.end(), [&](const AnswerView& answer) {
    return answer.candidate == candidate;
  });
  return found == answers.end() ? nullptr : &*found;
}

const CandidateView* deciding_candidate(const OutcomeView& outcome) {
  return decide(outcome);
}

const Candidate* deciding_candidate(const Outcome& outcome) {
  return decide(outcome);
}

}  // namespace fd
