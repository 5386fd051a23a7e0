#include "worker/worker_actor.hpp"

#include <iterator>
#include <map>
#include <utility>

#include "actors/answer_journal.hpp"
#include "actors/config_loader.hpp"
#include "actors/failpoint.hpp"
#include "actors/gateway/journaled_gateway.hpp"
#include "protocol/frame.hpp"
#include "worker/database_cache.hpp"

namespace fd {
namespace {

constexpr Duration kDatabaseTimeout = std::chrono::seconds(2);
constexpr int kExitConfig = 2;
constexpr int kExitCorrupt = 5;
constexpr int kExitStorage = 7;

class WorkerShell {
 public:
  WorkerShell(caf::event_based_actor* self, const Clock& clock, Transport& transport,
              const Log& log, WorkerActorOptions options)
      : self_(self),
        clock_(clock),
        transport_(transport),
        log_(log),
        options_(std::move(options)),
        core_(options_.core),
        databases_(options_.database_directory, options_.database_cache_bytes) {}

  void start() { wake(); }

  void take(const std::vector<Incoming>& frames) {
    for (const Incoming& incoming : frames) {
      const auto frame = decode_frame(incoming.bytes);
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
      Record record{item.shard, item.fence, std::nullopt, std::nullopt, std::move(item.outcome)};
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

  void stop() { step(StopAsked{}); }

  void journal_failed(const Error& error) {
    log_.error("journal_failed", {{"why", error.message}});
    end(kExitStorage);
  }

  void on_wake(std::uint64_t generation) {
    if (generation != generation_) {
      return;
    }
    wake_at_.reset();
    ask_databases();
    if (pipeline_ != nullptr) {
      step(options_.load());
    }
    step(WorkerTicked{});
  }

 private:
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
      end(opened.error().code == Errc::corrupt ? kExitCorrupt : kExitStorage);
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
      step(std::move(recovered));
    }
  }

  Result<void> dispatch(const FrameView& frame) {
    const std::string run_id(frame.run_id);
    switch (frame.kind) {
      case MessageKind::order: {
        FD_TRY(Order order, decode_order(frame.body));
        if (!order.leases.empty()) {
          FD_FAILPOINT("k21.order_received");
        }
        step(OrderArrived{run_id, std::move(order)});
        return {};
      }
      case MessageKind::run_spec: {
        FD_TRY(RunSpec spec, decode_run_spec(frame.body));
        if (sha256(spec.config_json) != spec.config) {
          return Error{Errc::corrupt, "run spec: its config has another digest"};
        }
        step(RunSpecArrived{run_id, std::move(spec)});
        return {};
      }
      case MessageKind::samples: {
        FD_TRY(Samples samples, decode_samples(frame.body));
        if (run_id == core_.run_id()) {
          step(SamplesArrived{std::move(samples)});
        }
        return {};
      }
      case MessageKind::database_chunk: {
        FD_TRY(DatabaseChunk chunk, decode_database_chunk(frame.body));
        return take_chunk(chunk);
      }
      case MessageKind::ack: {
        FD_TRY(Ack ack, decode_ack(frame.body));
        FD_FAILPOINT("k29.ack_received");
        if (run_id == core_.run_id()) {
          step(AckArrived{ack});
        }
        return {};
      }
      default:
        return Error{Errc::invalid_input, "message: not one for a worker"};
    }
  }

