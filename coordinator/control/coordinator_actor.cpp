#include "coordinator/control/coordinator_actor.hpp"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "coordinator/control/commit_gate.hpp"
#include "coordinator/control/committed_frames.hpp"
#include "coordinator/control/frame_queues.hpp"
#include "coordinator/control/samples_reply.hpp"
#include "coordinator/control/shard_store.hpp"
#include "coordinator/reports/costs.hpp"
#include "coordinator/reports/histogram.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/record_fold.hpp"
#include "coordinator/shards/replace.hpp"
#include "protocol/frame.hpp"

namespace fd {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(500);
constexpr std::size_t kWriters = 4;         ///< of finished shards, each with a thread
constexpr std::size_t kRefusedLogged = 20;  ///< refused frames that get a line in the log

struct WriteShard {
  std::shared_ptr<ShardResult> result;
};
struct LoadShard {
  std::uint32_t shard = 0;
};
struct LeasesOnDisk {
  std::uint64_t fence = 0;
  std::vector<ShareGranted> shares;
};

}  // namespace
}  // namespace fd

FD_ACTOR_MESSAGE(fd::WriteShard)
FD_ACTOR_MESSAGE(fd::LoadShard)
FD_ACTOR_MESSAGE(fd::LeasesOnDisk)

namespace fd {
namespace {

/// Writes finished shards, one after the other, on its own thread: it waits for the disk most of
/// the time.
caf::behavior shard_writer(caf::event_based_actor* self, RunDir dir, RunConfig config,
                           caf::actor coordinator) {
  act::end_process_on_exception(self, "shard writer");
  return {[=](const WriteShard& write) {
    const std::uint32_t shard = write.result->shard;
    act::post(coordinator, ShardSaved{shard, std::make_shared<Result<Manifest>>(write_shard(
                                                 dir, config, std::move(*write.result)))});
  }};
}

class CoordinatorShell {
 public:
  CoordinatorShell(caf::event_based_actor* self, const Clock& clock, Transport& transport,
                   Ledger& ledger, const Log& log, CoordinatorActorOptions options)
      : self_(self),
        clock_(clock),
        transport_(transport),
        ledger_(ledger),
        log_(log),
        options_(std::move(options)),
        core_(options_.core, options_.shards),
        progress_(options_.before),
        config_json_(json::canonical(effective_config(options_.config))) {
    FD_CHECK(sha256(config_json_) == options_.core.config);
    for (caf::actor& writer : writers_) {
      writer = self_->spawn<caf::detached>(shard_writer, options_.dir, options_.config,
                                           caf::actor_cast<caf::actor>(self_));
    }
  }

  void start() { tick(); }

  void take(const std::vector<Incoming>& frames) {
    for (const Incoming& incoming : frames) {
      if (const auto taken = dispatch(incoming); !taken.ok()) {
        if (taken.error().code == Errc::unsupported) {
          refuse(Arrived{incoming.peer, {}, {}}, 0, taken.error().message);
        }
        if (++refused_ <= kRefusedLogged) {
          log_.warn("message_refused",
                    {{"why", taken.error().message}, {"total", std::to_string(refused_)}});
        }
      }
    }
  }

  void tick() {
    if (over_) {
      return;
    }
    step(Ticked{});
    report_progress();
    act::post_later(self_, kTick, CoordinatorTick{});
  }

  void leases_on_disk(const LeasesOnDisk& leases) {
    FD_FAILPOINT("k05.lease_before_send");
    step(LeasesDurable{leases.fence, leases.shares});
    FD_FAILPOINT("k06.lease_sent");
  }

  void load_shard(std::uint32_t shard) {
    if (over_) {
      return;
    }
    if (const auto loaded = load(shard); !loaded.ok()) {
      end(RunEnd::Kind::failed, loaded.error());
    }
    loading_.erase(shard);
  }

  void drain() {
    draining_ = true;
    step(DrainAsked{});
  }

  void local_worker_ended(const LocalWorkerEnded& ended) {
    step(WorkerEnded{ended.name, ended.replaced});
  }

