#include "worker/worker_actor.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/gateway/journaled_gateway.hpp"
#include "actors/journal/answer_journal.hpp"
#include "actors/pipeline/teacher_actor.hpp"
#include "actors/system/failpoint.hpp"
#include "protocol/exit_code.hpp"
#include "protocol/frame.hpp"
#include "worker/database_cache.hpp"
#include "worker/database_client.hpp"
#include "worker/peer_service.hpp"

namespace fd {
namespace {

class WorkerShell {
 public:
  WorkerShell(caf::event_based_actor* self, const Clock& clock, WorkerWires wires, const Log& log,
              WorkerActorOptions options)
      : self_(self),
        clock_(clock),
        wires_(wires),
        log_(log),
        options_(std::move(options)),
        core_(options_.core),
        cache_(options_.database_directory, options_.database_cache_bytes),
        databases_(cache_, core_, clock, log, [this](const FetchDatabase& fetch) { send(fetch); }) {
  }

  void start() { wake(); }

  void take(const std::vector<Incoming>& frames) {
    for (const Incoming& incoming : frames) {
      const auto frame = decode_frame(incoming.bytes);
      if (!frame.ok() && frame.error().code == Errc::unsupported) {
        refused(frame.error().message);
        return;
      }
      if (!frame.ok()) {
        log_.warn("frame_refused", {{"why", frame.error().message}});
        continue;
      }
      if (const auto taken = dispatch(*frame); !taken.ok()) {
        log_.warn("message_refused", {{"why", taken.error().message}});
      }
    }
  }

  void record(const CallDone& done) {
    if (done.run == run_) {
      step(RecordReady{std::move(*done.record), false, done.journal_seq});
    }
  }

  void finish(std::vector<WorkItem>& items) {
    for (WorkItem& item : items) {
      FD_CHECK(item.outcome.has_value());
      if (item.run != run_) {
        continue;
      }
      unpin(item.sample.database);
      Record record{item.shard, item.fence, {}, {}, std::move(item.outcome), {}};
      record.outcome->times = item.times;
      step(RecordReady{std::move(record), true, 0});
    }
  }

  void drop(const std::vector<WorkItem>& items) {
    for (const WorkItem& item : items) {
      if (item.run != run_) {
        continue;
      }
      unpin(item.sample.database);
      step(SampleDropped{item.fence, item.sample.id});
    }
  }

  void take_requests(const std::vector<Incoming>& frames) {
    for (const Incoming& incoming : frames) {
      if (const auto taken = take_request(incoming); !taken.ok()) {
        log_.warn("peer_message_refused", {{"why", taken.error().message}});
      }
    }
  }

  void served(const StagesServed& served) {
    if (service_ != nullptr && service_->served(served)) {
      step(service_->load());
    }
  }

  void bulk_made() { step(BulkConnected{}); }

  void stop() { step(StopAsked{}); }

  void rejected() { end(kExitRefused); }

  void journal_failed(const Error& error) {
    log_.error("journal_failed", {{"why", error.message}});
    end(kExitStorage);
  }

  void on_wake(std::uint64_t generation) {
    if (generation != generation_) {
      return;
    }
    wake_at_.reset();
    databases_.ask();
    if (pipeline_ != nullptr) {
      step(options_.load());
    }
    step(WorkerTicked{databases_.asking()});
  }

 private:
  /// This program and the coordinator's do not go together; trying again would change nothing.
  void refused(const std::string& why) {
    log_.error("refused", {{"why", why}});
    end(kExitMismatch);
  }

  void step(WorkerEvent event) {
    if (!over_) {
      perform(core_.step(clock_.now(), std::move(event)));
    }
  }

  /// The last thing this actor does: from here on the transport may be gone.
  void end(int exit_code) {
    if (over_) {
      return;
    }
    over_ = true;
    service_.reset();
    pipeline_.reset();
    journal_.reset();
    options_.exited(exit_code);
    self_->quit();
  }

  /// Takes up the journal of a run: what an earlier process left in it is offered first.
  void open_journal(const std::string& run_id) {
    const std::string& folder = options_.journal_directory;
    auto found = read_journal(folder, run_id);
    JournalIdentity identity{run_id, options_.core.name, options_.core.incarnation + run_};
    AnswerJournalOptions options;
    options.on_failure = [self = caf::actor_cast<caf::actor>(self_)](const Error& error) {
      act::post(self, JournalFailed{std::make_shared<Error>(error)});
    };
    auto opened = found.ok() ? AnswerJournal::open(folder, identity, *found, std::move(options))
                             : Result<std::unique_ptr<AnswerJournal>>(found.error());
    if (!opened.ok()) {
      log_.error("journal_refused", {{"why", opened.error().message}});
      end(opened.error().code == Errc::corrupt       ? kExitCorrupt
          : opened.error().code == Errc::unsupported ? kExitMismatch
                                                     : kExitStorage);
      return;
    }
    journal_ = std::move(opened).value();
    JournalRecovered recovered;
    for (Record& ended : found->ended) {
      recovered.entries.push_back({std::move(ended), recovered.entries.size() + 1});
    }
    for (const JournalIntent& intent : found->in_doubt) {
      recovered.entries.push_back({in_doubt_record(intent), recovered.entries.size() + 1});
    }
    if (!recovered.entries.empty()) {
      log_.info("journal_recovered", {{"calls", std::to_string(found->ended.size())},
                                      {"in_doubt", std::to_string(found->in_doubt.size())}});
    }
    recovered.incarnations = std::move(found->incarnations);
    step(std::move(recovered));
  }

