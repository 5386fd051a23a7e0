#include "worker/worker_loop.hpp"

#include <type_traits>
#include <utility>

#include "actors/system/failpoint.hpp"
#include "protocol/base/mutant.hpp"
#include "protocol/exit_code.hpp"
#include "worker/outcome_size.hpp"
#include "worker/worker_messages.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kRefusedLogged = 20;  ///< refused messages that get a line in the log

}  // namespace

WorkerLoop::WorkerLoop(const Clock& clock, const Log& log, WorkerPorts& ports, SessionParts& parts,
                       DatabaseStore& store, WorkerLoopOptions options)
    : clock_(clock),
      log_(log),
      ports_(ports),
      parts_(parts),
      options_(std::move(options)),
      core_(options_.core),
      databases_(store, options_.database_cache_bytes, core_, clock, log,
                 [this](const FetchDatabase& fetch) {
                   ports_.send(Wire::bulk, encode_frame(core_.run_id(), core_.speaker(), fetch));
                 }) {}

void WorkerLoop::start() {
  databases_.start();
  plan_wake();
}

// --- what arrives -------------------------------------------------------------------------------

void WorkerLoop::take(std::string_view bytes) {
  if (over_) {
    return;
  }
  auto event = message_event(bytes);
  if (!event.ok() && event.error().code == Errc::unsupported) {
    end_refused(event.error().message);
    return;
  }
  if (!event.ok()) {
    refuse_message("message_refused", event.error().message);
    return;
  }
  if (const auto* order = std::get_if<OrderArrived>(&*event)) {
    if (!order->order.refused.empty() && order->from.incarnation == options_.core.incarnation) {
      end_refused(order->order.refused);
      return;
    }
  }
  step(std::move(event).value());
}

void WorkerLoop::take_request(const std::string& peer, std::string_view bytes) {
  if (over_) {
    return;
  }
  if (const auto taken = dispatch_request(peer, bytes); !taken.ok()) {
    refuse_message("peer_message_refused", taken.error().message);
  }
}

Result<void> WorkerLoop::dispatch_request(const std::string& peer, std::string_view bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  if (frame.kind != MessageKind::stage_request) {
    return Error{Errc::invalid_input, "message: not one for a worker that serves stages"};
  }
  return session_ != nullptr ? session_->take_request(peer, frame) : put_off(parts_, peer, frame);
}

void WorkerLoop::record(std::uint64_t run, Record record, std::uint64_t journal_seq) {
  if (session_ != nullptr && run == session_->number()) {
    step(RecordReady{std::move(record), false, journal_seq});
  }
}

void WorkerLoop::finish(std::vector<WorkItem> items) {
  for (WorkItem& item : items) {
    FD_CHECK(item.outcome.has_value());
    const bool earlier = session_ != nullptr && item.run != session_->number() &&
                         !FD_MUTANT(sample_of_earlier_session_taken);
    if (session_ == nullptr || earlier) {
      continue;
    }
    session_->left(item);
    if (!item.trouble.empty()) {
      take(DatabaseTrouble{item.sample.database, std::move(item.trouble)});
      if (!item.again && !over_) {
        session_->begin_again(std::move(item));
        continue;
      }
    }
    Record record{item.shard, item.fence, {}, {}, std::move(item.outcome), {}};
    record.outcome->times = std::move(item.times);
    if (const std::string why = fit_outcome(*record.outcome, item.answers); !why.empty()) {
      step(TroubleMet{why});
    }
    step(RecordReady{std::move(record), true, 0});
  }
  if (!over_) {
    flush();
  }
}

void WorkerLoop::drop(const std::vector<WorkItem>& items) {
  for (const WorkItem& item : items) {
    if (session_ != nullptr && item.run == session_->number()) {
      session_->left(item);
      step(SampleDropped{item.fence, item.sample.id});
    }
  }
}

void WorkerLoop::served(std::uint64_t ticket, StageReply reply) {
  if (session_ != nullptr && session_->served(ticket, std::move(reply))) {
    step(session_->serving());
  }
}

void WorkerLoop::rejected() {
  end(kExitRefused);
}

void WorkerLoop::journal_failed(const Error& error) {
  if (!over_) {
    log_.error("journal_failed", {{"why", error.message}});
    end(kExitStorage);
  }
}

void WorkerLoop::wake(std::uint64_t generation) {
  if (generation != generation_ || over_) {
    return;
  }
  wake_at_.reset();
  databases_.ask();
  heed_databases();
  if (session_ != nullptr) {
    session_->say_working();
    step(session_->load());
  }
  step(WorkerTicked{databases_.asking()});
}

// --- effects ------------------------------------------------------------------------------------

/// Steps the core. An event that the performance of effects brings about comes after all of them.
void WorkerLoop::step(WorkerEvent event) {
  events_.push_back(std::move(event));
  if (stepping_) {
    return;
  }
  stepping_ = true;
  while (!events_.empty() && !over_) {
    WorkerEvent next = std::move(events_.front());
    events_.pop_front();
    perform(core_.step(clock_.now(), std::move(next)));
  }
  events_.clear();
  stepping_ = false;
}

