#include "worker/worker_core.hpp"

#include <algorithm>

#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

constexpr Duration kFetchTimeout = milliseconds(1000);
constexpr std::size_t kStateTimesMax = 256;
/// A change of what it could have in flight by such a part is told at once.
constexpr std::uint64_t kDemandPart = 8;

}  // namespace

WorkerEffects WorkerCore::step(Instant now, WorkerEvent event) {
  WorkerEffects effects;
  lapse_if_due(now, effects);
  std::visit(
      [&](auto& what) {
        if constexpr (std::is_base_of_v<FromCoordinator, std::remove_cvref_t<decltype(what)>>) {
          if (!at_the_door(what)) {
            return;
          }
        }
        on(now, what, effects);
      },
      event);
  if (outbox_.size() >= kDeliverRecords || outbox_bytes_ >= kDeliverBytes ||
      (outbox_since_ && now >= *outbox_since_ + flush_after_)) {
    flush(now, effects);
  }
  fetch_more(now, effects);
  // What a new session's journal has is owed: the event that brings it, and a state, follow.
  const bool opens = effects.reset && !effects.reset->empty();
  const bool done = running_.empty() && delivered() && !opens;
  const bool out_of_time = leave_by_ && now >= *leave_by_;
  if (leaving_ && (done || out_of_time)) {
    effects.exit = true;
    leases_.clear();
    report_due_ = true;
  }
  effects.silent = silence_.look(now);
  act(bulk_.look(now, {awaiting(), unacked_bytes_, in_contact(now), ttl_}), effects);
  if (!opens && (report_due_ || now >= last_report_ + heartbeat_)) {
    report(now, effects);
  }
  plan_tick(now);
  return effects;
}

WorkerCore::Lease* WorkerCore::find(std::uint32_t shard, std::uint64_t fence) {
  const auto found = leases_.find(shard);
  return found != leases_.end() && found->second.fence == fence ? &found->second : nullptr;
}

// --- control ----------------------------------------------------------------------------------

void WorkerCore::forget_run(WorkerEffects& effects, const std::string& run_id) {
  leases_.clear();
  given_up_.clear();
  running_.clear();
  alone_ = false;
  heard_ = 0;
  configured_.reset();
  outbox_.clear();
  outbox_bytes_ = 0;
  outbox_since_.reset();
  unacked_.clear();
  unacked_bytes_ = 0;
  deliver_seq_ = 0;
  lapses_.reset();
  draining_ = false;
  bulk_.start_anew();
  peers_.clear();
  recovered_.clear();
  troubles_.clear();
  endpoint_errors_ = {};
  resends_ = {};
  load_ = {};
  shares_.clear();
  shares_applied_.clear();
  slots_ = 0;
  share_number_ = share_applied_ = 0;
  run_id_ = run_id;
  ledger_ = 0;
  start_ = 0;
  effects.reset = run_id;
}

void WorkerCore::on(Instant, RunSpecArrived& event, WorkerEffects& effects) {
  if (configured_ == event.spec.config) {
    return;
  }
  if (configured_) {
    end_session(effects);
  }
  configured_ = event.spec.config;
  effects.configure = std::move(event.spec.config_json);
  effects.peers = peers_;
  effects.shares = shares_;
  effects.send_deadline = lapses_;
  report_due_ = true;
}

/// The run goes on by another config, in another session. Samples in flight are gone; their calls
/// are offered from the journal. Batches that were sent keep their numbers, for the coordinator may
/// have them. Leases have nothing left to fetch: what is missing comes under a new fence, behind
/// what is offered.
void WorkerCore::end_session(WorkerEffects& effects) {
  running_.clear();
  alone_ = false;
  for (auto* leases : {&leases_, &given_up_}) {
    for (auto& [shard, lease] : *leases) {
      lease.next = lease.count;
      lease.under_way = 0;
      lease.asked.reset();
      lease.piece.reset();
      lease.alone = false;
      lease.mixed = true;
    }
  }
  for (Batch& batch : unacked_) {
    batch.journal_seq = 0;  // of a journal that is offered again, under other numbers
  }
  std::erase_if(outbox_, [](const Owed& owed) { return owed.journal_seq > 0; });
  outbox_bytes_ = 0;
  for (const Owed& owed : outbox_) {
    outbox_bytes_ += owed.bytes;
  }
  load_ = {};
  effects.reset = run_id_;
}

