#pragma once

#include <memory>

#include "actors/stages/stage.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Length in code points (too_short, too_long), then banned patterns (banned_pattern), then
/// required ones (format_error), by RE2. Errors: invalid_input, for a pattern that RE2 refuses.
Result<std::unique_ptr<Stage>> make_rules_stage(const RunConfig& config);

}  // namespace fd
