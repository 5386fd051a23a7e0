#pragma once

#include <memory>

#include "actors/stages/stage.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Score of each candidate from its evidence: gates.score.gold when it matched the gold, exec when
/// it ran (or, with gates.exec.kind none, passed the rules), else fail.
std::unique_ptr<Stage> make_score_stage(const RunConfig& config);

}  // namespace fd
