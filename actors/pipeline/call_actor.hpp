#pragma once

#include <cstdint>
#include <memory>

#include "actors/gateway/gateway.hpp"
#include "actors/pipeline/chat_inbox.hpp"
#include "actors/pipeline/route.hpp"
#include "actors/stages/call_stage.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Tells a call stage that its inbox has something.
struct ChatDone {
  std::shared_ptr<ChatInbox> inbox;
};

/// An answer (or a failed call) that was paid for: on its way to be recorded before all else.
struct CallDone {
  std::uint64_t run = 0;  ///< as in WorkItem
  std::shared_ptr<Record> record;
  std::uint64_t journal_seq = 0;  ///< of the journal's entry; 0: not journaled
};

/// What a call stage asks, and where samples go on: its first message. The gateway is shared,
/// because the stage may still submit while the pipeline that made it is being taken down.
struct StartCalls {
  std::shared_ptr<Gateway> gateway;
  std::shared_ptr<const Route> next;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::ChatDone)
FD_ACTOR_MESSAGE(fd::CallDone)
FD_ACTOR_MESSAGE(fd::StartCalls)

namespace fd {

/// Starts the actor of a call stage: asks the gateway for every answer that is not on record, hands
/// each to `recorder` as it comes (CallDone), and passes a sample on once `stage` is done with it;
/// one that was dropped goes to `recorder` (WorkDropped). Its first message is StartCalls.
/// Lifetime: `clock` outlives the actor.
caf::actor spawn_call_stage(caf::actor_system& system, CallStage stage, caf::actor recorder,
                            const Clock& clock);

}  // namespace fd