  void saved(const ShardSaved& saved) {
    if (!saved.manifest->ok()) {
      end(RunEnd::Kind::failed, saved.manifest->error());
      return;
    }
    FD_FAILPOINT("k15.shard_before_written");
    --writing_;
    log_.debug("shard_committed", {{"shard", std::to_string(saved.shard)}});
    step(ShardWritten{saved.shard});
  }

  void run_failed(const Error& error) { end(RunEnd::Kind::failed, error); }

 private:
  void step(CoordinatorEvent event) {
    if (over_) {
      return;
    }
    CoordinatorEffects effects = core_.step(clock_.now(), std::move(event));
    const std::optional<std::string> unserved = effects.unserved;
    perform(std::move(effects));
    if (unserved) {
      end(RunEnd::Kind::no_stage, Error{Errc::unavailable, *unserved});
    }
    if (over_) {
      return;
    }
    if (core_.finished() && !stop_reason_) {
      end(RunEnd::Kind::finished, {});
    } else if (core_.finished() || (draining_ && core_.view(clock_.now()).idle && writing_ == 0)) {
      // Every sample may have failed before the drain took hold: that is still no run to merge.
      end(stop_reason_ ? RunEnd::Kind::no_endpoint : RunEnd::Kind::drained,
          stop_reason_.value_or(Error{}));
    }
  }

  Result<void> dispatch(const Incoming& incoming) {
    FD_TRY(const FrameView frame, decode_frame(incoming.bytes));
    if (!frame.run_id.empty() && frame.run_id != options_.run_id &&
        frame.kind != MessageKind::worker_state) {
      return Error{Errc::stale, "message of another run: " + std::string(frame.run_id)};
    }
    Arrived from{incoming.peer, frame.speaker, incoming.user};
    if (frame.run_id != options_.run_id) {
      from.from.ledger = from.from.start = 0;  // what it holds belongs to another run
    }
    switch (frame.kind) {
      case MessageKind::worker_state: {
        FD_TRY(WorkerState state, decode<WorkerState>(frame.body));
        if (options_.check_sender) {
          FD_TRY_VOID(options_.check_sender(incoming.user, state));
        }
        if (state.policy != policy_) {
          const std::string why = "worker '" + state.name + "' judges SQL by '" + state.policy +
                                  "', this coordinator by '" + policy_ + "': verdicts could differ";
          refuse(from, state.seq, why);
          return Error{Errc::refused, why};
        }
        if (state.version != FD_VERSION && version_warned_.insert(state.name).second) {
          log_.warn("worker_version", {{"worker", state.name}, {"version", state.version}});
        }
        step(StateArrived{std::move(from), std::move(state)});
        return {};
      }
      case MessageKind::fetch: {
        FD_TRY(Fetch fetch, decode<Fetch>(frame.body));
        step(FetchArrived{std::move(from), std::move(fetch)});
        return {};
      }
      case MessageKind::deliver: {
        FD_TRY(Deliver deliver, decode<Deliver>(frame.body));
        FD_FAILPOINT("k07.deliver_received");
        step(DeliverArrived{std::move(from), std::move(deliver)});
        return {};
      }
      case MessageKind::flush_marker: {
        FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
        step(FlushMarkerArrived{std::move(from), marker});
        return {};
      }
      case MessageKind::fetch_database: {
        FD_TRY(const FetchDatabase fetch, decode<FetchDatabase>(frame.body));
        step(FetchDatabaseArrived{std::move(from), fetch});
        return {};
      }
      default:
        return Error{Errc::invalid_input, "message: not one for a coordinator"};
    }
  }

  /// Tells a worker that it cannot take part, and why. One that speaks another version of the
  /// protocol learns it from the frame, which names ours.
  void refuse(const Arrived& to, std::uint64_t seq, const std::string& why) {
    Order order;
    order.ack_seq = seq;
    order.config = options_.core.config;
    order.refused = why;
    transport_.send(to.peer, framed(to.from.incarnation, order));
  }

