#pragma once

#include <memory>
#include <vector>

#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Runs the stages of a request over its items, in order. Requires: `stages` has every one of them.
/// Thread: as the stages.
StageReply serve_stages(const std::vector<std::unique_ptr<Stage>>& stages, const Clock& clock,
                        StageRequest request);

}  // namespace fd