  Result<void> dispatch(const FrameView& frame) {
    const FromCoordinator from{std::string(frame.run_id), frame.speaker};
    switch (frame.kind) {
      case MessageKind::order: {
        FD_TRY(Order order, decode<Order>(frame.body));
        if (!order.refused.empty() && from.from.incarnation == options_.core.incarnation) {
          refused(order.refused);
          return {};
        }
        if (!order.leases.empty()) {
          FD_FAILPOINT("k21.order_received");
        }
        step(OrderArrived{from, std::move(order)});
        return {};
      }
      case MessageKind::run_spec: {
        FD_TRY(RunSpec spec, decode<RunSpec>(frame.body));
        if (sha256(spec.config_json) != spec.config) {
          return Error{Errc::corrupt, "run spec: its config has another digest"};
        }
        step(RunSpecArrived{from, std::move(spec)});
        return {};
      }
      case MessageKind::samples: {
        FD_TRY(Samples samples, decode<Samples>(frame.body));
        step(SamplesArrived{from, std::move(samples)});
        return {};
      }
      case MessageKind::database_chunk: {
        FD_TRY(DatabaseChunk chunk, decode<DatabaseChunk>(frame.body));
        step(PieceArrived{from, std::move(chunk)});
        return {};
      }
      case MessageKind::flush_marker: {
        FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
        step(FlushMarkerReturned{from, marker});
        return {};
      }
      case MessageKind::ack: {
        FD_TRY(Ack ack, decode<Ack>(frame.body));
        FD_FAILPOINT("k29.ack_received");
        step(AckArrived{from, ack});
        return {};
      }
      default:
        return Error{Errc::invalid_input, "message: not one for a worker"};
    }
  }

  Result<void> take_request(const Incoming& incoming) {
    FD_TRY(const FrameView frame, decode_frame(incoming.bytes));
    if (frame.kind != MessageKind::stage_request) {
      return Error{Errc::invalid_input, "message: not one for a worker that serves stages"};
    }
    if (service_ != nullptr) {
      return service_->take(incoming.peer, frame);
    }
    FD_TRY(const StageRequest request, decode<StageRequest>(frame.body));
    PeerService::say_not_now(*options_.peers, incoming.peer, frame, request.id);
    return {};
  }

  void perform(WorkerEffects effects) {
    if (effects.reset) {
      service_.reset();
      pipeline_.reset();
      journal_.reset();
      ++run_;
      waiting_.clear();
      ready_.clear();
      databases_.forget();
      log_.info("run", {{"run_id", effects.reset->empty() ? "none" : *effects.reset}});
    }
    if (effects.configure) {
      configure(*effects.configure);
    }
    if (over_) {
      return;
    }
    if (effects.peers && options_.peers_known) {
      options_.peers_known(*effects.peers);
    }
    if (effects.peers && pipeline_ != nullptr) {
      pipeline_->use_peers(std::move(*effects.peers));
    }
    if (effects.slots && pipeline_ != nullptr) {
      pipeline_->gateway().set_slots(*effects.slots);
    }
    if (effects.send_deadline && pipeline_ != nullptr) {
      pipeline_->gateway().set_send_deadline(*effects.send_deadline);
    }
    if (effects.lapsed > 0) {
      log_.warn("coordinator_not_heard", {{"leases_given_up", std::to_string(effects.lapsed)}});
    }
    if (effects.silent && options_.silent) {
      options_.silent(*effects.silent);
    }
    if (effects.heard_again) {
      log_.info("coordinator_heard", {});
    }
    if (effects.cancel_waiting) {
      cancel_waiting();
    }
    if (effects.chunk) {
      if (const auto taken = take_chunk(*effects.chunk); !taken.ok()) {
        log_.warn("message_refused", {{"why", taken.error().message}});
      }
    }
    for (StartSample& sample : effects.start) {
      begin(std::move(sample));
    }
    flush_ready();
    if (effects.reconnect) {
      log_.warn("bulk_connection_mute", {{"now", "made anew"}});
      wires_.bulk.reconnect();
    }
    for (const WorkerMessage& message : effects.send) {
      std::visit([&](const auto& one) { send(one); }, message);
    }
    if (effects.release && journal_ != nullptr) {
      journal_->release(*effects.release);
    }
    if (effects.exit) {
      log_.info("drained");
      end(0);
      return;
    }
    if (effects.reset && !effects.reset->empty()) {
      open_journal(*effects.reset);
    }
    if (!over_) {
      wake();
    }
  }

