#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/ports.hpp"
#include "actors/transport.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What the core is told once.
struct CoordinatorCoreConfig {
  Digest config;                       ///< digest of the RunSpec that workers go by
  std::uint64_t epoch = 1;             ///< higher than at any earlier start on this run
  std::uint64_t last_fence = 0;        ///< the highest fence ever given
  std::uint32_t slots = 64;            ///< calls in flight over all workers
  std::uint32_t workers_expected = 1;  ///< how many to share the slots among before they came
  Duration ttl = std::chrono::seconds(10);
  Duration heartbeat = std::chrono::seconds(1);
};

/// A shard as the run starts: how many samples, and whether its file is already committed.
struct ShardSeed {
  std::uint32_t count = 0;
  bool committed = false;
};

// --- events ---------------------------------------------------------------------------------

struct StateArrived {
  PeerId peer;
  WorkerState state;
};
struct FetchArrived {
  PeerId peer;
  Fetch fetch;
};
struct DeliverArrived {
  PeerId peer;
  Deliver deliver;
};
/// The shell has read a shard that Effects::load named: its ids in order, and what the ledger has.
struct ShardLoaded {
  std::uint32_t shard = 0;
  std::vector<SampleId> ids;
  std::vector<Record> recorded;
};
/// The shell has written a shard that Effects::commit named.
struct ShardWritten {
  std::uint32_t shard = 0;
};
/// A worker process that the shell started has ended. Its leases are free at once.
struct WorkerEnded {
  std::string name;
  bool replaced = false;  ///< another one was started for it
};
struct DrainAsked {};
struct Ticked {};
using CoordinatorEvent = std::variant<StateArrived, FetchArrived, DeliverArrived, ShardLoaded,
                                      ShardWritten, WorkerEnded, DrainAsked, Ticked>;

// --- effects --------------------------------------------------------------------------------

/// Send these samples: the shell has their contents. `skip` holds positions that are done.
struct SendSamples {
  PeerId peer;
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::uint32_t from = 0;
  std::uint32_t next = 0;
  std::vector<std::uint32_t> positions;
  std::map<std::uint32_t, std::vector<Answer>> answers;  ///< recorded ones, by position
};
struct SendOrder {
  PeerId peer;
  Order order;
};
struct SendRunSpec {
  PeerId peer;
};
struct SendAck {
  PeerId peer;
  Ack ack;
};
using Outgoing = std::variant<SendOrder, SendRunSpec, SendAck, SendSamples>;

/// A lease that was given: in the ledger, so that fences never repeat.
struct LeaseGranted {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::string worker;
  std::uint64_t incarnation = 0;
};
using LedgerEvent = std::variant<Record, LeaseGranted>;

/// What the shell must do, in this order: load, make `append` durable, send, commit.
struct CoordinatorEffects {
  std::vector<std::uint32_t> load;
  std::vector<LedgerEvent> append;
  std::vector<Outgoing> send;
  std::vector<std::uint32_t> commit;  ///< every sample of the shard has its outcome
  std::vector<std::string> log;       ///< for people: one line each, something was recovered
};

/// A worker as the status shows it.
struct WorkerView {
  std::string name;
  std::uint32_t leases = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t slots = 0;
};

/// What the run looks like at this moment.
struct CoordinatorView {
  std::uint32_t shards_committed = 0;
  std::uint32_t in_flight = 0;
  std::uint64_t full_ms = 0;  ///< sum over workers of the time in which all their slots were taken
  bool idle = false;          ///< no worker holds anything (after a drain: time to end)
  std::vector<WorkerView> workers;
};

/// Who works on which shard, and what of it is recorded. Pure: the same events at the same times
/// give the same effects. Every message passes one check of incarnation, epoch, sequence and fence.
class CoordinatorCore {
 public:
  CoordinatorCore(CoordinatorCoreConfig config, std::vector<ShardSeed> shards);

  CoordinatorEffects step(Instant now, CoordinatorEvent event);

