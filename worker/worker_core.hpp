#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/system/clock.hpp"
#include "actors/system/company.hpp"
#include "protocol/messages.hpp"
#include "worker/data_channel_monitor.hpp"
#include "worker/endpoint_errors.hpp"
#include "worker/silence_monitor.hpp"

namespace fd {

struct WorkerCoreConfig {
  std::string name;
  std::uint64_t incarnation = 1;
  std::uint32_t slots_max = 0;  ///< --concurrency; 0: what the coordinator says
  Duration drain = std::chrono::seconds(25);
  std::uint32_t prefetch = 64;  ///< it fetches at least so many samples beyond its slots
  std::vector<StageId> stages = all_stages();  ///< that it serves; without teacher it gets no lease
  std::string peer_endpoint{};                 ///< where it serves other workers; empty: nowhere
  std::string peer_key{};                      ///< its public key; empty: plaintext
  std::uint32_t threads = 1;                   ///< batches of other workers at the same time
  std::string policy{};                        ///< verdict_policy() of this program
};

// --- events ---------------------------------------------------------------------------------

/// A message of a coordinator, and which one sent it.
struct FromCoordinator {
  std::string run_id;
  Speaker from;
};
struct OrderArrived : FromCoordinator {
  Order order;
};
struct RunSpecArrived : FromCoordinator {
  RunSpec spec;
};
struct SamplesArrived : FromCoordinator {
  Samples samples;
};
struct AckArrived : FromCoordinator {
  Ack ack;
};
/// What was sent on the bulk connection before it is answered, or never will be.
struct FlushMarkerReturned : FromCoordinator {
  FlushMarker marker;
};
/// The bulk connection was made, or made again: what was on its way may be lost.
struct BulkConnected {};
/// A piece of a database came, for the shell.
struct PieceArrived : FromCoordinator {
  DatabaseChunk chunk;
};
/// A stage has something to hand over, with the shard and fence that the sample was started under.
struct RecordReady {
  Record record;
  bool last = false;              ///< nothing more comes for this sample
  std::uint64_t journal_seq = 0;  ///< of the journal's entry; 0: not journaled
};
/// A sample left the pipeline without an outcome (its call was cancelled before it was sent).
struct SampleDropped {
  std::uint64_t fence = 0;  ///< that it was started under
  SampleId sample_id;
};
/// What a session before had in its journal, unacknowledged: offered before anything else. Comes
/// right after the effect `reset` named the run.
struct JournalRecovered {
  struct Entry {
    Record record;
    std::uint64_t journal_seq = 0;
  };
  std::vector<Entry> entries;
  std::size_t in_doubt = 0;                 ///< how many of them: the last ones
  std::vector<std::uint64_t> incarnations;  ///< whose journals they were in
};
/// What is done for other workers: batches under way, samples done so far.
struct ServingLoad {
  std::uint32_t serving = 0;
  std::uint64_t served = 0;
};
/// Something cannot be done here, in words for people.
struct TroubleMet {
  std::string what;
};
/// A provider could not be called, or answered with an error.
struct EndpointErrorMet {
  EndpointError error;
};
struct StopAsked {};
struct WorkerTicked {
  bool database_asked = false;  ///< a piece of a database was asked for and has not come
};
using WorkerEvent =
    std::variant<OrderArrived, RunSpecArrived, SamplesArrived, AckArrived, FlushMarkerReturned,
                 BulkConnected, PieceArrived, RecordReady, SampleDropped, JournalRecovered,
                 CallLoad, ServingLoad, TroubleMet, EndpointErrorMet, StopAsked, WorkerTicked>;

// --- effects --------------------------------------------------------------------------------

/// States go over the control connection, all else over the bulk one: a large message makes no
/// heartbeat wait.
using WorkerMessage = std::variant<WorkerState, Fetch, Deliver, FlushMarker>;
inline std::string frame_of(std::string_view run_id, const Speaker& speaker,
                            const WorkerMessage& message) {
  return std::visit([&](const auto& one) { return encode_frame(run_id, speaker, one); }, message);
}

/// A sample to work on, under a lease.
struct StartSample {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  SampleItem item;
};

/// What the shell must do, in this order.
struct WorkerEffects {
  /// End the session, and open one of this run; empty: of none. JournalRecovered follows.
  std::optional<std::string> reset;
  std::optional<std::string> configure;        ///< start the session's stages by this config (JSON)
  std::optional<std::vector<PeerInfo>> peers;  ///< the other workers from now on
  std::optional<std::vector<Share>> shares;    ///< calls in flight from now on, by provider
  std::optional<Instant> send_deadline;        ///< no call is to be sent from then on
  bool cancel_waiting = false;                 ///< take back calls that were not sent
  std::size_t lapsed = 0;              ///< leases given up, for the coordinator was not heard
  std::optional<Duration> silent;      ///< say that nothing was heard of it for so long
  bool heard_again = false;            ///< say that it is heard, for it was said that it was not
  std::optional<DatabaseChunk> chunk;  ///< take this piece of a database
  std::vector<StartSample> start;
  bool reconnect = false;  ///< the bulk connection is mute: make it anew, before sending
  std::vector<WorkerMessage> send;
  /// Journal entries up to this one are acknowledged.
  std::optional<std::uint64_t> release;
  bool exit = false;  ///< everything is delivered, and the end was asked for
  /// End the process: the coordinator is there and does not answer this, however often it is sent.
  std::optional<std::string> give_up;
};

/// What this worker holds, when it lapses, what it asks for and what it owes. Pure.
class WorkerCore {
 public:
  static constexpr std::size_t kDeliverRecords = 128;       ///< records in one Deliver
  static constexpr std::size_t kDeliverBytes = 256u << 10;  ///< bytes in one Deliver, about
  /// A message that is known to have arrived and is not answered is sent again this many times, and
  /// for kRepeatTtls leases, before the worker gives up.
  static constexpr std::uint32_t kRepeatsMax = 10;
  static constexpr int kRepeatTtls = 3;
  static constexpr Duration kFlushAfter = std::chrono::milliseconds(5);  ///< as company_wait
  static constexpr std::size_t kTroublesMax = 8;                         ///< in a state: the latest