void WorkerCore::on(Instant now, StopAsked&, WorkerEffects& effects) {
  if (leaving_) {
    return;
  }
  leaving_ = true;
  leave_by_ = now + config_.drain;
  use_shares({}, effects);  // no call begins any more
  effects.cancel_waiting = true;
  report_due_ = true;
}

/// Before anything else is done, so that nothing is started under a lease that is over.
void WorkerCore::lapse_if_due(Instant now, WorkerEffects& effects) {
  if (lapses_ && now >= *lapses_ && !leases_.empty() && !FD_MUTANT(worker_never_gives_up)) {
    for (const auto& [shard, lease] : leases_) {
      given_up_[shard] = lease;
    }
    effects.lapsed = leases_.size();
    leases_.clear();  // others may own the shards by now; what is under way is still delivered
    effects.cancel_waiting = true;
    report_due_ = true;
  }
}

void WorkerCore::on(Instant now, WorkerTicked& event, WorkerEffects& effects) {
  database_asked_ = event.database_asked;
  for (auto& [shard, lease] : leases_) {
    if (lease.asked && now >= *lease.asked + kFetchTimeout && bulk_.passed(lease.asked_mark) &&
        repeat(now, lease.repeats, "a request for samples", effects)) {
      lease.asked.reset();
    }
  }
  if (!unacked_.empty() && now >= resend_at_ && bulk_.passed(unacked_.front().mark) &&
      repeat(now, resends_, "a message with records", effects)) {
    resend(now, effects);
  }
}

/// Counts that `what` is sent again. Returns false when that has been in vain for too long: the
/// coordinator is heard, it answers what was sent later, and it does not answer this.
bool WorkerCore::repeat(Instant now, Repeats& repeats, const char* what,
                        WorkerEffects& effects) const {
  if (repeats.count == 0 || !in_contact(now)) {
    repeats = {0, now};
  }
  if (++repeats.count > kRepeatsMax && now - repeats.since > kRepeatTtls * ttl_) {
    effects.give_up = std::string(what) + " was sent " + std::to_string(repeats.count) +
                      " times, and the coordinator does not answer it";
    return false;
  }
  return true;
}

void WorkerCore::on(Instant, TroubleMet& event, WorkerEffects&) {
  troubles_.push_back(std::move(event.what));
  if (troubles_.size() > kTroublesMax) {
    troubles_.pop_front();
  }
  report_due_ = true;
}

void WorkerCore::on(Instant now, EndpointErrorMet& event, WorkerEffects&) {
  endpoint_errors_.add(now, std::move(event.error));
  report_due_ = true;
}

// --- the bulk connection ------------------------------------------------------------------------

/// Returns whether something that was sent there is not answered.
bool WorkerCore::awaiting() const {
  return database_asked_ || !unacked_.empty() || fetching();
}

void WorkerCore::act(const DataChannelMonitor::Act& act, WorkerEffects& effects) const {
  effects.reconnect = effects.reconnect || act.reconnect;
  if (act.marker) {
    effects.send.push_back(FlushMarker{*act.marker});
  }
}

void WorkerCore::on(Instant now, BulkConnected&, WorkerEffects& effects) {
  act(bulk_.connected(now, awaiting()), effects);
}

void WorkerCore::on(Instant now, FlushMarkerReturned& event, WorkerEffects&) {
  bulk_.returned(now, event.marker.number);
}

void WorkerCore::on(Instant now, PieceArrived& event, WorkerEffects& effects) {
  bulk_.heard(now);
  effects.chunk = std::move(event.chunk);
}

/// Returns how many calls the worker could have in flight, as far as it knows.
std::uint64_t WorkerCore::demand() const {
  std::uint64_t calls = load_.in_flight() + load_.waiting;
  for (const auto& [shard, lease] : leases_) {
    calls += lease.count - lease.next;
  }
  return calls;
}

/// Tells the coordinator when what it shares out is needed here no more, or is missing.
void WorkerCore::on(Instant, CallLoad& event, WorkerEffects&) {
  load_ = std::move(event);
  if (share_applied_ != share_number_ || shares_applied_ != shares_) {
    share_applied_ = share_number_;
    shares_applied_ = shares_;
    report_due_ = true;
  }
  const std::uint64_t now = demand();
  const std::uint64_t least = std::max<std::uint64_t>(1, last_demand_ / kDemandPart);
  const bool less = now < slots_ && now + least <= last_demand_;
  const bool more = now > slots_ && now >= last_demand_ + least;
  const bool gives_back = last_in_flight_ > slots_ && load_.in_flight() < last_in_flight_;
  report_due_ = report_due_ || less || more || gives_back || endpoints_differ();
}

