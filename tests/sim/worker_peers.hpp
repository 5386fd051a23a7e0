#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/pipeline/remote_stage_loop.hpp"
#include "tests/sim/gates.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/services.hpp"
#include "worker/session_parts.hpp"

namespace fd::sim {

/// The stages behind the teacher in one session: gates here, and the shipped RemoteStageLoop for
/// those that only peers serve. Ends with its session.
class SimChain final : private RemoteStagePorts {
 public:
  struct Options {
    RemoteStagesOptions remote;
    std::uint32_t worker = 0;
    std::uint64_t incarnation = 0;
    Opened opened;                           ///< of the gates that run here
    std::function<void(WorkItem)> finished;  ///< gets samples that have passed all gates
    std::function<void(WorkItem)> to_ask;    ///< gets samples whose gold has run
  };
  /// Lifetime: all outlive it.
  SimChain(Process& process, Services& services, const Log& log, Options options);
  ~SimChain() override;

  /// Takes samples with their answers.
  void take(std::vector<WorkItem> items) { pass(peer_stages().front(), std::move(items)); }
  /// Has the golds of samples run that are on their way to their calls.
  void run_golds(std::vector<WorkItem> items) { pass(StageId::exec, std::move(items)); }
  void use_peers(std::vector<PeerInfo> peers) { remote_.use_peers(std::move(peers)); }

 private:
  void pass(StageId stage, std::vector<WorkItem> items);
  // RemoteStagePorts
  Result<std::unique_ptr<Transport>> connect(const PeerInfo& peer) override;
  void wake_at(Instant due, std::uint64_t generation) override;
  void hand_on(StageId next, std::vector<WorkItem> items) override;

  Process& process_;
  Services& services_;
  Options options_;
  std::vector<std::unique_ptr<Stage>> gates_;
  RemoteStageLoop remote_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
};

/// What runs the batches of peers, a lane at a time. A batch that is at work when it ends is still
/// finished, as by an actor.
class SimServers final : public StageServers {
 public:
  using Served = std::function<void(std::uint64_t ticket, StageReply)>;
  /// `config`: that of the session. `at_work` counts the requests of the process. Lifetime:
  /// everything passed by reference outlives it, but `config`.
  SimServers(Process& process, Services& services, Random& random, const Digest& config,
             std::uint32_t& at_work, Opened opened, Served served);
  ~SimServers() override { *open_ = false; }
  [[nodiscard]] std::uint32_t lanes() const override { return services_.plan.peer_lanes; }
  void serve(std::uint32_t lane, std::uint64_t ticket,
             std::shared_ptr<StageRequest> request) override;

 private:
  Process& process_;
  Services& services_;
  Random& random_;
  Digest config_;
  std::uint32_t& at_work_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
  std::shared_ptr<const std::vector<std::unique_ptr<Stage>>> gates_;
  Served served_;
};

}  // namespace fd::sim
