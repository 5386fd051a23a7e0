#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/pipeline/chat_inbox.hpp"
#include "actors/pipeline/route.hpp"
#include "actors/stages/prompt.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Tells the teacher stage that its inbox has something.
struct ChatDone {
  std::shared_ptr<ChatInbox> inbox;
};

/// An answer (or a failed call) that was paid for: on its way to be recorded before all else.
struct CallDone {
  std::uint64_t run = 0;  ///< as in WorkItem
  std::shared_ptr<Record> record;
  std::uint64_t journal_seq = 0;  ///< of the journal's entry; 0: not journaled
};

/// The gateway that the teacher stage is to use: its first message. Shared, because the stage may
/// still submit while the pipeline that made the gateway is being taken down.
struct UseGateway {
  std::shared_ptr<Gateway> gateway;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::ChatDone)
FD_ACTOR_MESSAGE(fd::CallDone)
FD_ACTOR_MESSAGE(fd::UseGateway)

namespace fd {

/// Starts the teacher stage: asks the gateway for every candidate that has no recorded answer,
/// hands each answer to `recorder` as it comes, and passes a sample on once all its candidates have
/// one. A sample of which any call failed goes on with the failure of its lowest such candidate,
/// whichever came first: to continue with fewer candidates would make output depend on faults.
/// Its first message is UseGateway. Lifetime: `clock` outlives the actor.
caf::actor spawn_teacher(caf::actor_system& system, PromptStage prompt, std::uint32_t candidates,
                         caf::actor recorder, Route next, const Clock& clock);

}  // namespace fd
