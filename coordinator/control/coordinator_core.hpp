#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/system/clock.hpp"
#include "coordinator/control/connected_worker.hpp"
#include "coordinator/control/coordinator_events.hpp"
#include "coordinator/control/deaths.hpp"
#include "coordinator/control/lease_table.hpp"
#include "coordinator/control/shard_progress.hpp"
#include "coordinator/control/stage_monitor.hpp"

namespace fd {

/// How many calls a provider takes at once.
struct ProviderLimit {
  std::string provider;
  std::uint32_t calls = 0;     ///< over all workers, or at each worker's own engine
  Scope scope = Scope::fleet;  ///< whose they are
  std::uint32_t priority = 0;  ///< a worker asks it only while all of lower ones are out there
};

/// A worker that has reached no endpoint for so long gives its shards back, gets none for so long,
/// and then keeps what it gets for so long at least.
inline constexpr Duration kReliefAfter = std::chrono::seconds(5);
inline constexpr Duration kReliefPause = std::chrono::seconds(30);
inline constexpr Duration kReliefTrial = std::chrono::seconds(15);

/// What the core is told once.
struct CoordinatorCoreConfig {
  Digest config;                 ///< digest of the RunSpec that workers go by
  std::uint64_t ledger = 1;      ///< Speaker::ledger
  std::uint64_t start = 1;       ///< Speaker::start
  std::uint64_t last_fence = 0;  ///< the highest fence ever given
  OpenShares shares_before;      ///< what earlier starts left open
  std::vector<ProviderLimit> providers = {{"", 64}};
  /// Calls in flight over all workers at a provider that has not answered yet.
  std::uint32_t refusal_limit = UINT32_MAX;
  bool answered_before = false;        ///< an earlier start of the run had answers
  std::uint32_t calls_per_sample = 1;  ///< candidates of the teacher
  std::uint32_t workers_expected = 1;  ///< divides the calls until more have joined
  Duration ttl = std::chrono::seconds(10);
  Duration heartbeat = std::chrono::seconds(1);
  std::uint32_t prefetch = 64;  ///< minimum number of samples held beyond a worker's slots
  /// Backpressure: no new lease while this many finished shards await writing, for these are held
  /// in memory.
  std::uint32_t writing_max = 64;
  /// How long a stage may have no server, with workers connected, before the run ends.
  Duration stage_grace = std::chrono::seconds(30);
  Instant started{};  ///< what an earlier coordinator leased is awaited for `ttl` from then on
};

/// Two events of the core further apart than this: the coordinator itself was stopped, and nobody
/// could be heard meanwhile. The shell ticks twice a second.
inline constexpr Duration kPauseMin = std::chrono::seconds(1);
/// A worker as the status shows it.
struct WorkerView {
  std::string name;
  std::uint32_t leases = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t slots = 0;
  std::uint64_t silent_ms = 0;  ///< since it was last heard of
  std::vector<StageId> stages;  ///< that it serves
  std::string peer_endpoint;    ///< where it serves them to others; empty: nowhere
  std::uint32_t serving = 0;    ///< batches of other workers in flight there
  std::uint64_t served = 0;     ///< samples done for others, so far
};

/// Sums over the workers that ask teachers.
struct TeacherTime {
  std::uint64_t full_ms = 0;    ///< in which all slots of one were taken
  std::uint64_t shared_ms = 0;  ///< in which one had a share of the calls

  /// Adds the time of a worker that is connected until `now`.
  void add(const ConnectedWorker& worker, Instant now);
};

/// What the run looks like at this moment.
struct CoordinatorView {
  std::uint32_t shards_committed = 0;  ///< with and without failed samples
  std::uint32_t in_flight = 0;
  TeacherTime teacher;
  bool idle = false;  ///< no worker holds anything (after a drain: time to end)
  std::vector<WorkerView> workers;
};

/// Who works on which shard, and what of it is recorded. Pure: the same events at the same times
/// give the same effects. Every message passes one door (who speaks), then its sequence and fence
/// are checked.
class CoordinatorCore {
 public:
  CoordinatorCore(CoordinatorCoreConfig config, const std::vector<ShardSeed>& shards);

  CoordinatorEffects step(Instant now, CoordinatorEvent event);

