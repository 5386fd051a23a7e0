// The part of WorkerCore that decides whom it hears, and takes what a coordinator orders.

#include <algorithm>
#include <map>

#include "protocol/base/mutant.hpp"
#include "worker/worker_core.hpp"

namespace fd {

using std::chrono::milliseconds;

/// The coordinator was started again: whatever it has not acknowledged is offered anew, in order.
void WorkerCore::take_start(const Speaker& from) {
  ledger_ = from.ledger;
  start_ = from.start;
  deliver_seq_ = 0;
  for (Batch& batch : unacked_) {
    batch.deliver.seq = ++deliver_seq_;
  }
  share_number_ = share_applied_ = 0;
  bulk_.start_anew();
  for (auto& [shard, lease] : leases_) {
    lease.asked.reset();
    lease.piece.reset();  // the new start need not have the answers of it
  }
  heard_ = 0;
  resend_at_ = Instant{};
  report_due_ = true;
}

/// Only the start whose Order was taken last is heard.
bool WorkerCore::at_the_door(const FromCoordinator& event) const {
  return event.run_id == run_id_ && event.from == speaker();
}

/// An Order tells of a run, and of a start of its coordinator. Another one than the present is
/// there now if it answers a later state than any Order before; else its Order comes late.
bool WorkerCore::at_the_door(const OrderArrived& event) const {
  const bool present = event.run_id == run_id_ && event.from == speaker();
  return event.from.incarnation == config_.incarnation &&
         (present || event.order.ack_seq > answered_ || FD_MUTANT(replaced_start_heard));
}

void WorkerCore::on([[maybe_unused]] Instant now, OrderArrived& event, WorkerEffects& effects) {
  const Order& order = event.order;
  effects.heard_again = silence_.heard(now);
  // A run's ledger that was deleted, or put back from a copy, is another run: what is not
  // acknowledged is offered from the journal.
  const bool same_run = event.run_id == run_id_ && event.from.ledger == ledger_;
  const bool same_start = same_run && event.from.start == start_;
  if (same_start && order.ack_seq < heard_ && !FD_MUTANT(overtaken_order_taken)) {
    return;  // overtaken by a later one
  }
  if (same_start && order.ack_seq == heard_ && !order.drain && !order.run_over &&
      highest_fence(order.leases) < highest_fence()) {
    return;  // overtaken by the second answer to the same state, which named new leases
  }
  if (!same_run) {
    if (order.run_over) {
      return;  // the end of a run we are no part of
    }
    forget_run(effects, event.run_id);
  }
  if (event.from.start != start_ && (start_ == 0 || !FD_MUTANT(new_start_not_noticed))) {
    take_start(event.from);
  }
  heard_ = order.ack_seq;
  answered_ = std::max(answered_, order.ack_seq);
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
  take_share(order, effects);
  if (order.drain && !draining_) {
    effects.cancel_waiting = true;
    report_due_ = true;
  }
  draining_ = order.drain;
  take_leases(order, effects);
}

/// What is given back is another worker's once the coordinator hears that this one's gateway goes
/// by its new shares, and what it has in flight then.
void WorkerCore::take_share(const Order& order, WorkerEffects& effects) {
  if (order.share_number <= share_number_ && !FD_MUTANT(late_shares_taken)) {
    return;
  }
  share_number_ = order.share_number;
  use_shares(leaving_ ? std::vector<Share>{} : order.shares, effects);
}

void WorkerCore::use_shares(std::vector<Share> shares, WorkerEffects& effects) {
  shares_ = std::move(shares);
  slots_ = total_calls(shares_);
  effects.shares = shares_;
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

void WorkerCore::take_leases(const Order& order, WorkerEffects& effects) {
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
      } else if (!FD_MUTANT(given_up_fence_fetched) && !FD_MUTANT(overtaken_order_taken)) {
        fresh.under_way = under_way(granted.shard, granted.fence);  // of a fence given up before
      }
      next[granted.shard] = fresh;
      report_due_ = true;
    }
  }
  for (const auto& [shard, lease] : leases_) {
    if (!next.contains(shard)) {
      given_up_[shard] = lease;
      // Another worker may get the shard: what is not sent is not ours to send any more.
      effects.cancel_waiting =
          effects.cancel_waiting || (lease.under_way > 0 && !FD_MUTANT(taken_lease_worked_on));
    }
  }
  leases_ = std::move(next);
}

/// Returns how many samples are under way for a lease.
std::uint32_t WorkerCore::under_way(std::uint32_t shard, std::uint64_t fence) const {
  return static_cast<std::uint32_t>(std::ranges::count_if(running_, [&](const auto& entry) {
    return entry.second.shard == shard && entry.second.fence == fence;
  }));
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
  lease.under_way = under_way(shard, lease.fence);
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

}  // namespace fd
