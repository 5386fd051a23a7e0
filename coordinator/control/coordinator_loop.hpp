#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/storage/files.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/control/commit_gate.hpp"
#include "coordinator/control/coordinator_core.hpp"
#include "coordinator/control/coordinator_ports.hpp"
#include "coordinator/control/database_reads.hpp"
#include "coordinator/control/loaded_shard.hpp"
#include "coordinator/control/run_meter.hpp"
#include "coordinator/control/samples_reply.hpp"
#include "coordinator/control/shard_store.hpp"
#include "coordinator/control/trouble_teller.hpp"
#include "protocol/base/result.hpp"
#include "protocol/frame.hpp"

namespace fd {

/// How often CoordinatorLoop::tick() is to be called.
inline constexpr Duration kTick = std::chrono::milliseconds(500);

struct CoordinatorLoopOptions {
  std::string run_id;
  std::string config_json;          ///< the RunSpec; core.config is its digest
  std::string policy;               ///< verdict_policy() of this program
  GatewayConfig gateway;            ///< of the run's config
  std::set<std::string> databases;  ///< the run's own, by hexadecimal SHA-256
  CoordinatorCoreConfig core;
  std::vector<ShardSeed> shards;
  Progress before;  ///< what earlier starts of this run have done (committed shards)
  Duration drain = std::chrono::seconds(kDrainSeconds);  ///< for calls in flight
  std::size_t samples_bytes = kSamplesBytes;             ///< of one Samples message, about
  /// Checks that a user (Incoming::user) may say so of itself: its name, and the key that other
  /// workers are told. Errors: refused. Empty: the wire is plaintext.
  std::function<Result<void>(const std::string& user, const WorkerState& state)> check_sender;
};

/// The coordinator around CoordinatorCore: takes frames, steps the core, performs its effects in
/// their order, and decides the end. The program (coordinator_actor.cpp) and the simulation
/// (tests/sim) run this very code over ports of their own. After the end it takes and sends
/// nothing. Thread: one at a time.
class CoordinatorLoop {
 public:
  /// Lifetime: callbacks of `append` keep the ports alive, and may come after the loop is gone.
  CoordinatorLoop(std::shared_ptr<CoordinatorPorts> ports, CoordinatorLoopOptions options);

  void tick();
  void take(const Incoming& frame);
  /// Any error ends the run.
  void loaded(Result<LoadedShard> shard);
  void leases_durable(LeasesDurable leases);
  /// Any error ends the run.
  void written(std::uint32_t shard, const Result<void>& result);
  /// Any error ends the run: the database is the run's own.
  void database_read(const SendDatabase& asked, Result<FilePiece> piece);
  /// No new calls; calls in flight are recorded, for at most `drain`.
  void drain();
  /// A worker that the coordinator started has ended.
  void worker_ended(const std::string& name, bool replaced);
  /// The run cannot go on.
  void fail(Error error, RunEnd::Kind kind = RunEnd::Kind::failed);

  [[nodiscard]] const LeaseTable& leases() const { return core_.leases(); }
  [[nodiscard]] bool connected(std::uint64_t incarnation) const {
    return core_.connected(incarnation);
  }

 private:
  using Frames = std::vector<std::pair<PeerId, std::string>>;
  Result<void> dispatch(const Incoming& incoming);
  Result<void> take_state(Arrived from, const Incoming& incoming, WorkerState state);
  Result<void> take_database_fetch(Arrived from, const FetchDatabase& fetch);
  void refuse(const Arrived& to, std::uint64_t seq, const std::string& why);
  void step(CoordinatorEvent event);
  void perform(CoordinatorEffects effects);
  Frames send(const std::vector<Outgoing>& messages);
  template <class Message>
  void send_one(const Message& message, Frames* held);
  void send_one(const SendDatabase& message, Frames* held);
  void after_commit(CoordinatorEffects effects, Frames frames);
  void keep(const Record& record);
  void decide_end();
  void end(RunEnd::Kind kind, Error error);
  template <class Message>
  [[nodiscard]] std::string framed(std::uint64_t incarnation, const Message& message) const {
    return encode_frame(options_.run_id,
                        Speaker{options_.core.ledger, options_.core.start, incarnation}, message);
  }
  [[nodiscard]] std::string encoded(const SendOrder& send) const {
    return framed(send.incarnation, send.order);
  }
  [[nodiscard]] std::string encoded(const SendAck& send) const {
    return framed(send.incarnation, send.ack);
  }
  [[nodiscard]] std::string encoded(const SendFlushMarker& send) const {
    return framed(send.incarnation, send.marker);
  }
  [[nodiscard]] std::string encoded(const SendRunSpec& send) const;
  [[nodiscard]] std::string encoded(const SendSamples& send) const;

  std::shared_ptr<CoordinatorPorts> ports_;
  CoordinatorLoopOptions options_;
  CoordinatorCore core_;
  RunMeter meter_;
  std::map<std::uint32_t, ShardStore> stores_;  ///< of the shards that are worked on
  std::set<std::uint32_t> loading_;             ///< shards that are being read
  DatabaseReads reads_;
  std::shared_ptr<CommitGate> gate_ = std::make_shared<CommitGate>();  ///< shared with `append`
  std::map<std::uint32_t, bool> writing_;  ///< finished shards: whether samples of them failed
  std::set<std::string> version_warned_;   ///< workers, by name
  std::size_t refused_ = 0;                ///< frames
  TroubleTeller troubles_;
  std::optional<Error> stop_reason_;  ///< why it drains although nobody asked
  std::optional<Instant> drain_by_;   ///< a drain was asked for; it ends then
  bool over_ = false;
};

}  // namespace fd