  explicit WorkerCore(WorkerCoreConfig config) : config_(std::move(config)) {}

  WorkerEffects step(Instant now, WorkerEvent event);

  /// Returns when step(Ticked) is due next.
  [[nodiscard]] Instant next_tick() const { return next_tick_; }
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  /// Returns what goes into the frames of this worker.
  [[nodiscard]] Speaker speaker() const { return {ledger_, start_, config_.incarnation}; }

  /// Tells what was lost of what was asked for; a database's pieces, too.
  [[nodiscard]] const DataChannelMonitor& bulk() const { return bulk_; }

 private:
  /// How often something was sent again without an answer.
  struct Repeats {
    std::uint32_t count = 0;
    Instant since;  ///< the first time
  };
  struct Lease {
    std::uint64_t fence = 0;
    std::uint32_t count = 0;
    std::uint32_t next = 0;         ///< position of the next sample to ask for
    std::uint32_t under_way = 0;    ///< samples started and not handed over
    std::uint32_t undelivered = 0;  ///< outcomes handed over, not yet acknowledged
    std::optional<Instant> asked;   ///< a Fetch is under way since then
    std::uint64_t asked_mark = 0;
    Repeats repeats;                  ///< of that Fetch
    std::optional<SampleItem> piece;  ///< of the next sample; more of its answers follow
    bool blocked = false;  ///< records of an earlier lease of the shard are not acknowledged yet
    bool mixed = false;    ///< samples of an earlier lease of the shard were still under way
    bool alone = false;    ///< its next sample must run alone
  };
  /// A sample in the pipeline: the lease that it counts under, which may be a later one than the
  /// one it was started under.
  struct Running {
    std::uint32_t shard = 0;
    std::uint64_t fence = 0;
    std::vector<Answer> answers;  ///< on record, or handed over so far
  };
  /// (sample, fence that it was started under)
  using RunningKey = std::pair<SampleId, std::uint64_t>;
  /// A record that was not handed over yet.
  struct Owed {
    Record record;
    std::size_t bytes = 0;
    bool settles = false;  ///< the last one of its sample
    std::uint64_t journal_seq = 0;
  };
  struct Batch {
    Deliver deliver;
    std::size_t bytes = 0;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> settles;  ///< (shard, fence) per outcome
    std::uint64_t journal_seq = 0;                                 ///< the highest of its records
    std::uint64_t mark = 0;                                        ///< of when it was sent last
  };

