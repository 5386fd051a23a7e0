#pragma once

#include <memory>
#include <vector>

#include "actors/stages/exec.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Returns the pure stage `id` of a run. Requires: `id` is one of kPureStages. Errors:
/// invalid_input, for a pattern of gates.rules that RE2 refuses.
Result<std::unique_ptr<Stage>> make_pure_stage(StageId id, const RunConfig& config,
                                               const SandboxOpener& open_database);

/// Returns all pure stages of a run, in order: what follows from a sample's answers. Errors: as
/// above.
Result<std::vector<std::unique_ptr<Stage>>> make_pure_stages(const RunConfig& config,
                                                             const SandboxOpener& open_database);

}  // namespace fd
