#pragma once

#include <memory>
#include <vector>

#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Runs the stages of a request over its items, in order; the reply is "not now" when one of them
/// was interrupted. Adds the databases that samples failed for to `troubles`, unless it is null.
/// Requires: `stages` has every one of them. Thread: as the stages.
StageReply serve_stages(const std::vector<std::unique_ptr<Stage>>& stages, const Clock& clock,
                        StageRequest request, std::vector<DatabaseTrouble>* troubles = nullptr);

}  // namespace fd
