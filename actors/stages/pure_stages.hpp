#pragma once

#include <array>
#include <memory>
#include <vector>

#include "actors/stages/exec.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// What a sample goes through once it has its answers, in order. All but the last may be served by
/// other workers (peer_stages).
inline constexpr std::array kStageChain = {StageId::clean, StageId::rules, StageId::exec,
                                           StageId::score, StageId::select};

/// Returns the stage `id` of a run. Requires: `id` is one of kStageChain. Errors:
/// invalid_input, for a pattern of gates.rules that RE2 refuses.
Result<std::unique_ptr<Stage>> make_pure_stage(StageId id, const RunConfig& config,
                                               const SandboxOpener& open_database);

/// Returns the whole chain of a run. Errors: as above.
Result<std::vector<std::unique_ptr<Stage>>> make_pure_stages(const RunConfig& config,
                                                             const SandboxOpener& open_database);

}  // namespace fd
