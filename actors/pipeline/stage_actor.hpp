#pragma once

#include <memory>

#include "actors/pipeline/route.hpp"

namespace fd {

/// Starts the actor that runs `stage` over every batch and passes it on. Samples that it gave up
/// (WorkItem::interrupted) go to `recorder` as WorkDropped. Lifetime: `clock` outlives the actor.
caf::actor spawn_stage(caf::actor_system& system, std::unique_ptr<Stage> stage, Route next,
                       const Clock& clock, caf::actor recorder);

/// The same for a lane of a stage that several actors run: it takes samples from `queue`, and
/// passes each on by itself: to `calls` while it is on its way there (WorkItem::to_ask).
caf::actor spawn_stage_lane(caf::actor_system& system, std::unique_ptr<Stage> stage,
                            std::shared_ptr<WorkQueue> queue, std::size_t lane, Route next,
                            Route calls, const Clock& clock, caf::actor recorder);

}  // namespace fd
