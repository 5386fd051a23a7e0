#pragma once

#include <memory>
#include <vector>

#include "actors/pipeline/route.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// A peer's request on its way to a stage server.
struct ServeStages {
  std::uint64_t ticket = 0;  ///< the sender's; comes back
  std::shared_ptr<StageRequest> request;
};
struct StagesServed {
  std::uint64_t ticket = 0;
  std::shared_ptr<StageReply> reply;
  std::vector<DatabaseTrouble> troubles;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::ServeStages)
FD_ACTOR_MESSAGE(fd::StagesServed)

namespace fd {

/// Starts the actor that serves one request after the other with `stages`, and posts StagesServed
/// to `owner`. It keeps nothing of a request. Lifetime: `clock` outlives the actor.
caf::actor spawn_stage_server(caf::actor_system& system, std::vector<std::unique_ptr<Stage>> stages,
                              const Clock& clock, caf::actor owner);

}  // namespace fd
