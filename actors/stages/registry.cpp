#include "actors/stages/registry.hpp"

#include <algorithm>
#include <utility>

#include "actors/stages/clean.hpp"
#include "actors/stages/rule_filter.hpp"
#include "actors/stages/score.hpp"
#include "actors/stages/select.hpp"

namespace fd {
namespace {

using MadeStage = Result<std::unique_ptr<Stage>>;

constexpr StageMaker kBuiltIn[] = {
    {StageId::clean,
     [](const RunConfig& config, const SandboxOpener&) -> MadeStage {
       return make_clean_stage(config);
     }},
    {StageId::rules,
     [](const RunConfig& config, const SandboxOpener&) -> MadeStage {
       return make_rules_stage(config);
     }},
    {StageId::score,
     [](const RunConfig& config, const SandboxOpener&) -> MadeStage {
       return make_score_stage(config);
     }},
    {StageId::select,
     [](const RunConfig& config, const SandboxOpener&) -> MadeStage {
       return make_select_stage(config);
     }},
};

const StageMaker* find_maker(std::span<const StageMaker> makers, StageId id) {
  const auto found = std::ranges::find(makers, id, &StageMaker::id);
  return found != makers.end() ? &*found : nullptr;
}

}  // namespace

Result<std::unique_ptr<Stage>> make_stage(StageId id, const RunConfig& config,
                                          const SandboxOpener& open_database,
                                          std::shared_ptr<GoldCache> golds) {
  if (id == StageId::exec) {
    return make_exec_stage(config, open_database, std::move(golds));
  }
  const StageMaker* maker = find_maker(kBuiltIn, id);
  if (maker == nullptr) {
    maker = find_maker(own_stage_makers(), id);
  }
  FD_CHECK(maker != nullptr);  // a row of protocol/own_stages.cpp has none in own_stages.cpp here
  FD_TRY(std::unique_ptr<Stage> stage, maker->make(config, open_database));
  FD_CHECK(stage != nullptr && stage->id() == id);
  return stage;
}

Result<std::vector<std::unique_ptr<Stage>>> make_stages(const RunConfig& config,
                                                        const SandboxOpener& open_database,
                                                        const std::shared_ptr<GoldCache>& golds) {
  std::vector<std::unique_ptr<Stage>> stages;
  for (const StageId id : pure_stages()) {
    FD_TRY(std::unique_ptr<Stage> stage, make_stage(id, config, open_database, golds));
    stages.push_back(std::move(stage));
  }
  return stages;
}

}  // namespace fd
