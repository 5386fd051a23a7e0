#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/system/clock.hpp"
#include "actors/transport/transport.hpp"
#include "coordinator/control/lease_table.hpp"
#include "coordinator/control/stage_monitor.hpp"
#include "protocol/base/mutant.hpp"
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
  std::uint32_t prefetch = 64;  ///< a worker holds at least so many samples beyond its slots
  /// With so many finished shards not written yet, no worker gets another one: what waits for the
  /// disk lies in memory.
  std::uint32_t writing_max = 64;
  /// So long a stage may be served by nobody, while workers are there, before the run ends.
  Duration stage_grace = std::chrono::seconds(30);
  Instant started{};  ///< what an earlier coordinator leased is awaited for `ttl` from then on
};

/// Two events of the core further apart than this: the coordinator itself was stopped, and nobody
/// could be heard meanwhile. The shell ticks twice a second.
inline constexpr Duration kPauseMin = std::chrono::seconds(1);
/// From so many deaths of workers on that caught a sample under way, it runs alone.
inline constexpr std::uint8_t kDeathsToSuspect = 2;
/// So many deaths while it ran alone end a sample as failed(poison).
inline constexpr std::uint8_t kStrikesToPoison = 3;

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
struct EchoArrived {
  PeerId peer;
  Echo echo;
};
/// The shell has read a shard that Effects::load named: its ids in order, and what the ledger has.
struct ShardLoaded {
  std::uint32_t shard = 0;
  std::vector<SampleId> ids;
  std::vector<Record> recorded;
  std::vector<Record> reused;  ///< answers of other runs to the very same calls
};
/// The ledger has the leases up to this fence: workers may be told of them.
struct LeasesDurable {
  std::uint64_t fence = 0;
};
/// The shell has written a shard that Effects::commit named.
struct ShardWritten {
  std::uint32_t shard = 0;
};
/// A worker process that the shell started has ended. Its leases wait for the one that takes its
/// place, or are free at once when there is none.
struct WorkerEnded {
  std::string name;
  bool replaced = false;  ///< another one was started under the same name
};
struct DrainAsked {};
struct Ticked {};
using CoordinatorEvent =
    std::variant<StateArrived, FetchArrived, DeliverArrived, EchoArrived, ShardLoaded,
                 LeasesDurable, ShardWritten, WorkerEnded, DrainAsked, Ticked>;

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
  bool alone = false;                                    ///< as in Samples
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
struct SendEcho {
  PeerId peer;
  Echo echo;
};
using Outgoing = std::variant<SendOrder, SendRunSpec, SendAck, SendEcho, SendSamples>;

/// What the shell must do, in this order: load, make `append` durable, send, commit. Only an Ack
/// rests on what is made durable, and an Echo stays behind it; once leases are, LeasesDurable
/// tells.
struct CoordinatorEffects {
  std::vector<std::uint32_t> load;
  std::vector<LedgerEvent> append;
  std::vector<Outgoing> send;
  std::vector<std::uint32_t> commit;  ///< every sample of the shard has its outcome
  std::vector<std::string> log;       ///< for people: one line each, something was recovered
  /// The run cannot go on: which stage nobody serves, and what to start.
  std::optional<std::string> unserved;
};

/// A worker as the status shows it.
struct WorkerView {
  std::string name;
  std::uint32_t leases = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t slots = 0;
  std::uint64_t silent_ms = 0;  ///< since it was last heard of
  std::vector<StageId> stages;  ///< that it serves
  std::string peer_endpoint;    ///< where it serves them to others; empty: nowhere
  std::uint32_t serving = 0;    ///< batches of others that are under way there
  std::uint64_t served = 0;     ///< samples done for others, so far
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
  CoordinatorCore(CoordinatorCoreConfig config, const std::vector<ShardSeed>& shards);

  CoordinatorEffects step(Instant now, CoordinatorEvent event);

  /// Returns whether every shard is committed.
  [[nodiscard]] bool finished() const { return leases_.committed() == leases_.size(); }
  [[nodiscard]] CoordinatorView view(Instant now) const;
  [[nodiscard]] const LeaseTable& leases() const { return leases_; }

 private:
  /// What is known of a sample while its shard is worked on.
  struct SampleState {
    bool done = false;
    bool failed = false;           ///< done, but a later start asks again
    std::uint8_t deaths = 0;       ///< of workers that had it under way
    std::uint8_t strikes = 0;      ///< deaths while it ran alone
    std::uint64_t sent_fence = 0;  ///< under which it was sent last; 0: not yet
    [[nodiscard]] bool suspect() const {
      return !done && deaths >= kDeathsToSuspect && !FD_MUTANT(neighbours_struck);
    }
  };
  /// What is known of a shard's samples while it is worked on.
  struct Progress {
    std::vector<SampleId> ids;
    std::vector<SampleState> samples;
    std::uint32_t done_count = 0;
    /// First answer wins, for ever: by position and candidate.
    std::map<std::pair<std::uint32_t, std::uint32_t>, Answer> answers;
    std::set<std::uint64_t> calls;  ///< fingerprints of the recorded ones
    [[nodiscard]] bool only_suspects_left() const;
  };
  struct Shard {
    std::uint32_t count = 0;
    std::optional<Progress> progress;
    /// What came for it while it is read: done once it is.
    std::vector<std::variant<FetchArrived, DeliverArrived, EchoArrived>> early;
    /// Once it is written: its failed samples, with the candidates whose answers are on record.
    std::map<SampleId, std::set<std::uint32_t>> failed;
  };
  /// A sample as deaths are counted: of which shard, at which position.
  struct Place {
    std::uint32_t shard = 0;
    std::uint32_t position = 0;
  };
  struct Worker {
    std::string name;
    PeerId peer;
    Instant last_seen;
    Instant heard_us;  ///< when the last state came that it knows we answered
    std::map<std::uint64_t, Instant> states;  ///< when each state came that it may yet confirm
    bool hears = false;                       ///< has confirmed one of our orders
    std::uint64_t seq = 0;
    std::vector<StageId> stages;
    std::string peer_endpoint;
    std::string peer_key;
    std::uint32_t threads = 0;
    std::uint32_t serving = 0;
    std::uint64_t served = 0;
    std::uint32_t slots_max = 0;
    std::uint32_t slots = 0;
    std::uint32_t in_flight = 0;
    std::uint64_t full_ms = 0;
    bool ready = false;  ///< has the run's config
    bool leaving = false;
    bool draining = false;
    bool held_back = false;  ///< could have more shards, but too many wait to be written
    std::map<std::uint32_t, HeldLease> held;
    std::optional<Place> alone;  ///< the suspect that it was sent to run alone
    /// What it asked for or delivered waits for this shard to be read. An echo waits behind it: the
    /// worker would take what is not answered for lost.
    std::optional<std::uint32_t> early;
  };
  /// What a worker's silence was counted as; taken back when it is heard of again.
  struct Lapse {
    std::vector<Place> under_way;
    std::optional<Place> alone;
    std::uint64_t seq = 0;  ///< of its last state: one that is not later proves no life
  };

