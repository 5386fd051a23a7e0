#include "actors/stages/score.hpp"

namespace fd {
namespace {

class ScoreStage final : public Stage {
 public:
  explicit ScoreStage(const RunConfig& config)
      : score_(config.gates.score), executes_(config.gates.exec.kind == ExecKind::sqlite) {}

  [[nodiscard]] StageId id() const override { return StageId::score; }

  void process(WorkItem& item) override {
    if (item.failure) {
      return;
    }
    for (Candidate& candidate : item.candidates) {
      candidate.score = score(candidate);
    }
  }

 private:
  [[nodiscard]] double score(const Candidate& candidate) const {
    if (candidate.rule != Reason::none) {
      return score_.fail;
    }
    if (candidate.gold_match == true) {
      return score_.gold;
    }
    return !executes_ || candidate.exec == ExecStatus::ok ? score_.exec : score_.fail;
  }

  ScoreConfig score_;
  bool executes_;
};

}  // namespace

std::unique_ptr<Stage> make_score_stage(const RunConfig& config) {
  return std::make_unique<ScoreStage>(config);
}

}  // namespace fd