  void perform(CoordinatorEffects effects) {
    for (const std::string& line : effects.log) {
      log_.warn("recovered", {{"what", line}});
    }
    for (const std::uint32_t shard : effects.load) {
      // Behind the states that have come: when many workers join at once, none waits for an order
      // until the shards of all are read.
      if (loading_.insert(shard).second) {
        act::post(caf::actor_cast<caf::actor>(self_), LoadShard{shard});
      }
    }
    for (LedgerEvent& event : effects.append) {
      if (auto* record = std::get_if<Record>(&event)) {
        store(*record);
      }
    }
    for (Record& record : effects.late) {
      count(record);
      effects.append.emplace_back(std::move(record));
    }
    const bool appends = gate_->busy() || !effects.append.empty() || !effects.commit.empty();
    if (appends) {
      gate_->append();
    }
    std::vector<std::pair<PeerId, std::string>> held;
    for (const Outgoing& outgoing : effects.send) {
      auto [peer, bytes] =
          std::visit([&](const auto& one) { return std::pair(one.peer, encoded(one)); }, outgoing);
      if (bytes.empty()) {
        continue;
      }
      if (gate_->holds(outgoing)) {
        held.emplace_back(std::move(peer), std::move(bytes));
      } else {
        transport_.send(peer, std::move(bytes));
      }
    }
    if (appends) {
      after_commit(std::move(effects), std::move(held));
    }
  }

  /// Hands the frames and the finished shards over once the ledger has what they rest on. Later
  /// frames queue behind earlier ones, so that nothing overtakes a commit.
  void after_commit(CoordinatorEffects effects,
                    std::vector<std::pair<PeerId, std::string>> frames) {
    std::vector<std::shared_ptr<ShardResult>> finished;
    for (const std::uint32_t shard : effects.commit) {
      const auto found = stores_.find(shard);
      FD_CHECK(found != stores_.end());
      finished.push_back(std::make_shared<ShardResult>(std::move(found->second.result)));
      stores_.erase(found);
      ++writing_;
    }
    CommittedFrames committed(std::move(frames), brings<Record>(effects.append));
    LeasesOnDisk leases{highest_fence(effects.append), shares_in(effects.append)};
    // Runs on the ledger's thread, perhaps after this actor has ended: touches nothing of its
    // state.
    ledger_.append(
        std::move(effects.append),
        [transport = &transport_, self = caf::actor_cast<caf::actor>(self_), gate = gate_,
         writers = writers_, finished, leases = std::make_shared<LeasesOnDisk>(std::move(leases)),
         frames = std::make_shared<CommittedFrames>(std::move(committed))] {
          frames->send(*transport);
          if (leases->fence > 0 || !leases->shares.empty()) {
            act::post_urgent(self, std::move(*leases));
          }
          for (const auto& shard : finished) {
            act::post(writers.at(shard->shard % kWriters), WriteShard{shard});
          }
          gate->committed();
        });
  }

  Result<void> load(std::uint32_t shard) {
    ShardStore store;
    FD_TRY(store.samples, read_shard_input(options_.dir, shard));
    std::vector<Record> recorded;
    if (options_.epoch > 1) {  // nothing can be on record before the first start
      FD_TRY(recorded, ledger_.records(shard));
    }
    store.result.shard = shard;
    ShardLoaded loaded;
    loaded.shard = shard;
    for (const Sample& sample : store.samples) {
      loaded.ids.push_back(sample.id);
    }
    RecordFold fold(loaded.ids);
    const std::size_t in_files = records_in_files(loaded.ids.size(), recorded);
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      Record& record = recorded[i];
      fold.pass(record);
      if (record.outcome && record.outcome->verdict == Verdict::failed) {
        record.outcome.reset();  // it is asked again
      }
      if (i < in_files) {
        store.keep(record);
      }
      count(record);
    }
    FD_TRY(loaded.reused, answers_beside(shard, store, fold));
    loaded.recorded = std::move(recorded);
    stores_[shard] = std::move(store);
    step(std::move(loaded));
    return {};
  }

  /// Returns the answers that lie beside the ledger and are not in it.
  Result<std::vector<Record>> answers_beside(std::uint32_t shard, const ShardStore& store,
                                             RecordFold& fold) const {
    std::vector<Record> found;
    if (!options_.answers_beside) {
      return found;
    }
    FD_TRY(std::vector<Record> records, options_.answers_beside(shard, store.samples));
    for (Record& record : records) {
      fold.pass(record);
      if (record.answer || record.call) {
        found.push_back(std::move(record));
      }
    }
    return found;
  }