  /// Returns whether every shard is committed, and all that is known to be on its way is here.
  [[nodiscard]] bool finished() const { return over_; }
  [[nodiscard]] CoordinatorView view(Instant now) const;
  [[nodiscard]] const LeaseTable& leases() const { return leases_; }
  /// Returns what the endpoints are like at every worker that has calls to make.
  [[nodiscard]] std::vector<EndpointReport> endpoints() const;
  /// Returns whether a process of a worker is heard of, and holds what it was given.
  [[nodiscard]] bool connected(std::uint64_t incarnation) const {
    return workers_.contains(incarnation);
  }

 private:
  struct Shard {
    std::uint32_t count = 0;
    /// What came for it while it is read: done once it is.
    std::vector<std::variant<FetchArrived, DeliverArrived, FlushMarkerArrived>> early;
  };
  /// A process of a worker that was heard of, whether it is connected now or not.
  struct Known {
    std::string key;              ///< Arrived::key
    std::uint64_t delivered = 0;  ///< highest Deliver recorded
  };
  void on(Instant now, StateArrived& event, CoordinatorEffects& effects);
  void on(Instant now, FetchArrived& event, CoordinatorEffects& effects);
  void on(Instant now, FetchDatabaseArrived& event, CoordinatorEffects& effects);
  void on(Instant now, DeliverArrived& event, CoordinatorEffects& effects);
  void on(Instant now, FlushMarkerArrived& event, CoordinatorEffects& effects);
  void on(Instant now, ShardLoaded& event, CoordinatorEffects& effects);
  void on(Instant now, LeasesDurable& event, CoordinatorEffects& effects);
  void on(Instant now, ShardWritten& event, CoordinatorEffects& effects);
  void on(Instant now, WorkerEnded& event, CoordinatorEffects& effects);
  void on(Instant now, DrainAsked& event, CoordinatorEffects& effects);
  void on(Instant now, Ticked& event, CoordinatorEffects& effects);