void WorkerLoop::perform(WorkerEffects effects) {
  JournalRecovered recovered;
  if (!begin_session(effects, recovered)) {
    return;
  }
  tell_gateway(effects);
  say(effects);
  if (effects.cancel_waiting) {
    cancel_waiting();
  }
  if (effects.chunk) {
    databases_.take(std::move(*effects.chunk));
    heed_databases();
    if (over_) {
      return;
    }
  }
  for (StartSample& sample : effects.start) {
    session_->begin(std::move(sample));
  }
  if (effects.reconnect) {
    log_.warn("bulk_connection_mute", {{"now", "made anew"}});
    ports_.reconnect_bulk();
  }
  for (const WorkerMessage& message : effects.send) {
    send(message);
  }
  if (effects.release && session_ != nullptr) {
    session_->release(*effects.release);
  }
  if (effects.exit || effects.give_up) {
    effects.exit ? log_.info("drained") : log_.error("given_up", {{"why", *effects.give_up}});
    end(effects.exit ? kExitComplete : kExitMismatch);
    return;
  }
  flush();
  if (effects.shares) {
    step(session_ != nullptr ? session_->load() : CallLoad{});
  }
  if (effects.reset && !effects.reset->empty()) {
    events_.emplace_front(std::move(recovered));  // before anything else of the session
  }
  plan_wake();
}

/// Ends the session of the run before, opens that of the next, and starts what a config asks for.
/// Returns false when the loop ended.
bool WorkerLoop::begin_session(WorkerEffects& effects, JournalRecovered& recovered) {
  if (effects.reset) {
    session_.reset();
    log_.info("run", {{"run_id", effects.reset->empty() ? "none" : *effects.reset}});
  }
  if (effects.reset && !effects.reset->empty()) {
    SessionOptions options;
    options.identity = {++sessions_, *effects.reset, core_.speaker()};
    options.identity.speaker.start = 0;
    options.worker = options_.core.name;
    options.incarnation = options_.core.incarnation + sessions_;
    options.stages = options_.core.stages;
    options.serves_peers = options_.serves_peers;
    auto opened = RunSession::open(
        parts_, databases_, std::move(options),
        [this](const Error& error) { ports_.journal_failed(error); }, recovered);
    if (!opened.ok()) {
      log_.error("journal_refused", {{"why", opened.error().message}});
      end(exit_code_of(opened.error().code));
      return false;
    }
    session_ = std::move(opened).value();
    if (!recovered.entries.empty()) {
      log_.info("journal_recovered",
                {{"calls", std::to_string(recovered.entries.size() - recovered.in_doubt)},
                 {"in_doubt", std::to_string(recovered.in_doubt)}});
    }
  }
  if (effects.configure) {
    configure(*effects.configure);
  }
  return !over_;
}

void WorkerLoop::configure(const std::string& json) {
  FD_CHECK(session_ != nullptr);
  const auto configured = session_->configure(json);
  if (configured.ok()) {
    return;
  }
  if (configured.error().code == Errc::unsupported) {
    end_refused(configured.error().message);
    return;
  }
  // The coordinator checked this config; a worker that cannot follow it must not pretend to.
  log_.error("config_refused", {{"why", configured.error().message}});
  end(kExitUsage);
}

void WorkerLoop::tell_gateway(const WorkerEffects& effects) {
  if (effects.peers) {
    ports_.peers_known(*effects.peers);
  }
  if (session_ == nullptr) {
    return;
  }
  if (effects.peers) {
    session_->use_peers(*effects.peers);
  }
  Gateway* gateway = session_->gateway();
  if (gateway == nullptr) {
    return;
  }
  if (effects.shares) {
    gateway->set_shares(*effects.shares);
  }
  if (effects.send_deadline && !FD_MUTANT(no_send_deadline)) {
    gateway->set_send_deadline(*effects.send_deadline);
  }
}

void WorkerLoop::say(const WorkerEffects& effects) {
  if (effects.lapsed > 0) {
    log_.warn("coordinator_not_heard", {{"leases_given_up", std::to_string(effects.lapsed)}});
  }
  if (effects.silent) {
    ports_.silent(*effects.silent);
  }
  if (effects.heard_again) {
    log_.info("coordinator_heard");
  }
}

/// Nothing new is started: neither calls that were not sent, nor samples whose database is on its
/// way.
void WorkerLoop::cancel_waiting() {
  if (session_ == nullptr) {
    return;
  }
  for (const WorkItem& item : session_->cancel_waiting()) {
    step(SampleDropped{item.fence, item.sample.id});
  }
}

/// Hands samples to the stages; what cannot run has failed.
void WorkerLoop::flush() {
  if (session_ == nullptr) {
    return;
  }
  for (Record& record : session_->flush()) {
    step(RecordReady{std::move(record), true, 0});
  }
}

// --- the wire, and the end ----------------------------------------------------------------------

void WorkerLoop::send(const WorkerMessage& message) {
  const bool state = std::holds_alternative<WorkerState>(message);
  ports_.send(state ? Wire::control : Wire::bulk,
              frame_of(core_.run_id(), core_.speaker(), message));
  if (std::holds_alternative<Deliver>(message)) {
    FD_FAILPOINT("k28.deliver_sent");
  }
}

void WorkerLoop::refuse_message(const char* event, const std::string& why) {
  if (++refused_ <= kRefusedLogged) {
    log_.warn(event, {{"why", why}, {"total", std::to_string(refused_)}});
  }
}

/// This program and the coordinator's do not go together; trying again would change nothing.
void WorkerLoop::end_refused(const std::string& why) {
  log_.error("refused", {{"why", why}});
  end(kExitMismatch);
}

void WorkerLoop::end(int exit_code) {
  if (!over_) {
    over_ = true;
    session_.reset();
    ports_.ended(exit_code);
  }
}

/// Sees to it that a wake-up comes when the core wants one.
void WorkerLoop::plan_wake() {
  const Instant due = core_.next_tick();
  if (!wake_at_ || *wake_at_ > due) {
    wake_at_ = due;
    ports_.wake_at(due, ++generation_);
  }
}

}  // namespace fd
