#pragma once

#include <memory>

#include "actors/stages/stage.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Chooses among the candidates and turns the sample into an Outcome: kept with the candidate of
/// the highest score that passes gates.select, ties by index. A rejected sample's reason is that of
/// the candidate that got furthest, ties by index; gold_error when the gold itself does not run.
std::unique_ptr<Stage> make_select_stage(const RunConfig& config);

}  // namespace fd
