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
#include "coordinator/control/coordinator_core.hpp"
#include "coordinator/control/progress.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "coordinator/reports/timing.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// How the live part of a run ended.
struct RunEnd {
  enum class Kind { finished, drained, no_endpoint, no_stage, failed };
  Kind kind = Kind::finished;
  Error error;                ///< of failed, and what no_endpoint and no_stage were told
  RunTimes times;             ///< all but wall_s
  std::uint64_t full_ms = 0;  ///< over all workers: how long all slots of one were taken
};

struct CoordinatorActorOptions {
  RunDir dir{""};
  std::string run_id;
  RunConfig config;
  CoordinatorCoreConfig core;
  std::uint64_t epoch = 1;  ///< which start of a coordinator on this run
  std::vector<ShardSeed> shards;
  Progress before;  ///< what earlier starts of this run have done (committed shards)
  /// Returns answers to calls of a shard's samples that lie beside the ledger, in the shard's
  /// folder or with earlier runs: a record each, with the call that brought it or without. May be
  /// empty.
  std::function<Result<std::vector<Record>>(std::uint32_t shard,
                                            const std::vector<Sample>& samples)>
      answers_beside;
  /// Checks that a user (Incoming::user) may say so of itself: its name, and the key that other
  /// workers are told. Errors: refused. Empty: the wire is plaintext.
  std::function<Result<void>(const std::string& user, const WorkerState& state)> check_sender;
  std::function<void(const Progress&)> progress;  ///< about twice a second, on the actor's thread
  std::function<void(RunEnd)> ended;              ///< once
};

struct CoordinatorFrames {
  std::shared_ptr<std::vector<Incoming>> frames;
};
struct CoordinatorTick {};
/// Asks for a drain: no new calls, what is under way is recorded.
struct DrainNow {};
struct LocalWorkerEnded {
  std::string name;
  bool replaced = false;
};
struct ShardSaved {
  std::uint32_t shard = 0;
  std::shared_ptr<Result<Manifest>> manifest;
};
/// Something that the run cannot go on without is gone: it ends with this error.
struct RunFailed {
  std::shared_ptr<Error> error;
};

}  // namespace fd

FD_ACTOR_MESSAGE(fd::CoordinatorFrames)
FD_ACTOR_MESSAGE(fd::CoordinatorTick)
FD_ACTOR_MESSAGE(fd::DrainNow)
FD_ACTOR_MESSAGE(fd::LocalWorkerEnded)
FD_ACTOR_MESSAGE(fd::ShardSaved)
FD_ACTOR_MESSAGE(fd::RunFailed)

namespace fd {

/// Starts the shell around CoordinatorCore: decodes frames, loads shards, makes records durable
/// before anything that follows from them is sent, and has finished shards written by an actor with
/// a thread of its own. Lifetime: everything passed by reference outlives the actor.
caf::actor spawn_coordinator(caf::actor_system& system, const Clock& clock, Transport& transport,
                             Ledger& ledger, const Log& log, CoordinatorActorOptions options);

/// Hands received frames to the coordinator, by their queues. Thread: any.
void post_frames(const caf::actor& coordinator, std::vector<Incoming> frames);

}  // namespace fd
