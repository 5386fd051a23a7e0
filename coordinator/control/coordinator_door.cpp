// The part of CoordinatorCore that decides who may speak: one check for every kind of message.

#include <string>
#include <vector>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

/// How many heartbeats a worker must be silent before another process takes its name, and how many
/// it must be heard behind the other's first state before that one is refused.
constexpr int kNameHeartbeats = 2;

}  // namespace

/// A worker speaks with the key that its first state came with.
bool CoordinatorCore::has_its_key(const Arrived& event) const {
  const auto known = known_.find(event.from.incarnation);
  return known == known_.end() || known->second.key == event.key;
}

/// A state says whom it knows: it is how a worker of another start learns of this one.
bool CoordinatorCore::at_the_door(const StateArrived& event) const {
  return event.from.incarnation != 0 && has_its_key(event);
}

/// Anything else is for this very start, and comes from a process whose state came before.
bool CoordinatorCore::at_the_door(const Arrived& event) const {
  const bool this_start =
      (event.from.ledger == config_.ledger && event.from.start == config_.start) ||
      FD_MUTANT(start_not_checked);
  return this_start && known_.contains(event.from.incarnation) && has_its_key(event);
}

ConnectedWorker* CoordinatorCore::admit(Instant now, const StateArrived& event,
                                        CoordinatorEffects& effects) {
  const WorkerState& state = event.state;
  const std::uint64_t incarnation = event.from.incarnation;
  if (gone_.contains(incarnation)) {
    refuse_name(event, effects);
    return nullptr;
  }
  auto found = workers_.find(incarnation);
  if (found == workers_.end()) {
    const auto lapse = lapses_.find(incarnation);
    if (lapse != lapses_.end() && state.seq <= lapse->second.seq &&
        !FD_MUTANT(state_seq_not_checked)) {
      return nullptr;
    }
    if (!supersede(now, event, effects)) {
      return nullptr;
    }
    ConnectedWorker worker;
    worker.name = state.name;
    worker.shares_since = share_number_;
    worker.last_confirmed = now;
    worker.full_ms_before = state.full_ms;
    worker.hears = event.from.start == config_.start;
    if (const auto open = open_shares_.find(incarnation); open != open_shares_.end()) {
      worker.doubt_logged = worker.doubt_durable = open->second.calls;
      worker.strayed = true;  // since it was heard of last, others may have got its samples
    }
    if (lapse != lapses_.end()) {
      take_back(progress_, lapse->second);
      lapses_.erase(lapse);
      worker.hears = false;  // it may have fallen silent to us because we did to it
    }
    found = workers_.emplace(incarnation, std::move(worker)).first;
    joined_.push_back(incarnation);
    known_.try_emplace(incarnation, Known{event.key, 0});
  } else if (state.seq <= found->second.state.seq && !FD_MUTANT(state_seq_not_checked)) {
    return nullptr;  // repeated or overtaken
  }
  ConnectedWorker& worker = found->second;
  worker.take(now, event, config_.config, {config_.ledger, config_.start, 0});
  settle_what_it_knows(incarnation, worker, effects);
  for (const HeldLease& lease : state.leases) {
    // A fence is given once in a ledger, so the claim proves itself, also to a restarted
    // coordinator.
    if (event.from.ledger == config_.ledger &&
        leases_.adopt(lease.shard, incarnation, lease.fence) && !progress_.contains(lease.shard)) {
      effects.load.push_back(lease.shard);
    }
  }
  return &worker;
}

/// A process that has the name of another one is its next start, when that one is silent; then what
/// it held waits for it. Returns false as long as that is open: for a process that was started
/// again, for a late message of an earlier one, and for one of two that live with one name, which
/// is refused.
bool CoordinatorCore::supersede(Instant now, const StateArrived& event,
                                CoordinatorEffects& effects) {
  const std::uint64_t incarnation = event.from.incarnation;
  std::vector<std::uint64_t> earlier;
  for (const auto& [other, worker] : workers_) {
    if (worker.name != event.state.name) {
      continue;
    }
    const Duration patience = kNameHeartbeats * config_.heartbeat;
    const Instant since = pretenders_.try_emplace(incarnation, now).first->second;
    if (worker.last_state > since + patience && !FD_MUTANT(name_not_checked)) {
      refuse_name(event, effects);
      return false;
    }
    if ((now - worker.last_seen < patience && !FD_MUTANT(name_not_checked)) ||
        (other > incarnation && !FD_MUTANT(ghost_accepted))) {
      return false;
    }
    earlier.push_back(other);
  }
  pretenders_.erase(incarnation);
  for (const std::uint64_t other : earlier) {
    end_worker(now, other, After::await, effects);
    effects.log.push_back("worker " + event.state.name +
                          " was started again; it gets its shards back");
  }
  return true;
}

void CoordinatorCore::refuse_name(const StateArrived& event, CoordinatorEffects& effects) const {
  Order order;
  order.ack_seq = event.state.seq;
  order.config = config_.config;
  order.refused = "another worker of this run has the name '" + event.state.name +
                  "': give each a --name of its own";
  effects.send.push_back(SendOrder{{event.peer, event.from.incarnation}, std::move(order)});
}

}  // namespace fd