  void configure(const std::string& json) {
    service_.reset();
    pipeline_.reset();
    const auto config = config_from_json(json);
    const Digest digest = sha256(json);
    if (!config.ok()) {
      refused("this program cannot read the run's config " + digest.hex() + ": " +
              config.error().message);
      return;
    }
    const std::string read_as = json::canonical(effective_config(*config));
    if (read_as != json) {
      refused("this program reads the run's config " + digest.hex() + " as " +
              sha256(read_as).hex() + ": it has other keys or defaults");
      return;
    }
    const auto started = start(*config, digest);
    if (!started.ok()) {
      // The coordinator checked this config; a worker that cannot follow it must not pretend to.
      log_.error("config_refused", {{"why", started.error().message}});
      end(kExitUsage);
    }
  }

  /// Starts what this worker has to do in a run: its own samples, those of others, or both.
  Result<void> start(const RunConfig& config, const Digest& digest) {
    const SandboxOpener open_database =
        [this](const std::string& database) -> Result<std::unique_ptr<SqlSandbox>> {
      if (const auto wanted = Digest::from_hex(database)) {
        return open_sqlite_sandbox(cache_.path(*wanted));
      }
      return Error{Errc::invalid_input, "'" + database + "' is no digest of a database"};
    };
    const auto self = caf::actor_cast<caf::actor>(self_);
    if (serves(StageId::teacher)) {
      PipelineOptions options;
      options.slots = 1;
      options.exec_actors = options_.exec_actors;
      options.open_database = open_database;
      options.make_gateway = [this](const RunConfig& run, std::uint32_t slots,
                                    ChatCallback callback) {
        return make_gateway(run, slots, std::move(callback));
      };
      options.remote.run_id = core_.run_id();
      options.remote.speaker = {core_.speaker().ledger, 0, core_.speaker().incarnation};
      options.remote.config = digest;
      options.remote.local = {options_.core.stages.begin(), options_.core.stages.end()};
      options.remote.connect = options_.connect_peer;
      FD_TRY(pipeline_,
             Pipeline::start(self_->system(), clock_, log_, config, std::move(options), self));
    }
    if (options_.peers != nullptr) {
      PeerServiceOptions options;
      options.run_id = core_.run_id();
      options.ledger = core_.speaker().ledger;
      options.config = digest;
      options.stages = options_.core.stages;
      options.threads = options_.exec_actors;
      options.tickets_from = ++services_ << 32;
      options.open_database = open_database;
      FD_TRY(service_, PeerService::start(self_->system(), clock_, config, *options_.peers,
                                          databases_, std::move(options), self));
    }
    return {};
  }

  [[nodiscard]] bool serves(StageId stage) const { return has_stage(options_.core.stages, stage); }

  /// Puts the journal before the gateway that sends.
  Result<std::unique_ptr<Gateway>> make_gateway(const RunConfig& config, std::uint32_t slots,
                                                ChatCallback callback) {
    FD_CHECK(journal_ != nullptr);
    std::optional<Error> failed;
    auto gateway = std::make_unique<JournaledGateway>(
        *journal_, slots,
        [&](ChatCallback inner_callback) -> std::unique_ptr<Gateway> {
          auto inner = options_.make_gateway(config, slots, std::move(inner_callback));
          if (!inner.ok()) {
            failed = inner.error();
            return nullptr;
          }
          return std::move(inner).value();
        },
        std::move(callback));
    if (failed) {
      return *failed;
    }
    return std::unique_ptr<Gateway>(std::move(gateway));
  }

  // --- samples and their databases

  void begin(StartSample sample) {
    WorkItem item;
    item.run = run_;
    item.shard = sample.shard;
    item.fence = sample.fence;
    item.sample = std::move(sample.item.sample);
    item.answers = std::move(sample.item.answers);
    if (opens_databases(options_.core.stages)) {
      if (const auto missing = databases_.missing(item.sample.database)) {
        waiting_[*missing].push_back(std::move(item));
        return;
      }
    }
    submit(std::move(item));
  }

  /// Nothing new is started: neither calls that were not sent, nor samples whose database is on its
  /// way.
  void cancel_waiting() {
    if (pipeline_ != nullptr) {
      pipeline_->gateway().cancel_waiting();
    }
    std::vector<WorkItem> dropped;
    for (auto& [digest, items] : std::exchange(waiting_, {})) {
      std::move(items.begin(), items.end(), std::back_inserter(dropped));
    }
    for (const WorkItem& item : dropped) {
      step(SampleDropped{item.fence, item.sample.id});
    }
  }