  void on(Instant now, StateArrived& event, CoordinatorEffects& effects);
  void on(Instant now, FetchArrived& event, CoordinatorEffects& effects);
  void on(Instant now, DeliverArrived& event, CoordinatorEffects& effects);
  void on(Instant now, EchoArrived& event, CoordinatorEffects& effects);
  void on(Instant now, ShardLoaded& event, CoordinatorEffects& effects);
  void on(Instant now, LeasesDurable& event, CoordinatorEffects& effects);
  void on(Instant now, ShardWritten& event, CoordinatorEffects& effects);
  void on(Instant now, WorkerEnded& event, CoordinatorEffects& effects);
  void on(Instant now, DrainAsked& event, CoordinatorEffects& effects);
  void on(Instant now, Ticked& event, CoordinatorEffects& effects);

  // workers and leases (coordinator_core.cpp)
  void notice_pause(Instant now);
  Worker* admit(Instant now, const StateArrived& event, CoordinatorEffects& effects);
  bool supersede(Instant now, const WorkerState& state, CoordinatorEffects& effects);
  void take_state(Instant now, const StateArrived& event, Worker& worker,
                  CoordinatorEffects& effects);
  void reconcile(std::uint64_t incarnation, Worker& worker, CoordinatorEffects& effects);
  void assign(Instant now, std::uint64_t incarnation, Worker& worker, CoordinatorEffects& effects);
  void grant(std::uint32_t shard, std::uint64_t incarnation, const Worker& worker,
             CoordinatorEffects& effects);
  enum class After { free, await };
  std::size_t drop_worker(Instant now, std::uint64_t incarnation, After after);
  void retire(std::uint64_t incarnation);
  void share_slots();
  [[nodiscard]] Order order_for(Instant now, std::uint64_t incarnation, const Worker& worker) const;
  [[nodiscard]] std::vector<PeerInfo> peers_of(std::uint64_t incarnation) const;
  [[nodiscard]] std::vector<StageNode> nodes() const;
  // deaths (coordinator_core.cpp)
  Lapse count_death(std::uint64_t incarnation, const Worker& worker, CoordinatorEffects& effects);
  void take_back(const Lapse& lapse);
  SampleState* sample_at(const Place& place);
  void strike(const Place& place, CoordinatorEffects& effects);
  // samples and records (coordinator_records.cpp)
  SendSamples pick_samples(const Fetch& fetch, Progress& progress, std::uint32_t count);
  void send_position(SendSamples& reply, Progress& progress, std::uint32_t position);
  void record(std::uint64_t incarnation, Record record, CoordinatorEffects& effects);
  void record_for_written(Record record, CoordinatorEffects& effects);
  void record_outcome(std::uint32_t shard, Progress& progress, std::uint32_t position,
                      const Outcome& outcome);
  static bool record_call(std::uint64_t fence, Progress& progress, const Call& call);
  static bool follows_from_record(const Progress& progress, std::uint32_t position,
                                  const Record& one);
  static bool record_answer(Progress& progress, std::uint32_t position, const Answer& answer);
  [[nodiscard]] static std::optional<std::uint32_t> position_of(const Progress& progress,
                                                                const SampleId& id);
  void begin_shard(ShardLoaded& event, Shard& shard, CoordinatorEffects& effects);
  void complete_if_done(std::uint32_t shard, CoordinatorEffects& effects);
  template <class Event>
  void keep_for_later(std::uint64_t incarnation, std::uint32_t shard, Event& event);

  CoordinatorCoreConfig config_;
  std::vector<Shard> shards_;
  LeaseTable leases_;
  std::uint64_t durable_fence_ = 0;                   ///< orders name no lease above it
  std::map<std::uint64_t, Worker> workers_;           ///< by incarnation
  std::vector<std::uint64_t> joined_;                 ///< incarnations in the order they came
  std::map<std::uint64_t, std::uint64_t> delivered_;  ///< highest Deliver recorded, by incarnation
  std::set<std::uint64_t> gone_;                      ///< incarnations that must not come back
  std::map<std::uint64_t, Lapse> lapses_;             ///< of workers that fell silent
  StageWatch stage_watch_;
  std::optional<Instant> last_step_;
  std::uint64_t full_ms_gone_ = 0;  ///< of workers that left
  bool draining_ = false;
};

}  // namespace fd
