#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "actors/stages/call_stage.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"
#include "tests/sim/worker_peers.hpp"
#include "worker/session_parts.hpp"

namespace fd::sim {

/// Where the stages of a worker hand on what they have: WorkerLoop, as events of the process.
struct StageSink {
  std::function<void(Record, std::uint64_t journal_seq)> record;
  std::function<void(WorkItem)> finished;
  std::function<void(WorkItem)> dropped;
  std::function<void()> poisoned;  ///< a sample ends the process
};

/// The stages of one session: the shipped CallStage, then the gates, here or at peers.
class SimStages final : public SessionStages {
 public:
  /// Lifetime: `process`, `services` and `disk` outlive it.
  SimStages(Process& process, Services& services, const WorkerDisk& disk, const Log& log,
            Random& random, SimChain::Options chain, StageSink sink);
  ~SimStages() override;
  /// Requires: before take().
  void use(std::unique_ptr<Gateway> gateway) { gateway_ = std::move(gateway); }
  /// Has a result of the gateway taken, a hop later, as by an actor.
  void post(ChatResult result);

  void take(std::vector<WorkItem> items) override;
  void use_peers(std::vector<PeerInfo> peers) override { chain_.use_peers(std::move(peers)); }
  Gateway& gateway() override { return *gateway_; }
  [[nodiscard]] CallLoad load() const override { return gateway_->load(); }

 private:
  SimChain::Options to_here(SimChain::Options chain);
  void begin(WorkItem item);
  void take(ChatResult result);
  void submit(std::uint64_t number, std::vector<ChatCall> calls);
  void pass_on(WorkItem item);
  void to_gates();
  void finish(WorkItem item);

  Process& process_;
  Services& services_;
  const WorkerDisk& disk_;
  std::uint32_t worker_;
  std::uint64_t incarnation_;
  Random& random_;
  StageSink sink_;
  CallStage calls_;
  std::map<std::uint64_t, CalledSample> samples_;  ///< by tag
  std::uint64_t last_sample_ = 0;
  std::vector<WorkItem> passing_;  ///< on their way to the gates
  SimChain chain_;
  std::unique_ptr<Gateway> gateway_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
};

}  // namespace fd::sim
