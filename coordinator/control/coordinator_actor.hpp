#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/pipeline/caf_compat.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport.hpp"
#include "coordinator/control/coordinator_loop.hpp"
#include "coordinator/control/shard_loader.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

struct CoordinatorActorOptions {
  RunDir dir{""};
  RunConfig config;
  bool first_start = false;  ///< nothing can be on record
  CoordinatorLoopOptions loop;
  ShardLoader::Beside answers_beside;  ///< called on a thread of its own; may be empty
  // The next three are called on the actor's thread, and must not block.
  std::function<void(std::shared_ptr<const Progress>)> progress;  ///< about twice a second
  std::function<void(std::string line)> tell;                     ///< as CoordinatorPorts::tell
  std::function<void(RunEnd)> ended;                              ///< once
};

struct CoordinatorFrames {
  std::shared_ptr<std::vector<Incoming>> frames;
};
/// Asks for a drain: no new calls, what is under way is recorded.
struct DrainNow {};
struct LocalWorkerEnded {
  std::string name;
  bool replaced = false;
};
/// Something that the run cannot go on without is gone: it ends with this error.
struct RunFailed {
  std::shared_ptr<Error> error;
  RunEnd::Kind kind = RunEnd::Kind::failed;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::CoordinatorFrames)
FD_ACTOR_MESSAGE(fd::DrainNow)
FD_ACTOR_MESSAGE(fd::LocalWorkerEnded)
FD_ACTOR_MESSAGE(fd::RunFailed)

namespace fd {

/// Starts the actor that runs CoordinatorLoop. It never waits for a disk: shards are read and
/// written, and databases read, by actors with a thread each. Lifetime: everything passed by
/// reference outlives the actor system.
caf::actor spawn_coordinator(caf::actor_system& system, const Clock& clock, Transport& transport,
                             Ledger& ledger, const Log& log, CoordinatorActorOptions options);

/// Hands received frames to the coordinator, by their queues. Thread: any.
void post_frames(const caf::actor& coordinator, std::vector<Incoming> frames);

}  // namespace fd