/// Returns whether an endpoint is in another state than the coordinator was told, or a share of it
/// is waited for.
bool WorkerCore::endpoints_differ() const {
  const auto same = [](const EndpointReport& one, const EndpointReport& other) {
    return one.state == other.state && one.wanted == other.wanted;
  };
  return !std::ranges::equal(load_.endpoints, last_endpoints_, same);
}

void WorkerCore::on(Instant, ServingLoad& event, WorkerEffects&) {
  serving_ = event;
}

/// Returns how many records without an outcome are on their way under a lease.
std::uint32_t WorkerCore::answers_owed(std::uint32_t shard, std::uint64_t fence) const {
  const auto counts = [&](const Record& record) {
    return record.shard == shard && record.fence == fence && !record.outcome;
  };
  auto owed = std::ranges::count_if(outbox_, counts, &Owed::record);
  for (const Batch& batch : unacked_) {
    owed += std::ranges::count_if(batch.deliver.records, counts);
  }
  return static_cast<std::uint32_t>(owed);
}

// --- reports ----------------------------------------------------------------------------------

void WorkerCore::report(Instant now, WorkerEffects& effects) {
  WorkerState state;
  state.name = config_.name;
  state.seq = ++state_seq_;
  state.config = configured_;
  for (const auto& [shard, lease] : leases_) {
    // What a leaving worker has not got yet, it gives back.
    const std::uint32_t unfetched = leaving_ ? 0 : lease.count - lease.next;
    std::uint32_t outstanding = lease.under_way + lease.undelivered;
    if (leaving_ && !FD_MUTANT(owed_answers_not_counted)) {
      // Who gets the lease next must find the answers of samples that were dropped here.
      outstanding += answers_owed(shard, lease.fence);
    }
    state.leases.push_back({shard, lease.fence, unfetched, outstanding});
  }
  state.slots_max = config_.slots_max;
  if (!running_.empty()) {  // else what is known of it may be old
    state.in_flight = load_.in_flight();
    state.waiting = load_.waiting;
    state.calls = load_.at;
  }
  state.shares = shares_applied_;
  state.share_heard = share_applied_;
  last_demand_ = demand();
  last_in_flight_ = load_.in_flight();
  report_endpoints(state);
  state.full_ms = load_.full_ms;
  state.leaving = leaving_;
  state.draining = draining_;
  state.version = FD_VERSION;
  state.heard = heard_;
  state.stages = config_.stages;
  state.policy = config_.policy;
  state.peer_endpoint = config_.peer_endpoint;
  state.peer_key = config_.peer_key;
  state.threads = config_.threads;
  state.serving = serving_.serving;
  state.served = serving_.served;
  std::size_t owed = running_.size() + outbox_.size();
  for (const Batch& batch : unacked_) {
    owed += batch.deliver.records.size();
  }
  state.owed = static_cast<std::uint32_t>(owed);
  state.recovered = recovered_;
  state.troubles.assign(troubles_.begin(), troubles_.end());
  state.endpoint_errors = endpoint_errors_.at(now);
  state_sent_[state.seq] = now;
  while (state_sent_.size() > kStateTimesMax) {
    state_sent_.erase(state_sent_.begin());
  }
  last_report_ = now;
  report_due_ = false;
  effects.send.push_back(std::move(state));
}

/// Nothing is said as long as nothing was tried.
void WorkerCore::report_endpoints(WorkerState& state) {
  last_endpoints_ = load_.endpoints;
  if (std::ranges::any_of(last_endpoints_, [](const EndpointReport& one) {
        return one.wanted || one.state != EndpointState::untried;
      })) {
    state.endpoints = last_endpoints_;
  }
}

void WorkerCore::plan_tick(Instant now) {
  Instant due = last_report_ + heartbeat_;
  if (outbox_since_ && window_open()) {
    due = std::min(due, *outbox_since_ + flush_after_);
  }
  if (!unacked_.empty() && bulk_.passed(unacked_.front().mark)) {
    due = std::min(due, resend_at_);
  }
  if (leave_by_) {
    due = std::min(due, *leave_by_);
  }
  if (lapses_ && !leases_.empty()) {
    due = std::min(due, *lapses_);
  }
  next_tick_ = std::max(due, now);
}

}  // namespace fd
