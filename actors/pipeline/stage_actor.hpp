#pragma once

#include <memory>

#include "actors/pipeline/route.hpp"

namespace fd {

/// Starts the actor that runs `stage` over every batch and passes it on. Lifetime: `clock` outlives
/// the actor.
caf::actor spawn_stage(caf::actor_system& system, std::unique_ptr<Stage> stage, Route next,
                       const Clock& clock);

}  // namespace fd
