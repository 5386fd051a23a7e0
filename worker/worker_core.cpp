#include "worker/worker_core.hpp"

#include <algorithm>

#include "protocol/mutant.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kParcelRecords = 128;        ///< records in one Deliver
constexpr std::size_t kParcelBytes = 4u << 20;     ///< bytes in one Deliver, about
constexpr std::size_t kUnackedMax = 64;            ///< parcels on the way before fetching stops
constexpr Duration kFlushAfter = milliseconds(5);  ///< how long a record waits for company
constexpr Duration kResendAfter = milliseconds(1000);
constexpr Duration kFetchTimeout = milliseconds(1000);
constexpr std::uint32_t kFetchMin = 32;  ///< smaller holes wait, to keep messages few
constexpr std::size_t kStateTimesMax = 256;

}  // namespace

WorkerEffects WorkerCore::step(Instant now, WorkerEvent event) {
  WorkerEffects effects;
  lapse_if_due(now, effects);
  std::visit([&](auto& what) { on(now, what, effects); }, event);
  if (outbox_.size() >= kParcelRecords || outbox_bytes_ >= kParcelBytes ||
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
  outbox_settles_.clear();
  outbox_since_.reset();
  outbox_journal_seq_ = 0;
  unacked_.clear();
  deliver_seq_ = 0;
  lapses_.reset();
  draining_ = false;
  run_id_ = run_id;
  effects.reset = run_id;
}

/// The coordinator was started again: whatever it has not acknowledged is offered anew, in order.
void WorkerCore::new_epoch(std::uint64_t epoch, WorkerEffects&) {
  epoch_ = epoch;
  deliver_seq_ = 0;
  for (Parcel& parcel : unacked_) {
    parcel.deliver.epoch = epoch;
    parcel.deliver.seq = ++deliver_seq_;
  }
  for (auto& [shard, lease] : leases_) {
    lease.asked.reset();
  }
  heard_ = 0;
  resend_at_ = Instant{};
  report_due_ = true;
}

void WorkerCore::on([[maybe_unused]] Instant now, OrderArrived& event, WorkerEffects& effects) {
  const Order& order = event.order;
  const bool same_run = event.run_id == run_id_;
  if (order.incarnation != config_.incarnation || (same_run && order.epoch < epoch_) ||
      (same_run && order.epoch == epoch_ && order.ack_seq < heard_ &&
       !FD_MUTANT(overtaken_order_taken))) {
    return;  // meant for an earlier process, from an earlier coordinator, or overtaken by a later
             // one
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
      if (given_up != given_up_.end() && given_up->second == granted.fence &&
          !FD_MUTANT(given_up_fence_fetched)) {
        take_back(granted.shard, fresh);
      }
      next[granted.shard] = fresh;
      report_due_ = true;
    }
  }
  for (const auto& [shard, lease] : leases_) {
    if (!next.contains(shard)) {
      given_up_[shard] = lease.fence;
    }
  }
  leases_ = std::move(next);
}

/// A lease that was given up (for the coordinator's silence) comes back under the very same fence.
/// What is under way counts for it again, but nothing more is fetched: a reply to what was asked
/// before could not be told from one that knows what has ended since. The rest comes with the fence
/// that follows once this one is exhausted.
void WorkerCore::take_back(std::uint32_t shard, Lease& lease) const {
  lease.next = lease.count;
  for (const auto& [key, running] : running_) {
    lease.under_way += running.shard == shard && running.fence == lease.fence ? 1 : 0;
  }
  const auto count = [&](const auto& settles) {
    return static_cast<std::uint32_t>(
        std::count(settles.begin(), settles.end(), std::pair{shard, lease.fence}));
  };
  lease.undelivered = count(outbox_settles_);
  for (const Parcel& parcel : unacked_) {
    lease.undelivered += count(parcel.settles);
  }
}

void WorkerCore::on(Instant, RunSpecArrived& event, WorkerEffects& effects) {
  if (event.run_id != run_id_ || configured_ == event.spec.config) {
    return;  // an Order names the run first
  }
  configured_ = event.spec.config;
  effects.configure = std::move(event.spec.config_json);
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
      given_up_[shard] = lease.fence;
    }
    leases_.clear();  // others may own the shards by now; what is under way is still delivered
    effects.cancel_waiting = true;
    report_due_ = true;
  }
}

void WorkerCore::on(Instant now, WorkerTicked&, WorkerEffects& effects) {
  for (auto& [shard, lease] : leases_) {
    if (lease.asked && now >= *lease.asked + kFetchTimeout) {
      lease.asked.reset();
    }
  }
  if (!unacked_.empty() && now >= resend_at_) {
    resend(now, effects);
  }
}

void WorkerCore::on(Instant, GatewayLoad& event, WorkerEffects&) {
  load_ = event;
}

// --- samples in, records out -------------------------------------------------------------------

