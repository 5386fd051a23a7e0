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

#include "coordinator/control/commit_gate.hpp"
#include "coordinator/control/coordinator_core.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/services.hpp"

namespace fd::sim {

/// One life of fd-coordinator: the real core, and a shell with the order of the real one
/// (coordinator_actor.cpp): make `append` durable, send; later frames queue behind earlier commits,
/// and shards are read a little later. Checks what is true of every frame that leaves.
class CoordinatorProcess final : public Process, public Receiver {
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
  [[nodiscard]] std::uint32_t shards_committed() const { return core_->leases().committed(); }

 private:
  struct Store {
    std::vector<Answer> answers;
    std::vector<Outcome> outcomes;
  };
  struct Frame {
    To to;
    std::string bytes;
    std::optional<Order> order;  ///< what is in it, for the checks
    std::optional<Ack> ack;
  };

  void tick();
  void end(End how);
  void step(CoordinatorEvent event);
  Result<void> dispatch(const std::string& from, const std::string& bytes);
  void perform(CoordinatorEffects effects);
  void after_commit(CoordinatorEffects effects, std::vector<Frame> frames);
  void load(std::uint32_t shard);
  void keep(const Record& record);
  void write_next();
  void finish_write(std::uint32_t shard, const Store& store);
  template <class Message>
  std::string framed(const To& to, const Message& message) const;
  Frame encoded(const Outgoing& outgoing) const;
  std::string encoded_samples(const SendSamples& send) const;
  void send(Frame& frame);
  void check_append(const LedgerEvent& event);
  void check_state(const StateArrived& event, const CoordinatorEffects& effects);
  void check_order(const To& to, const Order& order);
  void check_ack(const To& to, const Ack& ack);
  void check_samples(const SendSamples& send);

  Services& services_;
  std::function<void(End)> ended_;
  Random random_;
  std::optional<CoordinatorCore> core_;
  std::map<std::uint32_t, Store> stores_;
  std::vector<std::pair<std::uint32_t, Store>> writing_;  ///< the first one is being written
  std::set<std::uint32_t> loading_;                       ///< shards that will be read soon
  CommitGate gate_;
  std::map<std::uint64_t, std::uint64_t> acked_;  ///< the highest Ack, by incarnation
  /// Per shard, the last lease that was given, and when.
  std::map<std::uint32_t, std::pair<LeaseGranted, Time>> last_lease_;
  struct Seen {
    std::uint64_t seq = 0;
    Time at = 0;
  };
  std::map<std::uint64_t, Seen> seen_;                   ///< states, by incarnation
  std::map<std::string, std::uint64_t> incarnation_of_;  ///< the highest that was heard
  bool draining_ = false;
  bool over_ = false;
};

}  // namespace fd::sim
