#include "actors/stages/select.hpp"

namespace fd {
namespace {

/// Where a candidate stopped: the later, the better. `passed` is behind all gates.
enum class Reached { rules, exec, gold, score, passed };

struct Finding {
  Reached reached = Reached::passed;
  Reason reason = Reason::none;
};

Reason reason_of(ExecStatus status) {
  switch (status) {
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

class SelectStage final : public Stage {
 public:
  explicit SelectStage(const RunConfig& config)
      : select_(config.gates.select), executes_(config.gates.exec.kind == ExecKind::sqlite) {}

  [[nodiscard]] StageId id() const override { return StageId::select; }

  void process(WorkItem& item) override {
    Outcome outcome;
    outcome.sample_id = item.sample.id;
    outcome.gold_failed = item.gold_failed;
    outcome.times = item.times;
    if (item.failure) {
      outcome.verdict = Verdict::failed;
      outcome.reason = *item.failure;
    } else {
      decide(item, outcome);
    }
    outcome.candidates = item.candidates;
    item.outcome = std::move(outcome);
  }

 private:
  void decide(const WorkItem& item, Outcome& outcome) const {
    outcome.verdict = Verdict::rejected;
    const Candidate* best = nullptr;
    Finding furthest{Reached::rules, Reason::none};
    const Candidate* stopped = nullptr;  // the one that got furthest
    for (const Candidate& candidate : item.candidates) {
      const Finding found = examine(candidate, item.sample.gold.has_value());
      if (found.reached == Reached::passed) {
        if (best == nullptr || candidate.score.value_or(0) > best->score.value_or(0)) {
          best = &candidate;
        }
      } else if (furthest.reason == Reason::none || found.reached > furthest.reached) {
        furthest = found;
        stopped = &candidate;
      }
    }
    if (const Candidate* deciding = best != nullptr ? best : stopped) {
      outcome.deciding = deciding->index;
    }
    if (item.gold_failed) {
      outcome.reason = Reason::gold_error;
    } else if (best != nullptr) {
      outcome.verdict = Verdict::kept;
      outcome.reason = Reason::none;
      outcome.chosen = best->index;
    } else if (furthest.reason != Reason::none) {
      outcome.reason = furthest.reason;
    } else {
      // No answer came and no stage said why: nothing that a verdict could rest on.
      outcome.verdict = Verdict::failed;
      outcome.reason = Reason::internal;
    }
  }

  [[nodiscard]] Finding examine(const Candidate& candidate, bool has_gold) const {
    if (candidate.rule != Reason::none) {
      return {Reached::rules, candidate.rule};
    }
    const bool needs_gold = executes_ && select_.require_gold_match && has_gold;
    if (executes_ && candidate.exec != ExecStatus::ok && (select_.require_exec || needs_gold)) {
      return {Reached::exec, reason_of(candidate.exec)};
    }
    if (needs_gold && candidate.gold_match != true) {
      return {Reached::gold, Reason::gold_mismatch};
    }
    if (candidate.score.value_or(0) < select_.min_score) {
      return {Reached::score, Reason::score_low};
    }
    return {};
  }

  SelectConfig select_;
  bool executes_;
};

}  // namespace

std::unique_ptr<Stage> make_select_stage(const RunConfig& config) {
  return std::make_unique<SelectStage>(config);
}

}  // namespace fd