template <class Predicate>
bool WorkerCore::any_owed(Predicate predicate) const {
  return std::any_of(outbox_.begin(), outbox_.end(), predicate) ||
         std::any_of(unacked_.begin(), unacked_.end(), [&](const Parcel& parcel) {
           const std::vector<Record>& records = parcel.deliver.records;
           return std::any_of(records.begin(), records.end(), predicate);
         });
}

/// Returns whether records of this shard are not acknowledged yet. Until they are, the coordinator
/// may not know their answers, and would have a lease's samples asked again that it gives anew.
bool WorkerCore::owes(std::uint32_t shard) const {
  return any_owed([&](const Record& record) { return record.shard == shard; });
}

/// Returns whether an answer to this sample was handed over and is not acknowledged yet.
bool WorkerCore::owes_answer(const SampleId& id) const {
  return any_owed(
      [&](const Record& record) { return record.answer && record.answer->sample_id == id; });
}

void WorkerCore::fetch_more(Instant now, WorkerEffects& effects) {
  if (!configured_ || stopping() || unacked_.size() >= kUnackedMax || slots_ == 0) {
    return;
  }
  if (alone_) {
    if (!running_.empty() || !delivered()) {
      return;  // until its end is on record, nothing else may be taken for the cause of ours
    }
    alone_ = false;
  }
  std::uint64_t held = running_.size();
  for (auto& [shard, lease] : leases_) {
    held += lease.asked ? lease.asked_count : 0;
    if (lease.alone) {
      fetch_alone(now, shard, lease, effects);
      return;
    }
  }
  const std::uint64_t window = slots_ + std::max(config_.prefetch, slots_ / 2);
  for (auto& [shard, lease] : leases_) {
    if (held >= window) {
      return;
    }
    if (lease.asked || lease.blocked || lease.next >= lease.count) {
      continue;
    }
    const std::uint64_t left = lease.count - lease.next;
    const std::uint64_t room = window - held;
    if (room < std::min(kFetchMin, config_.prefetch / 2) && room < left) {
      return;
    }
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>({left, room, kMaxFetchSamples}));
    lease.asked = now;
    lease.asked_count = count;
    held += count;
    effects.send.push_back(Fetch{shard, lease.fence, lease.next, count, false});
  }
}

/// Asks for a suspect once nothing else is under way, asked for, or owed.
void WorkerCore::fetch_alone(Instant now, std::uint32_t shard, Lease& lease,
                             WorkerEffects& effects) {
  const bool asked = std::any_of(leases_.begin(), leases_.end(),
                                 [](const auto& entry) { return entry.second.asked.has_value(); });
  if (running_.empty() && delivered() && !asked) {
    lease.asked = now;
    lease.asked_count = 1;
    effects.send.push_back(Fetch{shard, lease.fence, lease.next, 1, true});
  }
}

void WorkerCore::on(Instant, SamplesArrived& event, WorkerEffects& effects) {
  Samples& samples = event.samples;
  Lease* lease = find(samples.shard, samples.fence);
  const bool nothing_but_suspects = samples.alone && samples.items.empty();
  if (lease == nullptr || (samples.from != lease->next && !FD_MUTANT(repeated_samples_started)) ||
      samples.next > lease->count || samples.next < samples.from ||
      (samples.next == samples.from && (!nothing_but_suspects || lease->alone))) {
    return;  // repeated, or of a lease that is gone
  }
  if (samples.alone && !samples.items.empty() && (!running_.empty() || !lease->alone)) {
    return;  // a suspect, but we are not alone any more: asked for again
  }
  lease->asked.reset();
  if (stopping()) {
    return;
  }
  lease->next = samples.next;
  lease->alone = nothing_but_suspects;
  alone_ = samples.alone && !samples.items.empty();
  for (SampleItem& item : samples.items) {
    if (lease->mixed && owes_answer(item.sample.id)) {
      continue;  // it ended while this was on its way; sent again, with that answer, by a later
                 // lease
    }
    if (!adopt(samples, item)) {
      running_[{item.sample.id, samples.fence}] = {samples.shard, samples.fence, {}};
      effects.start.push_back({samples.shard, samples.fence, std::move(item)});
    }
    ++lease->under_way;
  }
  if (lease->next == lease->count) {
    report_due_ = true;  // ask for the next shard before this one runs dry
  }
}

/// A sample that is still under way since an earlier lease is not started again: it counts under
/// this one from here on. Not when another answer than ours is on record: what is under way would
/// not follow from it.
bool WorkerCore::adopt(const Samples& samples, const SampleItem& item) {
  const auto end = running_.end();
  for (auto it = running_.lower_bound({item.sample.id, 0});
       it != end && it->first.first == item.sample.id; ++it) {
    Running& running = it->second;
    const bool same =
        std::all_of(item.answers.begin(), item.answers.end(), [&](const Answer& recorded) {
          return std::all_of(running.answers.begin(), running.answers.end(),
                             [&](const Answer& ours) {
                               return ours.candidate != recorded.candidate || ours == recorded;
                             });
        });
    if (same && !FD_MUTANT(under_way_started_again)) {
      if (Lease* before = find(running.shard, running.fence); before != nullptr) {
        --before->under_way;
      }
      running.shard = samples.shard;
      running.fence = samples.fence;
      return true;
    }
  }
  return false;
}

