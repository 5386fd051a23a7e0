#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/stages/prompt.hpp"
#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Samples on their way from one stage to the next. Shared only in that a message may be copied:
/// the receiver is the one owner of what it points to.
struct WorkBatch {
  std::shared_ptr<std::vector<WorkItem>> items;
  Instant sent;  ///< when the sender let it go: what the next stage's queue time counts from
};

/// Finished calls between the gateway's threads and the teacher stage: what gathers while the stage
/// is busy goes on as one batch. Thread: any.
class ChatInbox {
 public:
  /// Returns whether the stage must be told: the inbox was empty.
  bool add(ChatResult result);
  std::vector<ChatResult> take();

 private:
  std::mutex mutex_;
  std::vector<ChatResult> results_;
};

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

/// Samples whose calls were cancelled before they were sent.
struct WorkDropped {
  std::shared_ptr<std::vector<WorkItem>> items;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::WorkBatch)
FD_ACTOR_MESSAGE(fd::ChatDone)
FD_ACTOR_MESSAGE(fd::CallDone)
FD_ACTOR_MESSAGE(fd::UseGateway)
FD_ACTOR_MESSAGE(fd::WorkDropped)

namespace fd {

/// The way to the next stage. A sender does not know whether a target is a stage in this process or
/// the stand-in of one behind ZeroMQ (actors/pipeline/remote_stage.hpp); several targets are served
/// in turn.
class Route {
 public:
  explicit Route(std::vector<caf::actor> targets) : targets_(std::move(targets)) {}
  void send(WorkBatch batch);

 private:
  std::vector<caf::actor> targets_;
  std::size_t turn_ = 0;
};

/// Starts the actor that runs `stage` over every batch and passes it on. Lifetime: `clock` outlives
/// the actor.
caf::actor spawn_stage(caf::actor_system& system, std::unique_ptr<Stage> stage, Route next,
                       const Clock& clock);

/// Starts the teacher stage: asks the gateway for every candidate that has no recorded answer,
/// hands each answer to `recorder` as it comes, and passes a sample on once all its candidates have
/// one. A sample of which any call failed goes on with that failure: to continue with fewer
/// candidates would make output depend on faults. `make_gateway` gets the callback to report to.
/// Lifetime: `clock` and the gateway outlive the actor.
caf::actor spawn_teacher(caf::actor_system& system, PromptStage prompt, std::uint32_t candidates,
                         caf::actor recorder, Route next, const Clock& clock);

}  // namespace fd
