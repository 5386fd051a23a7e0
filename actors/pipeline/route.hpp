#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "actors/pipeline/caf_compat.hpp"
#include "actors/pipeline/work_queue.hpp"
#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// Samples on their way from one stage to the next. Shared only in that a message may be copied:
/// the receiver is the one owner of what it points to.
struct WorkBatch {
  std::shared_ptr<std::vector<WorkItem>> items;
  Instant sent;  ///< when the sender let it go: what the next stage's queue time counts from
};

/// Samples that their stages gave up undecided, or whose calls were not sent.
struct WorkDropped {
  std::shared_ptr<std::vector<WorkItem>> items;
};
/// A lane of a WorkQueue has something to take.
struct LaneWoken {};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::WorkBatch)
FD_ACTOR_MESSAGE(fd::WorkDropped)
FD_ACTOR_MESSAGE(fd::LaneWoken)

namespace fd {

/// The way to the next stage. A sender does not know whether the target is a stage in this process
/// or the proxy of one behind ZeroMQ (actors/pipeline/remote_stage.hpp), or how many actors share
/// its work.
class Route {
 public:
  explicit Route(caf::actor target) : targets_{std::move(target)} {}
  /// `lanes`: the actors of the queue, in order.
  Route(std::shared_ptr<WorkQueue> queue, std::vector<caf::actor> lanes)
      : queue_(std::move(queue)), targets_(std::move(lanes)) {}
  void send(WorkBatch batch) const;

 private:
  std::shared_ptr<WorkQueue> queue_;  ///< null: the one target takes whole batches
  std::vector<caf::actor> targets_;
};

}  // namespace fd
