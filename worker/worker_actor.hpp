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
#include "worker/pipeline.hpp"
#include "worker/worker_core.hpp"

namespace fd {

struct FramesIn {
  std::shared_ptr<std::vector<Incoming>> frames;
};
struct BulkMade {};  ///< the bulk connection, for the first time or again
struct StopNow {};
struct WakeUp {
  std::uint64_t generation = 0;
};
/// Requests of other workers, for what is served here.
struct PeerFramesIn {
  std::shared_ptr<std::vector<Incoming>> frames;
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
FD_ACTOR_MESSAGE(fd::StopNow)
FD_ACTOR_MESSAGE(fd::WakeUp)
FD_ACTOR_MESSAGE(fd::JournalFailed)
FD_ACTOR_MESSAGE(fd::Rejected)

namespace fd {

struct WorkerActorOptions {
  WorkerCoreConfig core;
  std::string journal_directory;  ///< held by this process: see worker/state_folder.hpp
  std::string database_directory;
  std::uint64_t database_cache_bytes = 8ull << 30;
  std::uint32_t exec_actors = 1;
  /// Makes the gateway that sends; the journal stands before it.
  GatewayFactory make_gateway;
  /// Where requests of other workers come from and replies go; null: none are served.
  Transport* peers = nullptr;
  /// Hears of the run's other workers at every change, on the actor's thread. May be empty.
  std::function<void(const std::vector<PeerInfo>&)> peers_known;
  /// Opens the way to another worker that serves stages.
  PeerConnector connect_peer;
  /// Returns what the gateway is doing. Thread: any.
  std::function<GatewayLoad()> load;
  /// Hears that the coordinator was not heard for so long, each time that is worth saying. Thread:
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

/// Starts the shell around WorkerCore: decodes frames, performs effects, keeps the pipeline and the
/// databases. Lifetime: everything passed by reference outlives the actor.
caf::actor spawn_worker(caf::actor_system& system, const Clock& clock, WorkerWires wires,
                        const Log& log, WorkerActorOptions options);

}  // namespace fd
