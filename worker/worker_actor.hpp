#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/pipeline/caf_compat.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/log.hpp"
#include "actors/transport/transport.hpp"
#include "worker/worker_loop.hpp"
#include "worker/worker_parts.hpp"

namespace fd {

/// Frames of the coordinator.
struct FramesIn {
  std::shared_ptr<std::vector<Incoming>> frames;
};
/// Requests of other workers, for what is served here.
struct PeerFramesIn {
  std::shared_ptr<std::vector<Incoming>> frames;
};
struct BulkMade {};  ///< the bulk connection, for the first time or again
/// A gateway of this worker met an error.
struct EndpointErrorHeard {
  EndpointError error;
};
struct StopNow {};
struct WakeUp {
  std::uint64_t generation = 0;
};
/// The coordinator does not want this worker (its key, or ours, is not the one expected).
struct Rejected {};
/// The journal's disk failed: nothing can be paid for any more.
struct JournalFailed {
  std::shared_ptr<Error> error;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::FramesIn)
FD_ACTOR_MESSAGE(fd::PeerFramesIn)
FD_ACTOR_MESSAGE(fd::BulkMade)
FD_ACTOR_MESSAGE(fd::EndpointErrorHeard)
FD_ACTOR_MESSAGE(fd::StopNow)
FD_ACTOR_MESSAGE(fd::WakeUp)
FD_ACTOR_MESSAGE(fd::JournalFailed)
FD_ACTOR_MESSAGE(fd::Rejected)

namespace fd {

struct WorkerActorOptions {
  WorkerLoopOptions loop;
  WorkerPartsOptions parts;
  /// Hears of the run's other workers at every change, on the actor's thread. May be empty.
  std::function<void(const std::vector<PeerInfo>&)> peers_known;
  /// Hears for how long the coordinator was not heard, each time that is worth a message. Thread:
  /// the actor's. May be empty.
  std::function<void(Duration)> silent;
  /// Called once with the process's exit code: when all is delivered after a StopNow, or when it
  /// cannot go on.
  std::function<void(int)> exited;
};

/// The two connections to the coordinator.
struct WorkerWires {
  Transport& control;
  Transport& bulk;
};

/// Starts the actor that runs WorkerLoop: its ports are the two connections and CAF's timer.
/// Lifetime: everything passed by reference outlives the actor.
caf::actor spawn_worker(caf::actor_system& system, const Clock& clock, WorkerWires wires,
                        const Log& log, WorkerActorOptions options);

}  // namespace fd