void WorkerCore::on(Instant now, RecordReady& event, WorkerEffects&) {
  Record& record = event.record;
  const SampleId& id = record.outcome  ? record.outcome->sample_id
                       : record.answer ? record.answer->sample_id
                                       : record.call->sample_id;
  const auto found = running_.find({id, record.fence});
  FD_CHECK(found != running_.end());
  record.shard = found->second.shard;
  record.fence = found->second.fence;
  if (event.last) {
    if (Lease* lease = find(record.shard, record.fence)) {
      FD_CHECK(lease->under_way > 0);
      --lease->under_way;
      ++lease->undelivered;
    }
    outbox_settles_.emplace_back(record.shard, record.fence);
    running_.erase(found);
  } else if (record.answer) {
    found->second.answers.push_back(*record.answer);
  }
  put(now, std::move(record), event.journal_seq);
}

void WorkerCore::on(Instant now, JournalRecovered& event, WorkerEffects&) {
  for (JournalRecovered::Entry& entry : event.entries) {
    put(now, std::move(entry.record), entry.journal_seq);
  }
}

/// Puts a record into the outbox.
void WorkerCore::put(Instant now, Record record, std::uint64_t journal_seq) {
  outbox_bytes_ += encoded_size_bound(record);
  outbox_journal_seq_ = std::max(outbox_journal_seq_, journal_seq);
  outbox_.push_back(std::move(record));
  if (!outbox_since_) {
    outbox_since_ = now;
  }
}

void WorkerCore::on(Instant, SampleDropped& event, WorkerEffects&) {
  const auto found = running_.find({event.sample_id, event.fence});
  FD_CHECK(found != running_.end());
  if (Lease* lease = find(found->second.shard, found->second.fence)) {
    FD_CHECK(lease->under_way > 0);
    --lease->under_way;
    report_due_ = report_due_ || lease->under_way == 0;
  }
  running_.erase(found);
}

void WorkerCore::flush(Instant now, WorkerEffects& effects) {
  if (outbox_.empty() || epoch_ == 0) {
    return;
  }
  Parcel parcel;
  parcel.deliver = Deliver{config_.incarnation, epoch_, ++deliver_seq_, std::move(outbox_)};
  parcel.settles = std::move(outbox_settles_);
  parcel.journal_seq = std::exchange(outbox_journal_seq_, 0);
  if (FD_MUTANT(released_before_acknowledged) && parcel.journal_seq > 0) {
    effects.release = parcel.journal_seq;
  }
  outbox_.clear();
  outbox_settles_.clear();
  outbox_bytes_ = 0;
  outbox_since_.reset();
  if (unacked_.empty()) {
    resend_at_ = now + kResendAfter;
  }
  effects.send.push_back(parcel.deliver);
  unacked_.push_back(std::move(parcel));
}

void WorkerCore::resend(Instant now, WorkerEffects& effects) {
  if (FD_MUTANT(no_resend)) {
    resend_at_ = now + kResendAfter;
    return;
  }
  for (const Parcel& parcel : unacked_) {
    effects.send.push_back(parcel.deliver);
  }
  resend_at_ = now + kResendAfter;
}

void WorkerCore::on(Instant now, AckArrived& event, WorkerEffects& effects) {
  if (event.ack.incarnation != config_.incarnation || event.ack.epoch != epoch_) {
    return;
  }
  const std::size_t before = unacked_.size();
  while (!unacked_.empty() && unacked_.front().deliver.seq <= event.ack.seq) {
    for (const auto& [shard, fence] : unacked_.front().settles) {
      Lease* lease = find(shard, fence);
      if (lease != nullptr && lease->undelivered > 0) {
        --lease->undelivered;
        report_due_ = report_due_ || (lease->undelivered == 0 && lease->under_way == 0 &&
                                      (lease->next == lease->count || stopping()));
      }
    }
    if (unacked_.front().journal_seq > 0) {
      effects.release = unacked_.front().journal_seq;
    }
    unacked_.pop_front();
    resend_at_ = now + kResendAfter;
  }
  if (unacked_.size() != before) {
    for (auto& [shard, lease] : leases_) {
      lease.blocked = lease.blocked && owes(shard);
    }
  }
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
  for (std::size_t stage = 0; stage < kStageCount; ++stage) {
    state.stages.push_back(static_cast<StageId>(stage));
  }
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
  if (outbox_since_) {
    due = std::min(due, *outbox_since_ + kFlushAfter);
  }
  if (!unacked_.empty()) {
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
