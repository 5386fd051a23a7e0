#pragma once

#include <memory>
#include <span>
#include <vector>

#include "actors/stages/exec.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Makes a stage of a run. Errors: invalid_input, from the config.
using StageFactory = Result<std::unique_ptr<Stage>> (*)(const RunConfig& config,
                                                        const SandboxOpener& open_database);

/// How a pure stage is made: what a worker's pipeline, its service to peers and a replay build
/// from.
struct StageMaker {
  StageId id;
  StageFactory make;
};

/// Returns how the stages of one's own are made: actors/stages/own_stages.cpp, the file to edit.
std::span<const StageMaker> own_stage_makers();

/// Returns the stage `id` of a run. `golds`: as for make_exec_stage(). Requires: `id` is one of
/// pure_stages(). Errors: invalid_input (a pattern of gates.rules that RE2 refuses, or whatever a
/// stage of one's own refuses).
Result<std::unique_ptr<Stage>> make_stage(StageId id, const RunConfig& config,
                                          const SandboxOpener& open_database,
                                          std::shared_ptr<GoldCache> golds = nullptr);

/// Returns the pure stages of a run, in order. Errors: as above.
Result<std::vector<std::unique_ptr<Stage>>> make_stages(
    const RunConfig& config, const SandboxOpener& open_database,
    const std::shared_ptr<GoldCache>& golds = nullptr);

}  // namespace fd
