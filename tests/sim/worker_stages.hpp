#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

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

/// The stages of one session: asks for every answer that is not on record, then the gates, here or
/// at peers.
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

 private:
  /// A sample between its start and its outcome.
  struct Waiting {
    WorkItem item;
    std::uint32_t missing = 0;
    bool cancelled = false;
    Reason failure = Reason::none;
  };
  SimChain::Options to_here(SimChain::Options chain);
  void begin(WorkItem item);
  void take(ChatResult result);
  void ask_for(std::uint64_t number, const std::vector<std::uint32_t>& missing);
  void finish_call(const ChatResult& result);
  void pass_on(std::uint64_t number);
  void to_gates();
  void finish(WorkItem item);

  Process& process_;
  Services& services_;
  const WorkerDisk& disk_;
  std::uint32_t worker_;
  Random& random_;
  StageSink sink_;
  std::map<std::uint64_t, Waiting> items_;  ///< by tag
  std::uint64_t last_item_ = 0;
  std::vector<WorkItem> passing_;  ///< on their way to the gates
  SimChain chain_;
  std::unique_ptr<Gateway> gateway_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
};

}  // namespace fd::sim