  void store(const Record& record) {
    // No store: the shard is being written or is written already, and this is for a later start.
    if (const auto found = stores_.find(record.shard); found != stores_.end()) {
      found->second.keep(record);
    }
    count(record);
    if (record.outcome) {
      for (const StageTime& time : record.outcome->times) {
        StageHistograms& stage = times_[time.stage];
        stage.queue.add(time.queue_us);
        stage.service.add(time.service_us);
        stage.service_us += time.service_us;
      }
    }
    check_endpoints(record);
  }

  void count(const Record& record) {
    if (record.call && record.call->end != CallEnd::in_doubt) {
      ++progress_.calls;
      progress_.prompt_tokens += record.call->prompt_tokens;
      progress_.completion_tokens += record.call->completion_tokens;
      progress_.cost += cost_of(*record.call);
    }
    if (record.outcome) {
      ++progress_.done;
      ++(record.outcome->verdict == Verdict::kept       ? progress_.kept
         : record.outcome->verdict == Verdict::rejected ? progress_.rejected
                                                        : progress_.failed);
    }
  }

  /// Stops early when nothing can come of going on: no key is accepted, or no endpoint has ever
  /// replied. Nothing is lost: what failed is asked again by the next start.
  void check_endpoints(const Record& record) {
    any_answer_ = any_answer_ || record.answer.has_value();
    if (!record.call || draining_) {
      return;
    }
    const Call& call = *record.call;
    const bool failed = call.end == CallEnd::failed || call.end == CallEnd::refused;
    if (call.end == CallEnd::unauthorized || call.end == CallEnd::outage ||
        (failed && !any_answer_ && call.http_status == 0)) {
      stop_reason_ = Error{Errc::unavailable, "endpoint " + call.endpoint + ": " + call.error};
      act::post(caf::actor_cast<caf::actor>(self_), DrainNow{});
    }
  }

  // --- frames out

  template <class Message>
  std::string framed(std::uint64_t incarnation, const Message& message) const {
    return encode_frame(options_.run_id,
                        Speaker{options_.core.ledger, options_.core.start, incarnation}, message);
  }
  std::string encoded(const SendOrder& send) const { return framed(send.incarnation, send.order); }
  std::string encoded(const SendRunSpec& send) const {
    return framed(send.incarnation, RunSpec{options_.core.config, config_json_});
  }
  std::string encoded(const SendAck& send) const { return framed(send.incarnation, send.ack); }
  std::string encoded(const SendFlushMarker& send) const {
    return framed(send.incarnation, send.marker);
  }
  std::string encoded(const SendSamples& send) const {
    return framed(send.incarnation,
                  samples_reply(send, stores_.at(send.shard).samples, kSamplesBytes));
  }

  std::string encoded(const SendDatabase& send) const {
    const auto [digest, offset] = send.fetch;
    auto piece = read_piece(options_.dir.database(digest.hex()), offset, kDatabaseChunkBytes);
    if (!piece.ok()) {
      log_.warn("database_not_read", {{"why", piece.error().message}});
      return {};
    }
    return framed(send.incarnation,
                  DatabaseChunk{digest, offset, piece->file_bytes, std::move(piece->bytes)});
  }

  // --- the end

  void report_progress() {
    const CoordinatorView view = core_.view(clock_.now());
    progress_.in_flight = view.in_flight;
    progress_.workers = static_cast<std::uint32_t>(view.workers.size());
    progress_.worker_views = view.workers;
    if (options_.progress) {
      options_.progress(progress_);
    }
  }

