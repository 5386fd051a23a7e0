#include "worker/worker_core.hpp"

#include <algorithm>

#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

constexpr Duration kFlushAfter = milliseconds(5);  ///< how long a record waits for company
constexpr Duration kFetchTimeout = milliseconds(1000);
constexpr std::size_t kStateTimesMax = 256;

}  // namespace

WorkerEffects WorkerCore::step(Instant now, WorkerEvent event) {
  WorkerEffects effects;
  lapse_if_due(now, effects);
  std::visit([&](auto& what) { on(now, what, effects); }, event);
  if (outbox_.size() >= kDeliverRecords || outbox_bytes_ >= kDeliverBytes ||
      (outbox_since_ && now >= *outbox_since_ + kFlushAfter)) {
    flush(now, effects);
  }
  fetch_more(now, effects);
  const bool out_of_time = leave_by_ && now >= *leave_by_;
  if (leaving_ && ((running_.empty() && delivered()) || out_of_time)) {
    effects.exit = true;
    leases_.clear();
    report_due_ = true;
  }
  effects.silent = silence_.look(now);
  act(bulk_.look(now, {awaiting(), unacked_bytes_, in_contact(now), ttl_}), effects);
  if (report_due_ || now >= last_report_ + heartbeat_) {
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
  run_id_ = run_id;
  effects.reset = run_id;
}

/// The coordinator was started again: whatever it has not acknowledged is offered anew, in order.
void WorkerCore::new_epoch(std::uint64_t epoch, WorkerEffects&) {
  epoch_ = epoch;
  deliver_seq_ = 0;
  for (Batch& batch : unacked_) {
    batch.deliver.epoch = epoch;
    batch.deliver.seq = ++deliver_seq_;
  }
  bulk_.start_anew();
  for (auto& [shard, lease] : leases_) {
    lease.asked.reset();
  }
  heard_ = 0;
  resend_at_ = Instant{};
  report_due_ = true;
}

void WorkerCore::on([[maybe_unused]] Instant now, OrderArrived& event, WorkerEffects& effects) {
  const Order& order = event.order;
  effects.heard_again = silence_.heard(now);
  const bool same_run = event.run_id == run_id_;
  if (order.incarnation != config_.incarnation || (same_run && order.epoch < epoch_) ||
      (same_run && order.epoch == epoch_ && order.ack_seq < heard_ &&
       !FD_MUTANT(overtaken_order_taken))) {
    return;  // meant for an earlier process, from an earlier coordinator, or overtaken by a later
             // one
  }
  if (same_run && order.epoch == epoch_ && order.ack_seq == heard_ && !order.drain &&
      !order.run_over && highest_fence(order.leases) < highest_fence()) {
    return;  // overtaken by the second answer to the same state, which named new leases
  }
  if (event.run_id != run_id_) {
    if (order.run_over) {
      return;  // the end of a run we are no part of
    }
    forget_run(effects, event.run_id);
    epoch_ = 0;
  }
  if (order.epoch != epoch_ && (epoch_ == 0 || !FD_MUTANT(new_epoch_not_noticed))) {
    new_epoch(order.epoch, effects);
  }
  heard_ = order.ack_seq;
  heartbeat_ = milliseconds(std::max<std::uint32_t>(order.heartbeat_ms, 1));
  ttl_ = milliseconds(order.ttl_ms);
  // The lease runs from when the state that this answers was sent, so that this side always gives
  // up before the coordinator does.
  if (!in_contact(now)) {
    bulk_.was_away();
  }
  if (const auto sent = state_sent_.find(order.ack_seq); sent != state_sent_.end()) {
    const Instant from = FD_MUTANT(lease_from_receipt) ? now : sent->second;
    lapses_ = std::max(lapses_.value_or(Instant{}), from + ttl_);
    state_sent_.erase(state_sent_.begin(), std::next(sent));
    effects.send_deadline = lapses_;
  }
  if (order.run_over) {
    forget_run(effects, "");
    return;
  }
  if (order.peers != peers_) {
    peers_ = order.peers;
    effects.peers = peers_;
  }
  if (order.slots != slots_) {
    slots_ = order.slots;
    effects.slots = slots_;
  }
  if (order.drain && !draining_) {
    effects.cancel_waiting = true;
    report_due_ = true;
  }
  draining_ = order.drain;
  take_leases(order);
}

/// Fences only rise, so that two answers to one state can be told apart.
std::uint64_t WorkerCore::highest_fence(const std::vector<GrantedLease>& leases) {
  std::uint64_t fence = 0;
  for (const GrantedLease& lease : leases) {
    fence = std::max(fence, lease.fence);
  }
  return fence;
}

std::uint64_t WorkerCore::highest_fence() const {
  std::uint64_t fence = 0;
  for (const auto& [shard, lease] : leases_) {
    fence = std::max(fence, lease.fence);
  }
  return fence;
}

void WorkerCore::take_leases(const Order& order) {
  std::map<std::uint32_t, Lease> next;
  for (const GrantedLease& granted : order.leases) {
    const auto same = leases_.find(granted.shard);
    if (same != leases_.end() && FD_MUTANT(fence_ignored_on_assign)) {
      next[granted.shard] = same->second;
    } else if (Lease* held = find(granted.shard, granted.fence)) {
      next[granted.shard] = *held;
    } else {
      Lease fresh;
      fresh.fence = granted.fence;
      fresh.count = granted.count;
      fresh.blocked = owes(granted.shard) && !FD_MUTANT(fetched_before_acknowledged);
      fresh.mixed = std::any_of(running_.begin(), running_.end(), [&](const auto& entry) {
        return entry.second.shard == granted.shard;
      });
      const auto given_up = given_up_.find(granted.shard);
      if (given_up != given_up_.end() && given_up->second.fence == granted.fence &&
          !FD_MUTANT(given_up_fence_fetched)) {
        take_back(granted.shard, given_up->second, fresh);
      }
      next[granted.shard] = fresh;
      report_due_ = true;
    }
  }
  for (const auto& [shard, lease] : leases_) {
    if (!next.contains(shard)) {
      given_up_[shard] = lease;
    }
  }
  leases_ = std::move(next);
}

/// A lease that was given up (for the coordinator's silence) comes back under the very same fence.
/// What is under way counts for it again, and it goes on where it was: samples may be on their way
/// for longer than a lease. But not where samples of an earlier fence were under way: a reply to
/// what was asked before could not be told from one that knows which of those have ended since. The
/// rest comes with the fence that follows once this one is exhausted.
void WorkerCore::take_back(std::uint32_t shard, const Lease& before, Lease& lease) const {
  lease.mixed = before.mixed;
  if (before.mixed) {
    lease.next = lease.count;
  } else {
    lease.next = before.next;
    lease.asked = before.asked;
    lease.asked_mark = before.asked_mark;
    lease.alone = before.alone;
  }
  for (const auto& [key, running] : running_) {
    lease.under_way += running.shard == shard && running.fence == lease.fence ? 1 : 0;
  }
  lease.undelivered = 0;
  for (const Owed& owed : outbox_) {
    const bool counts =
        owed.settles && owed.record.shard == shard && owed.record.fence == lease.fence;
    lease.undelivered += counts ? 1 : 0;
  }
  for (const Batch& batch : unacked_) {
    lease.undelivered += static_cast<std::uint32_t>(
        std::count(batch.settles.begin(), batch.settles.end(), std::pair{shard, lease.fence}));
  }
}

void WorkerCore::on(Instant, RunSpecArrived& event, WorkerEffects& effects) {
  if (event.run_id != run_id_ || configured_ == event.spec.config) {
    return;  // an Order names the run first
  }
  configured_ = event.spec.config;
  effects.configure = std::move(event.spec.config_json);
  effects.peers = peers_;
  effects.slots = slots_;
  effects.send_deadline = lapses_;
  report_due_ = true;
}

void WorkerCore::on(Instant now, StopAsked&, WorkerEffects& effects) {
  if (leaving_) {
    return;
  }
  leaving_ = true;
  leave_by_ = now + config_.drain;
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
    if (lease.asked && now >= *lease.asked + kFetchTimeout && bulk_.passed(lease.asked_mark)) {
      lease.asked.reset();
    }
  }
  if (!unacked_.empty() && now >= resend_at_ && bulk_.passed(unacked_.front().mark)) {
    resend(now, effects);
  }
}