  /// Returns whether every shard is committed.
  [[nodiscard]] bool finished() const { return committed_ == shards_.size(); }
  [[nodiscard]] CoordinatorView view() const;

 private:
  struct Pending {};
  struct Leased {
    std::uint64_t incarnation = 0;
    std::uint64_t fence = 0;
    Instant expires;
  };
  struct Writing {};
  struct Committed {};
  using ShardState = std::variant<Pending, Leased, Writing, Committed>;

  /// What is known of a shard's samples while it is worked on.
  struct Progress {
    std::vector<SampleId> ids;
    std::vector<bool> done;
    std::uint32_t done_count = 0;
    /// First answer wins, for ever: by position and candidate.
    std::map<std::pair<std::uint32_t, std::uint32_t>, Answer> answers;
    /// (position, fence): under that lease another answer came than the recorded one, so an outcome
    /// under it would not follow from the record.
    std::set<std::pair<std::uint32_t, std::uint64_t>> conflicts;
  };
  struct Shard {
    std::uint32_t count = 0;
    ShardState state;
    std::optional<Progress> progress;
  };
  struct Worker {
    std::string name;
    PeerId peer;
    Instant last_seen;
    std::uint64_t seq = 0;
    std::uint32_t slots_max = 0;
    std::uint32_t slots = 0;
    std::uint32_t in_flight = 0;
    std::uint64_t full_ms = 0;
    bool ready = false;  ///< has the run's config
    bool leaving = false;
    bool draining = false;
    std::map<std::uint32_t, HeldLease> held;
  };

  void on(Instant now, StateArrived& event, CoordinatorEffects& effects);
  void on(Instant now, FetchArrived& event, CoordinatorEffects& effects);
  void on(Instant now, DeliverArrived& event, CoordinatorEffects& effects);
  void on(Instant now, ShardLoaded& event, CoordinatorEffects& effects);
  void on(Instant now, ShardWritten& event, CoordinatorEffects& effects);
  void on(Instant now, WorkerEnded& event, CoordinatorEffects& effects);
  void on(Instant now, DrainAsked& event, CoordinatorEffects& effects);
  void on(Instant now, Ticked& event, CoordinatorEffects& effects);

  Worker* admit(Instant now, const StateArrived& event, CoordinatorEffects& effects);
  void reconcile(Instant now, std::uint64_t incarnation, Worker& worker,
                 CoordinatorEffects& effects);
  void assign(Instant now, std::uint64_t incarnation, Worker& worker, CoordinatorEffects& effects);
  void grant(Instant now, std::uint32_t shard, std::uint64_t incarnation, Worker& worker,
             CoordinatorEffects& effects);
  void release(std::uint32_t shard);
  void drop_worker(std::uint64_t incarnation, const std::string& why, CoordinatorEffects& effects);
  void share_slots();
  [[nodiscard]] Order order_for(std::uint64_t incarnation, const Worker& worker) const;
  void record(std::uint64_t incarnation, Record record, CoordinatorEffects& effects);
  static bool record_answer(std::uint64_t fence, Progress& progress, std::uint32_t position,
                            const Answer& answer);
  [[nodiscard]] static std::optional<std::uint32_t> position_of(const Progress& progress,
                                                                const SampleId& id);
  void complete_if_done(std::uint32_t shard, CoordinatorEffects& effects);

  CoordinatorCoreConfig config_;
  std::vector<Shard> shards_;
  std::set<std::uint32_t> pending_;                   ///< lowest first
  std::map<std::uint64_t, Worker> workers_;           ///< by incarnation
  std::vector<std::uint64_t> joined_;                 ///< incarnations in the order they came
  std::map<std::uint64_t, std::uint64_t> delivered_;  ///< highest Deliver recorded, by incarnation
  std::set<std::uint64_t> replaced_;                  ///< incarnations that must not come back
  std::uint64_t fence_ = 0;
  std::uint64_t full_ms_gone_ = 0;  ///< of workers that left
  std::size_t committed_ = 0;
  bool draining_ = false;
};

}  // namespace fd
