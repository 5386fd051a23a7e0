#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/control/coordinator_loop.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"

namespace fd::sim {

/// One life of fd-coordinator: the shipped CoordinatorLoop over simulated ports. It may die between
/// two effects; the ports of a dead one do nothing. Checks what is true of every frame that leaves
/// and of every append.
class CoordinatorProcess final : public Process, public Receiver, private CoordinatorPorts {
 public:
  /// How a life ended by itself.
  enum class End { finished, drained, storage_failed };

  /// `ended` is called at most once. Lifetime: `services` outlives this.
  CoordinatorProcess(Services& services, std::function<void(End)> ended);

  void start();
  void receive(const std::string& from, std::string bytes) override;
  void connected_again(const std::string&) override {}  // it is told to the side that connects
  /// The shell's child `name` ended.
  void worker_ended(const std::string& name, bool replaced);
  /// Asked to end (SIGTERM): what is under way is still recorded.
  void drain();
  [[nodiscard]] std::uint32_t shards_committed() const { return loop_->leases().committed(); }

 private:
  // the ports
  [[nodiscard]] Instant now() const override { return Process::now(); }
  void send(const PeerId& peer, std::string frame) override;
  void append(std::vector<LedgerEvent> events, std::function<void()> then) override;
  void post(LeasesDurable leases) override;
  void load_shard(std::uint32_t shard) override;
  void write_shard(std::shared_ptr<ShardResult> result) override;
  void read_database(SendDatabase asked) override;
  void report(std::shared_ptr<const Progress>) override {}
  void warn(std::string_view event, Log::Fields fields) override;
  [[nodiscard]] std::string time_of_day(Duration) const override { return {}; }
  void tell(std::string) override {}
  void ended(RunEnd end) override;

  void tick();
  void count_calls();
  [[nodiscard]] CoordinatorLoopOptions options();
  [[nodiscard]] std::vector<ShardSeed> seeds();
  void write_next();
  void finish_write(const ShardResult& result);
  // the checks (coordinator_checks.cpp)
  void check_append(const LedgerEvent& event);
  void check_state(const WorkerState& state, std::uint64_t incarnation, bool served);
  void check_frame(const std::string& bytes);
  void check_order(std::uint64_t incarnation, const Order& order);
  void check_ack(std::uint64_t incarnation, const Ack& ack);
  void check_samples(const Samples& reply);
  void check_write(const ShardResult& result);

  Services& services_;
  std::function<void(End)> ended_;
  Random random_;
  std::optional<CoordinatorLoop> loop_;
  std::vector<std::shared_ptr<ShardResult>> writing_;  ///< the first one is being written
  std::map<std::uint64_t, std::uint64_t> acked_;       ///< the highest Ack, by incarnation
  /// Per shard, the last lease that was given, and when.
  std::map<std::uint32_t, std::pair<LeaseGranted, Time>> last_lease_;
  std::map<std::string, Time> relieved_;  ///< when workers gave shards back last, by name
  struct Seen {
    std::uint64_t seq = 0;
    Time at = 0;
    bool served = false;  ///< that one was
  };
  std::map<std::uint64_t, Seen> seen_;                   ///< states, by incarnation
  std::set<std::uint64_t> connected_;                    ///< processes that were, at any time
  std::map<std::string, std::uint64_t> latest_;          ///< of them, by name
  Instant lasts_until_{};                                ///< leases of earlier starts
  std::map<std::string, std::uint64_t> incarnation_of_;  ///< the highest that was heard
  /// The orders that left since the last frame came: incarnation and state answered.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> orders_;
  bool over_ = false;
};

}  // namespace fd::sim