  void end(RunEnd::Kind kind, Error error) {
    if (over_) {
      return;
    }
    over_ = true;
    report_progress();
    if (error.code == Errc::not_found) {
      error.code = Errc::storage;  // what was there when the run began
    }
    RunEnd result;
    result.kind = kind;
    result.error = std::move(error);
    result.full_ms = core_.view(clock_.now()).full_ms;
    for (const auto& [stage, from] : times_) {
      RunTimes::Stage& to = result.times.stages[stage];
      to.count = from.service.count();
      to.wall_s = static_cast<double>(from.service_us) / 1e6;
      constexpr std::array<double, 4> kQuantiles = {0.50, 0.90, 0.95, 0.99};
      for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
        to.service_ms.at(i) = static_cast<double>(from.service.quantile(kQuantiles.at(i))) / 1e3;
        to.queue_ms.at(i) = static_cast<double>(from.queue.quantile(kQuantiles.at(i))) / 1e3;
      }
    }
    // Tells the workers that the run is over (or goes on later), so that they wait for the next
    // one.
    if (kind == RunEnd::Kind::finished) {
      perform(core_.step(clock_.now(), Ticked{}));
    }
    for (const caf::actor& writer : writers_) {
      act::post(writer, caf::exit_msg{self_->address(), caf::exit_reason::user_shutdown});
    }
    options_.ended(std::move(result));
    self_->quit();
  }

  struct StageHistograms {
    Histogram queue;
    Histogram service;
    std::uint64_t service_us = 0;
  };

  caf::event_based_actor* self_;
  const Clock& clock_;
  Transport& transport_;
  Ledger& ledger_;
  const Log& log_;
  CoordinatorActorOptions options_;
  CoordinatorCore core_;
  Progress progress_;
  std::string config_json_;
  std::array<caf::actor, kWriters> writers_;
  std::map<std::uint32_t, ShardStore> stores_;
  std::set<std::uint32_t> loading_;  ///< shards with a LoadShard on its way
  std::shared_ptr<CommitGate> gate_ = std::make_shared<CommitGate>();  ///< shared with the ledger
  std::uint32_t writing_ = 0;
  std::map<StageId, StageHistograms> times_;
  std::string policy_ = verdict_policy();
  std::set<std::string> version_warned_;
  std::size_t refused_ = 0;
  bool any_answer_ = false;
  bool draining_ = false;
  bool over_ = false;
  std::optional<Error> stop_reason_;
};

caf::behavior coordinator_actor(caf::event_based_actor* self, const Clock* clock,
                                Transport* transport, Ledger* ledger, const Log* log,
                                std::shared_ptr<CoordinatorActorOptions> options) {
  act::end_process_on_exception(self, "coordinator");
  auto shell = std::make_shared<CoordinatorShell>(self, *clock, *transport, *ledger, *log,
                                                  std::move(*options));
  shell->start();
  return {[shell](const CoordinatorFrames& in) { shell->take(*in.frames); },
          [shell](const CoordinatorTick&) { shell->tick(); },
          [shell](const LoadShard& load) { shell->load_shard(load.shard); },
          [shell](const LeasesOnDisk& leases) { shell->leases_on_disk(leases); },
          [shell](const DrainNow&) { shell->drain(); },
          [shell](const LocalWorkerEnded& ended) { shell->local_worker_ended(ended); },
          [shell](const ShardSaved& saved) { shell->saved(saved); },
          [shell](const RunFailed& failed) { shell->run_failed(*failed.error); }};
}

}  // namespace

void post_frames(const caf::actor& coordinator, std::vector<Incoming> frames) {
  FrameQueues queues = frame_queues(std::move(frames));
  const auto message = [](std::vector<Incoming>& part) {
    return CoordinatorFrames{std::make_shared<std::vector<Incoming>>(std::move(part))};
  };
  if (!queues.urgent.empty()) {
    act::post_urgent(coordinator, message(queues.urgent));
  }
  if (!queues.records.empty()) {
    act::post(coordinator, message(queues.records));
  }
}

caf::actor spawn_coordinator(caf::actor_system& system, const Clock& clock, Transport& transport,
                             Ledger& ledger, const Log& log, CoordinatorActorOptions options) {
  caf::actor actor = system.spawn(coordinator_actor, &clock, &transport, &ledger, &log,
                                  std::make_shared<CoordinatorActorOptions>(std::move(options)));
  ledger.on_failure([actor](Error error) {
    act::post(actor, RunFailed{std::make_shared<Error>(std::move(error))});
  });
  return actor;
}

}  // namespace fd
