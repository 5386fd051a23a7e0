#pragma once

#include <memory>

#include "actors/stages/call_stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Returns what a run asks the teacher about a sample: every candidate, once.
/// Errors: invalid_input, as
/// PromptStage::make().
Result<std::unique_ptr<const Questions>> make_teacher(const RunConfig& config);

}  // namespace fd
