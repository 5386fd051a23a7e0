#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "actors/gateway/call_queue.hpp"
#include "actors/gateway/gateway.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/services.hpp"
#include "tests/sim/worker_disk.hpp"

namespace fd::sim {

/// The gateway that sends, of one session: the real CallQueue (slots, retries, the deadline of the
/// leases) before the scripted teacher. Results come as events of the process.
class SimGateway final : public Gateway {
 public:
  /// Lifetime: `process`, `services` and `disk` outlive it.
  SimGateway(Process& process, Services& services, const WorkerDisk& disk, std::uint32_t worker,
             std::uint64_t incarnation, std::uint32_t slots, ChatCallback callback);
  /// What is in flight finds nobody.
  ~SimGateway() override;
  void submit(ChatCall call) override;
  void set_shares(const std::vector<Share>& shares) override;
  [[nodiscard]] CallLoad load() const override { return queue_.load(); }
  void set_send_deadline(Instant deadline) override;
  void cancel_waiting() override;

 private:
  void pump();
  void transfer(JobPtr job);
  void finish(JobPtr job);
  void abandon(const Call& call);
  void deliver();

  Process& process_;
  Services& services_;
  const WorkerDisk& disk_;
  std::uint32_t worker_;
  std::uint64_t incarnation_;
  ChatCallback callback_;
  CallQueue queue_;
  std::map<std::uint64_t, Reply> replies_;  ///< by tag, until the call ends
  std::optional<Instant> pump_at_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  ///< false: ended
};

}  // namespace fd::sim
