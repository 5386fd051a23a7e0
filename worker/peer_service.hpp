#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/pipeline/stage_server.hpp"
#include "actors/stages/exec.hpp"
#include "actors/transport/transport.hpp"
#include "protocol/run_config.hpp"
#include "worker/database_client.hpp"
#include "worker/worker_core.hpp"

namespace fd {

/// Batches of other workers that wait here at most; beyond that the answer is "not now".
inline constexpr std::size_t kServeQueueMax = 256;

struct PeerServiceOptions {
  std::string run_id;
  std::uint64_t ledger = 0;  ///< of the run
  Digest config;             ///< digest of the RunSpec that is served
  std::vector<StageId> stages;
  std::uint32_t threads = 1;
  std::uint64_t tickets_from = 0;  ///< beyond those of earlier services
  SandboxOpener open_database;
};

/// What this worker does for others in one run: takes their requests, has the databases they need
/// fetched, and lets its stage servers work them off, each asked one batch at a time. Keeps nothing
/// of a request that was replied to, so any request may come again, here or elsewhere.
/// Thread: that of the worker's actor.
class PeerService {
 public:
  /// Errors: invalid_input, from the config. Lifetime: what is passed by reference outlives it.
  static Result<std::unique_ptr<PeerService>> start(caf::actor_system& system, const Clock& clock,
                                                    const RunConfig& config, Transport& transport,
                                                    DatabaseClient& databases,
                                                    PeerServiceOptions options,
                                                    const caf::actor& owner);
  /// Ends the servers; what waits gets no reply.
  ~PeerService();
  PeerService(const PeerService&) = delete;
  PeerService& operator=(const PeerService&) = delete;

  /// Takes a StageRequest of this run. One of another config or for a stage that is not served, or
  /// one too many, is answered "not now"; one that is at work already is not taken twice.
  /// Errors: invalid_input.
  Result<void> take(const PeerId& peer, const FrameView& frame);
  /// A server is done. Returns false for a ticket of an earlier service.
  bool served(const StagesServed& served);
  /// A database came.
  void database_arrived();
  [[nodiscard]] ServingLoad load() const;

  /// Tells a peer to ask elsewhere or later. `request_id` comes back to it.
  static void say_not_now(Transport& transport, const PeerId& peer, const FrameView& asked,
                          std::uint64_t request_id);

 private:
  struct Job {
    PeerId peer;
    Speaker speaker;  ///< as it was asked
    std::uint64_t id = 0;
    std::shared_ptr<StageRequest> request;
    std::vector<std::string> databases;  ///< of its samples, when SQL is to run
    std::size_t samples = 0;
    caf::actor server;
  };
  PeerService(Transport& transport, DatabaseClient& databases, PeerServiceOptions options);
  [[nodiscard]] bool serves(const StageRequest& request) const;
  bool databases_are_here(const Job& job);
  void put_to_work();

  Transport& transport_;
  DatabaseClient& databases_;
  PeerServiceOptions options_;
  std::vector<caf::actor> servers_;
  std::vector<caf::actor> idle_;
  std::deque<Job> waiting_;               ///< for a database, or for a server
  std::map<std::uint64_t, Job> working_;  ///< by ticket
  std::set<std::pair<PeerId, std::uint64_t>> known_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t samples_served_ = 0;
};

}  // namespace fd