  void on(Instant now, OrderArrived& event, WorkerEffects& effects);
  void on(Instant now, RunSpecArrived& event, WorkerEffects& effects);
  void on(Instant now, SamplesArrived& event, WorkerEffects& effects);
  void on(Instant now, AckArrived& event, WorkerEffects& effects);
  void on(Instant now, FlushMarkerReturned& event, WorkerEffects& effects);
  void on(Instant now, BulkConnected& event, WorkerEffects& effects);
  void on(Instant now, PieceArrived& event, WorkerEffects& effects);
  void on(Instant now, RecordReady& event, WorkerEffects& effects);
  void on(Instant now, SampleDropped& event, WorkerEffects& effects);
  void on(Instant now, JournalRecovered& event, WorkerEffects& effects);
  void on(Instant now, CallLoad& event, WorkerEffects& effects);
  void on(Instant now, ServingLoad& event, WorkerEffects& effects);
  void on(Instant now, TroubleMet& event, WorkerEffects& effects);
  void on(Instant now, EndpointErrorMet& event, WorkerEffects& effects);
  void on(Instant now, StopAsked& event, WorkerEffects& effects);
  void on(Instant now, WorkerTicked& event, WorkerEffects& effects);

  void take_share(const Order& order, WorkerEffects& effects);
  void use_shares(std::vector<Share> shares, WorkerEffects& effects);
  [[nodiscard]] std::uint64_t demand() const;
  [[nodiscard]] std::uint32_t answers_owed(std::uint32_t shard, std::uint64_t fence) const;
  [[nodiscard]] bool endpoints_differ() const;
  void take_leases(const Order& order, WorkerEffects& effects);
  static std::uint64_t highest_fence(const std::vector<GrantedLease>& leases);
  [[nodiscard]] std::uint64_t highest_fence() const;
  [[nodiscard]] std::uint32_t under_way(std::uint32_t shard, std::uint64_t fence) const;
  void take_back(std::uint32_t shard, const Lease& before, Lease& lease) const;
  [[nodiscard]] bool at_the_door(const FromCoordinator& event) const;
  [[nodiscard]] bool at_the_door(const OrderArrived& event) const;
  void forget_run(WorkerEffects& effects, const std::string& run_id);
  void take_start(const Speaker& from);
  void end_session(WorkerEffects& effects);
  bool repeat(Instant now, Repeats& repeats, const char* what, WorkerEffects& effects) const;
  void fetch_more(Instant now, WorkerEffects& effects);
  [[nodiscard]] bool fetching() const;
  void fetch(Instant now, std::uint32_t shard, Lease& lease, std::uint32_t count, bool alone,
             WorkerEffects& effects);
  void fetch_alone(Instant now, std::uint32_t shard, Lease& lease, WorkerEffects& effects);
  [[nodiscard]] static std::optional<Digest> after(const Lease& lease);
  bool join_pieces(Samples& samples, Lease& lease);
  bool adopt(const Samples& samples, const SampleItem& item);
  template <class Predicate>
  [[nodiscard]] bool any_owed(Predicate predicate) const;
  [[nodiscard]] bool owes(std::uint32_t shard) const;
  [[nodiscard]] bool owes_answer(const SampleId& id) const;
  void lapse_if_due(Instant now, WorkerEffects& effects);
  void put(Instant now, Record record, bool settles, std::uint64_t journal_seq);
  [[nodiscard]] bool window_open() const;
  Batch next_batch();
  void flush(Instant now, WorkerEffects& effects);
  void resend(Instant now, WorkerEffects& effects);
  [[nodiscard]] bool awaiting() const;
  [[nodiscard]] bool in_contact(Instant now) const { return lapses_ && now < *lapses_; }
  void act(const DataChannelMonitor::Act& act, WorkerEffects& effects) const;
  void report(Instant now, WorkerEffects& effects);
  void report_endpoints(WorkerState& state);
  void plan_tick(Instant now);
  [[nodiscard]] bool stopping() const { return leaving_ || draining_; }
  [[nodiscard]] bool delivered() const { return unacked_.empty() && outbox_.empty(); }
  Lease* find(std::uint32_t shard, std::uint64_t fence);