  // who speaks (coordinator_door.cpp)
  [[nodiscard]] bool at_the_door(const StateArrived& event) const;
  [[nodiscard]] bool at_the_door(const Arrived& event) const;
  [[nodiscard]] bool has_its_key(const Arrived& event) const;
  ConnectedWorker* admit(Instant now, const StateArrived& event, CoordinatorEffects& effects);
  bool supersede(Instant now, const StateArrived& event, CoordinatorEffects& effects);
  void refuse_name(const StateArrived& event, CoordinatorEffects& effects) const;
  // shares, and what they may have cost (coordinator_shares.cpp)
  [[nodiscard]] bool takes_shares(const ConnectedWorker& worker) const;
  [[nodiscard]] std::size_t absent(std::size_t here) const;
  [[nodiscard]] std::uint32_t even_part(const ConnectedWorker& worker) const;
  [[nodiscard]] std::uint64_t unfetched(std::uint64_t incarnation,
                                        const ConnectedWorker& worker) const;
  [[nodiscard]] Demand demand(std::uint64_t incarnation, const ConnectedWorker& worker) const;
  [[nodiscard]] static bool out_at(const ConnectedWorker& worker, const std::string& provider);
  [[nodiscard]] bool is_stranded(const ConnectedWorker& worker) const;
  [[nodiscard]] bool is_reserve(const ConnectedWorker& worker, const ProviderLimit& provider) const;
  [[nodiscard]] static std::uint32_t wanted_by(const ConnectedWorker& worker,
                                               const std::string& provider);
  void note_answers(const ConnectedWorker& worker);
  [[nodiscard]] bool is_trusted(const ProviderLimit& provider) const;
  [[nodiscard]] bool is_told(const ConnectedWorker& worker, const CallsByProvider& calls) const;
  [[nodiscard]] std::uint32_t first_part(const ProviderLimit& provider) const;
  [[nodiscard]] CallsByProvider open_limits() const;
  [[nodiscard]] CallsByProvider own_shares(const ConnectedWorker& worker, Demand& demand) const;
  [[nodiscard]] bool could_serve(const ConnectedWorker& worker) const;
  [[nodiscard]] bool another_could_serve(std::uint64_t incarnation) const;
  void relieve(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
               CoordinatorEffects& effects);
  [[nodiscard]] bool is_relieved(Instant now, std::uint64_t incarnation,
                                 const ConnectedWorker& worker) const;
  [[nodiscard]] CallsByProvider known_shares(const ConnectedWorker& worker) const;
  [[nodiscard]] CallsByProvider taken(std::uint64_t incarnation, const ConnectedWorker& worker,
                                      CallsByProvider known) const;
  void raise_to_earlier(std::uint64_t incarnation, CallsByProvider& calls) const;
  [[nodiscard]] CallsByProvider untold(Instant now) const;
  void share_calls(Instant now, std::optional<std::uint64_t> spoke, CoordinatorEffects& effects);
  [[nodiscard]] CallsByProvider may_have(const ConnectedWorker& worker) const;
  void tell(ConnectedWorker& worker, Order& order);
  void log_share(std::uint64_t incarnation, ConnectedWorker& worker, CoordinatorEffects& effects);
  void settle(std::uint64_t incarnation, CoordinatorEffects& effects);
  void settle_what_it_knows(std::uint64_t incarnation, const ConnectedWorker& worker,
                            CoordinatorEffects& effects);
  void end_if_settled(Instant now, CoordinatorEffects& effects);
  // workers and leases (coordinator_core.cpp)
  void notice_pause(Instant now);
  void reconcile(std::uint64_t incarnation, ConnectedWorker& worker, CoordinatorEffects& effects);
  void assign(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
              CoordinatorEffects& effects);
  void grant(std::uint32_t shard, std::uint64_t incarnation, ConnectedWorker& worker,
             CoordinatorEffects& effects);
  enum class After { free, await };
  std::size_t drop_worker(Instant now, std::uint64_t incarnation, After after);
  std::size_t end_worker(Instant now, std::uint64_t incarnation, After after,
                         CoordinatorEffects& effects);
  Lapse bury(std::uint64_t incarnation, CoordinatorEffects& effects);
  void strike(const SamplePlace& place, CoordinatorEffects& effects);
  // orders and the status (coordinator_orders.cpp)
  void send_order(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
                  CoordinatorEffects& effects);
  [[nodiscard]] Order order_for(Instant now, std::uint64_t incarnation,
                                const ConnectedWorker& worker) const;
  [[nodiscard]] std::vector<PeerInfo> peers_of(std::uint64_t incarnation) const;
  [[nodiscard]] std::vector<StageNode> nodes() const;
  // samples and records (coordinator_records.cpp)
  static SendSamples pick_samples(const Fetch& fetch, ShardProgress& progress);
  void record(std::uint64_t incarnation, Record record, CoordinatorEffects& effects);
  void record_outcome(const SamplePlace& place, const Outcome& outcome);
  void begin_shard(ShardLoaded& event, CoordinatorEffects& effects);
  void complete_if_done(std::uint32_t shard, CoordinatorEffects& effects);
  template <class Event>
  void keep_for_later(std::uint64_t incarnation, std::uint32_t shard, Event& event);

  CoordinatorCoreConfig config_;
  std::vector<Shard> shards_;
  ShardProgresses progress_;  ///< of the shards that are worked on
  LeaseTable leases_;
  std::uint64_t durable_fence_ = 0;                   ///< orders name no lease above it
  std::map<std::uint64_t, ConnectedWorker> workers_;  ///< by incarnation
  std::vector<std::uint64_t> joined_;                 ///< incarnations in the order they came
  std::map<std::uint64_t, Known> known_;              ///< by incarnation
  /// Since when a process is heard of that has the name of another one that is connected.
  std::map<std::uint64_t, Instant> pretenders_;
  OpenShares open_shares_;                 ///< not settled, by incarnation
  std::set<std::uint64_t> gone_;           ///< incarnations that must not come back
  std::map<std::uint64_t, Lapse> lapses_;  ///< of workers that fell silent
  StageMonitor stage_monitor_;
  std::optional<Instant> last_step_;
  std::uint64_t share_number_ = 0;  ///< the highest that any worker was told
  std::set<std::string> proven_;  ///< providers of all workers that have answered since this start
  bool shares_due_ = false;       ///< something happened that they follow from
  TeacherTime teacher_gone_;      ///< of workers that left
  bool draining_ = false;
  std::optional<Instant> settle_by_;  ///< every shard is committed; strays are awaited until then
  bool over_ = false;
};

}  // namespace fd