// --- the bulk connection ------------------------------------------------------------------------

/// Returns whether something that was sent there is not answered.
bool WorkerCore::awaiting() const {
  return database_asked_ || !unacked_.empty() || fetching();
}

void WorkerCore::act(const DataChannelMonitor::Act& act, WorkerEffects& effects) const {
  effects.reconnect = effects.reconnect || act.reconnect;
  if (act.marker) {
    effects.send.push_back(FlushMarker{config_.incarnation, *act.marker});
  }
}

void WorkerCore::on(Instant now, BulkConnected&, WorkerEffects& effects) {
  act(bulk_.connected(now, awaiting()), effects);
}

void WorkerCore::on(Instant now, FlushMarkerReturned& event, WorkerEffects&) {
  if (event.marker.incarnation == config_.incarnation) {
    bulk_.returned(now, event.marker.number);
  }
}

void WorkerCore::on(Instant now, PieceArrived&, WorkerEffects&) {
  bulk_.heard(now);
}

void WorkerCore::on(Instant, GatewayLoad& event, WorkerEffects&) {
  load_ = event;
}

void WorkerCore::on(Instant, ServingLoad& event, WorkerEffects&) {
  serving_ = event;
}

// --- reports ----------------------------------------------------------------------------------

void WorkerCore::report(Instant now, WorkerEffects& effects) {
  WorkerState state;
  state.name = config_.name;
  state.incarnation = config_.incarnation;
  state.seq = ++state_seq_;
  state.epoch = epoch_;
  state.config = configured_;
  for (const auto& [shard, lease] : leases_) {
    // What a leaving worker has not got yet, it gives back.
    const std::uint32_t unfetched = leaving_ ? 0 : lease.count - lease.next;
    state.leases.push_back({shard, lease.fence, unfetched, lease.under_way + lease.undelivered});
  }
  state.slots_max = config_.slots_max;
  state.in_flight = load_.in_flight;
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
  state_sent_[state.seq] = now;
  while (state_sent_.size() > kStateTimesMax) {
    state_sent_.erase(state_sent_.begin());
  }
  last_report_ = now;
  report_due_ = false;
  effects.send.push_back(std::move(state));
}

void WorkerCore::plan_tick(Instant now) {
  Instant due = last_report_ + heartbeat_;
  if (outbox_since_ && window_open()) {
    due = std::min(due, *outbox_since_ + kFlushAfter);
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