  WorkerCoreConfig config_;
  std::string run_id_;
  std::uint64_t ledger_ = 0;  ///< of the run; 0: none yet
  std::uint64_t start_ = 0;   ///< of the coordinator whose Order was taken last; 0: none yet
  std::uint64_t state_seq_ = 0;
  std::optional<Digest> configured_;
  std::vector<Share> shares_;          ///< as the Order with share_number_ had them
  std::uint64_t share_number_ = 0;     ///< of the present start; 0: none yet
  std::uint32_t slots_ = 0;            ///< the sum of shares_
  std::uint64_t share_applied_ = 0;    ///< the share_number_ that the gateway goes by
  std::vector<Share> shares_applied_;  ///< and its shares
  Duration heartbeat_ = std::chrono::seconds(1);
  Duration ttl_ = std::chrono::seconds(10);
  std::map<std::uint32_t, Lease> leases_;
  std::map<std::uint32_t, Lease> given_up_;  ///< the last one of each shard
  std::map<RunningKey, Running> running_;    ///< those of lapsed leases too
  bool alone_ = false;                       ///< the one sample that is running runs alone
  std::uint64_t heard_ = 0;     ///< highest ack_seq of the orders taken from this start
  std::uint64_t answered_ = 0;  ///< the same of all starts and runs
  std::map<std::uint64_t, Instant> state_sent_;  ///< when each WorkerState left, by its seq
  std::optional<Instant> lapses_;                ///< leases are not ours any more from then on
  Instant last_report_{};
  std::uint64_t last_demand_ = 0;               ///< demand() at the latest state
  std::uint32_t last_in_flight_ = 0;            ///< calls in flight by the latest state
  std::vector<EndpointReport> last_endpoints_;  ///< by the latest state
  bool report_due_ = true;
  SilenceMonitor silence_;
  DataChannelMonitor bulk_;
  bool database_asked_ = false;
  // records not handed over yet, and batches not acknowledged yet
  std::deque<Owed> outbox_;
  std::size_t outbox_bytes_ = 0;
  std::optional<Instant> outbox_since_;
  Duration flush_after_ = kFlushAfter;  ///< how long a record waits for company
  std::deque<Batch> unacked_;
  std::size_t unacked_bytes_ = 0;
  std::uint64_t deliver_seq_ = 0;
  Instant resend_at_{};
  Repeats resends_;  ///< of what is not acknowledged
  CallLoad load_;    ///< of the gateway, with the shares that it was told last
  ServingLoad serving_;
  std::vector<PeerInfo> peers_;           ///< as the last order named them
  std::vector<std::uint64_t> recovered_;  ///< processes of before whose journals were read
  std::deque<std::string> troubles_;      ///< the latest, oldest first
  EndpointErrors endpoint_errors_;
  bool leaving_ = false;   ///< SIGTERM
  bool draining_ = false;  ///< the coordinator's order
  std::optional<Instant> leave_by_;
  Instant next_tick_{};
};

}  // namespace fd