  void perform(WorkerEffects effects) {
    if (effects.reset) {
      pipeline_.reset();
      journal_.reset();
      ++run_;
      waiting_.clear();
      wanted_.clear();
      ready_.clear();
      databases_.unpin_all();
      log_.info("run", {{"run_id", effects.reset->empty() ? "none" : *effects.reset}});
    }
    if (effects.configure) {
      configure(*effects.configure);
    }
    if (over_) {
      return;
    }
    if (effects.slots && pipeline_ != nullptr) {
      pipeline_->gateway().set_slots(*effects.slots);
    }
    if (effects.send_deadline && pipeline_ != nullptr) {
      pipeline_->gateway().set_send_deadline(*effects.send_deadline);
    }
    if (effects.cancel_waiting) {
      cancel_waiting();
    }
    for (StartSample& sample : effects.start) {
      begin(std::move(sample));
    }
    flush_ready();
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
    auto config = config_from_json(json);
    if (config.ok()) {
      PipelineOptions options;
      options.slots = 1;
      options.exec_actors = options_.exec_actors;
      options.open_database =
          [this](const std::string& database) -> Result<std::unique_ptr<SqlSandbox>> {
        if (const auto digest = Digest::from_hex(database)) {
          return open_sqlite_sandbox(databases_.path(*digest));
        }
        return Error{Errc::invalid_input, "'" + database + "' is no digest of a database"};
      };
      options.make_gateway = [this](const RunConfig& run, std::uint32_t slots,
                                    ChatCallback callback) {
        return make_gateway(run, slots, std::move(callback));
      };
      auto pipeline = Pipeline::start(self_->system(), clock_, *config, std::move(options),
                                      caf::actor_cast<caf::actor>(self_));
      if (pipeline.ok()) {
        pipeline_ = std::move(pipeline).value();
        return;
      }
      config = pipeline.error();
    }
    // The coordinator checked this config; a worker that cannot follow it must not pretend to.
    log_.error("config_refused", {{"why", config.error().message}});
    end(kExitConfig);
  }

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
    FD_FAILPOINT_SAMPLE("sample.started", sample.item.sample.id);
    WorkItem item;
    item.run = run_;
    item.shard = sample.shard;
    item.fence = sample.fence;
    item.sample = std::move(sample.item.sample);
    item.answers = std::move(sample.item.answers);
    const auto digest = Digest::from_hex(item.sample.database);
    if (digest && !databases_.has(*digest)) {
      waiting_[*digest].push_back(std::move(item));
      want(*digest);
      return;
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
    if (const auto digest = Digest::from_hex(item.sample.database)) {
      databases_.pin(*digest);
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
    if (const auto digest = Digest::from_hex(database)) {
      databases_.unpin(*digest);
    }
  }

  void want(const Digest& digest) {
    const auto [entry, fresh] = wanted_.try_emplace(digest, clock_.now() + kDatabaseTimeout);
    if (fresh) {
      const std::uint64_t received = databases_.received(digest);
      if (received > 0) {
        log_.info("database_goes_on",
                  {{"digest", digest.hex()}, {"offset", std::to_string(received)}});
      }
      send(FetchDatabase{digest, received});
    }
  }

  /// Asks again for what did not come.
  void ask_databases() {
    for (auto& [digest, again_at] : wanted_) {
      if (clock_.now() >= again_at) {
        again_at = clock_.now() + kDatabaseTimeout;
        send(FetchDatabase{digest, databases_.received(digest)});
      }
    }
  }

  Result<void> take_chunk(const DatabaseChunk& chunk) {
    if (!wanted_.contains(chunk.digest)) {
      return {};
    }
    auto added = databases_.add(chunk.digest, chunk.offset, chunk.total, chunk.bytes);
    if (!added.ok()) {
      return added.error();  // asked for again after the time-out, when pins may be gone
    }
    if (*added == DatabaseCache::Chunk::more) {
      wanted_[chunk.digest] = clock_.now() + kDatabaseTimeout;
      send(FetchDatabase{chunk.digest, databases_.received(chunk.digest)});
    } else if (*added == DatabaseCache::Chunk::complete) {
      wanted_.erase(chunk.digest);
      for (WorkItem& item : waiting_[chunk.digest]) {
        submit(std::move(item));
      }
      waiting_.erase(chunk.digest);
      flush_ready();
    }
    return {};
  }

  // --- wire

  static MessageKind kind_of(const WorkerState&) { return MessageKind::worker_state; }
  static MessageKind kind_of(const Fetch&) { return MessageKind::fetch; }
  static MessageKind kind_of(const FetchDatabase&) { return MessageKind::fetch_database; }
  static MessageKind kind_of(const Deliver&) { return MessageKind::deliver; }

  template <class Message>
  void send(const Message& message) {
    transport_.send("", encode_frame(kind_of(message), core_.run_id(), encode(message)));
    if (kind_of(message) == MessageKind::deliver) {
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
  Transport& transport_;
  const Log& log_;
  WorkerActorOptions options_;
  WorkerCore core_;
  DatabaseCache databases_;
  std::unique_ptr<AnswerJournal> journal_;  ///< of the run that is served; outlives the pipeline
  std::unique_ptr<Pipeline> pipeline_;
  bool over_ = false;
  std::uint64_t run_ = 0;  ///< rises with every run taken up
  std::vector<WorkItem> ready_;
  std::map<Digest, std::vector<WorkItem>> waiting_;  ///< samples whose database is on its way
  std::map<Digest, Instant> wanted_;                 ///< when to ask again
  std::optional<Instant> wake_at_;
  std::uint64_t generation_ = 0;
};

caf::behavior worker_actor(caf::event_based_actor* self, const Clock* clock, Transport* transport,
                           const Log* log, std::shared_ptr<WorkerActorOptions> options) {
  act::end_process_on_exception(self, "worker");
  auto shell = std::make_shared<WorkerShell>(self, *clock, *transport, *log, std::move(*options));
  shell->start();
  return {[shell](const FramesIn& in) { shell->take(*in.frames); },
          [shell](CallDone& done) { shell->record(done); },
          [shell](WorkBatch& batch) { shell->finish(*batch.items); },
          [shell](const WorkDropped& dropped) { shell->drop(*dropped.items); },
          [shell](const JournalFailed& failed) { shell->journal_failed(*failed.error); },
          [shell](const WakeUp& wake) { shell->on_wake(wake.generation); },
          [shell](const StopNow&) { shell->stop(); }};
}

}  // namespace

caf::actor spawn_worker(caf::actor_system& system, const Clock& clock, Transport& transport,
                        const Log& log, WorkerActorOptions options) {
  return system.spawn(worker_actor, &clock, &transport, &log,
                      std::make_shared<WorkerActorOptions>(std::move(options)));
}

}  // namespace fd
