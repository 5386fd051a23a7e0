#include "actors/stages/pure_stages.hpp"

#include <utility>

#include "actors/stages/clean.hpp"
#include "actors/stages/rule_filter.hpp"
#include "actors/stages/score.hpp"
#include "actors/stages/select.hpp"

namespace fd {

Result<std::unique_ptr<Stage>> make_pure_stage(StageId id, const RunConfig& config,
                                               const SandboxOpener& open_database) {
  switch (id) {
    case StageId::clean:
      return make_clean_stage(config);
    case StageId::rules:
      return make_rules_stage(config);
    case StageId::exec:
      return make_exec_stage(config, open_database);
    case StageId::score:
      return make_score_stage(config);
    case StageId::select:
      return make_select_stage(config);
    case StageId::teacher:
      break;
  }
  FD_CHECK(id != StageId::teacher);
  return std::unique_ptr<Stage>();
}

Result<std::vector<std::unique_ptr<Stage>>> make_pure_stages(const RunConfig& config,
                                                             const SandboxOpener& open_database) {
  std::vector<std::unique_ptr<Stage>> stages;
  for (const StageId id : kStageChain) {
    FD_TRY(std::unique_ptr<Stage> stage, make_pure_stage(id, config, open_database));
    stages.push_back(std::move(stage));
  }
  return stages;
}

}  // namespace fd
