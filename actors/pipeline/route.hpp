#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "actors/pipeline/caf_compat.hpp"
#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// Samples on their way from one stage to the next. Shared only in that a message may be copied:
/// the receiver is the one owner of what it points to.
struct WorkBatch {
  std::shared_ptr<std::vector<WorkItem>> items;
  Instant sent;  ///< when the sender let it go: what the next stage's queue time counts from
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::WorkBatch)

namespace fd {

/// The way to the next stage. A sender does not know whether a target is a stage in this process or
/// the proxy of one behind ZeroMQ (actors/pipeline/remote_stage.hpp); several targets are served
/// in turn.
class Route {
 public:
  explicit Route(std::vector<caf::actor> targets) : targets_(std::move(targets)) {}
  /// Shares a large batch out over the targets.
  void send(WorkBatch batch);

 private:
  std::vector<caf::actor> targets_;
  std::size_t turn_ = 0;
};

}  // namespace fd
