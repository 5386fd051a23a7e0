#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/stage_actor.hpp"
#include "actors/transport.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// A reply of a peer, on its way to the stand-in that asked.
struct StageReplyIn {
  std::shared_ptr<StageReply> reply;
};
/// Time to ask again for what did not come.
struct StageResend {};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::StageReplyIn)
FD_ACTOR_MESSAGE(fd::StageResend)

namespace fd {

/// Starts the stand-in of a pure stage that a peer behind `transport` serves: a Route target like
/// any stage actor. It sends each batch over, puts the evidence that comes back into the items, and
/// passes them on to `next`. What is not answered within `patience` is asked again. The leases stay
/// here. Whoever receives the transport's frames hands StageReply bodies on as StageReplyIn.
/// Requires: `stage` is none of teacher and select, which only the lease holder runs.
/// Lifetime: `transport` and `clock` outlive the actor.
caf::actor spawn_remote_stage(caf::actor_system& system, StageId stage, Transport& transport,
                              PeerId peer, Route next, const Clock& clock, Duration patience);

/// Serves one StageRequest frame: runs `stage` over its items and returns the frame of the reply.
/// Errors: invalid_input (no such frame, or another stage's). Thread: as `stage`.
Result<std::string> serve_stage(Stage& stage, const Clock& clock, std::string_view frame);

}  // namespace fd
