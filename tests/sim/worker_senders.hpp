#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/gateway/call_sender.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"

namespace fd::sim {

/// What sends the calls of one session's gateway: to the scripted teacher. Turns come as events of
/// the process.
class SimSenders final : public CallSenders, public CallSender {
 public:
  /// Lifetime: `process`, `services`, `disk` and `exchange` outlive it.
  SimSenders(Process& process, Services& services, const WorkerDisk& disk, std::uint32_t worker,
             std::uint64_t incarnation, CallExchange& exchange);
  /// What is in flight finds nobody.
  ~SimSenders() override;
  SimSenders(const SimSenders&) = delete;
  SimSenders& operator=(const SimSenders&) = delete;

  void make_room(std::uint32_t) override {}
  void wake() override;

 private:
  void turn();
  void transfer(JobPtr job);
  void narrow(Reply& reply, const ChatCall& call);
  void finish(JobPtr job);

  Process& process_;
  Services& services_;
  const WorkerDisk& disk_;
  std::uint32_t worker_;
  std::uint64_t incarnation_;
  CallExchange& exchange_;
  using CallName = std::pair<std::uint64_t, Digest>;  ///< tag and call key
  std::map<CallName, Reply> replies_;
  std::vector<FinishedJob> finished_;
  std::size_t in_flight_ = 0;
  std::optional<Instant> turn_at_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
};

}  // namespace fd::sim