  void submit(WorkItem item) {
    if (opens_databases(options_.core.stages)) {
      databases_.pin(item.sample.database);
    }
    ready_.push_back(std::move(item));
  }

  void flush_ready() {
    if (ready_.empty()) {
      return;
    }
    auto items = std::make_shared<std::vector<WorkItem>>(std::move(ready_));
    ready_.clear();
    act::post(pipeline_->entrance(), WorkBatch{std::move(items), clock_.now()});
  }

  void unpin(const std::string& database) {
    if (opens_databases(options_.core.stages)) {
      databases_.unpin(database);
    }
  }

  Result<void> take_chunk(const DatabaseChunk& chunk) {
    const auto taken = databases_.take(chunk);
    if (!taken.ok() && taken.error().code == Errc::storage) {
      // The shards that need it go to a worker with room for it.
      log_.error("database_not_stored", {{"why", taken.error().message}});
      end(kExitStorage);
      return {};
    }
    FD_TRY(const std::optional<Digest> complete, taken);
    if (complete) {
      for (WorkItem& item : std::exchange(waiting_[*complete], {})) {
        submit(std::move(item));
      }
      waiting_.erase(*complete);
      flush_ready();
      if (service_ != nullptr) {
        service_->database_arrived();
      }
    }
    return {};
  }

  // --- wire

  template <class Message>
  void send(const Message& message) {
    constexpr bool state = std::is_same_v<Message, WorkerState>;
    Transport& wire = state ? wires_.control : wires_.bulk;
    wire.send("", encode_frame(core_.run_id(), core_.speaker(), message));
    if constexpr (std::is_same_v<Message, Deliver>) {
      FD_FAILPOINT("k28.deliver_sent");
    }
  }

  /// Sees to it that a wake-up is under way for when the core wants one.
  void wake() {
    const Instant due = core_.next_tick();
    if (wake_at_ && *wake_at_ <= due) {
      return;
    }
    wake_at_ = due;
    ++generation_;
    const Duration delay = std::max(due - clock_.now(), Duration::zero());
    act::post_later(self_, delay, WakeUp{generation_});
  }

  caf::event_based_actor* self_;
  const Clock& clock_;
  WorkerWires wires_;
  const Log& log_;
  WorkerActorOptions options_;
  WorkerCore core_;
  DatabaseCache cache_;
  DatabaseClient databases_;
  std::unique_ptr<AnswerJournal> journal_;  ///< of the run that is served; outlives the pipeline
  std::unique_ptr<Pipeline> pipeline_;      ///< null: takes no leases
  std::unique_ptr<PeerService> service_;    ///< null: serves nobody
  bool over_ = false;
  std::uint64_t run_ = 0;       ///< rises with every run taken up
  std::uint64_t services_ = 0;  ///< started so far
  std::vector<WorkItem> ready_;
  std::map<Digest, std::vector<WorkItem>> waiting_;  ///< samples whose database is on its way
  std::optional<Instant> wake_at_;
  std::uint64_t generation_ = 0;
};

caf::behavior worker_actor(caf::event_based_actor* self, const Clock* clock, Transport* control,
                           Transport* bulk, const Log* log,
                           std::shared_ptr<WorkerActorOptions> options) {
  act::end_process_on_exception(self, "worker");
  auto shell = std::make_shared<WorkerShell>(self, *clock, WorkerWires{*control, *bulk}, *log,
                                             std::move(*options));
  shell->start();
  return {[shell](const FramesIn& in) { shell->take(*in.frames); },
          [shell](CallDone& done) { shell->record(done); },
          [shell](WorkBatch& batch) { shell->finish(*batch.items); },
          [shell](const PeerFramesIn& in) { shell->take_requests(*in.frames); },
          [shell](const StagesServed& served) { shell->served(served); },
          [shell](const WorkDropped& dropped) { shell->drop(*dropped.items); },
          [shell](const JournalFailed& failed) { shell->journal_failed(*failed.error); },
          [shell](const WakeUp& wake) { shell->on_wake(wake.generation); },
          [shell](const Rejected&) { shell->rejected(); },
          [shell](const BulkMade&) { shell->bulk_made(); },
          [shell](const StopNow&) { shell->stop(); }};
}

}  // namespace

caf::actor spawn_worker(caf::actor_system& system, const Clock& clock, WorkerWires wires,
                        const Log& log, WorkerActorOptions options) {
  return system.spawn(worker_actor, &clock, &wires.control, &wires.bulk, &log,
                      std::make_shared<WorkerActorOptions>(std::move(options)));
}

}  // namespace fd
