// The part of CoordinatorCore that shares out what the providers allow, and keeps account of what
// may have been paid for at workers that are not heard of.

#include <algorithm>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {

/// Shares the calls of each provider evenly over those that ask teachers; what a worker's own cap
/// leaves over goes to the others.
void CoordinatorCore::share_slots() {
  std::vector<ConnectedWorker*> sharing;
  for (const std::uint64_t incarnation : joined_) {
    ConnectedWorker& worker = workers_.at(incarnation);
    worker.shares.clear();
    worker.slots = 0;
    if (!worker.state.leaving && holds_leases(worker.state.stages)) {
      sharing.push_back(&worker);
    }
  }
  const auto cap = [](const ConnectedWorker* worker) {
    return worker->state.slots_max == 0 ? UINT32_MAX : worker->state.slots_max;
  };
  std::ranges::stable_sort(sharing, {}, cap);
  for (const Share& provider : config_.providers) {
    std::uint32_t left = provider.calls;
    std::size_t heads = std::max<std::size_t>(sharing.size(), config_.workers_expected);
    for (ConnectedWorker* worker : sharing) {
      const auto even = static_cast<std::uint32_t>((left + heads - 1) / heads);
      const std::uint32_t calls = std::min(even, cap(worker) - worker->slots);
      worker->shares.push_back({provider.provider, calls});
      worker->slots += calls;
      left -= calls;
      --heads;
    }
  }
}

/// Has a worker's share written down, when it is above what is there.
void CoordinatorCore::log_share(std::uint64_t incarnation, ConnectedWorker& worker,
                                CoordinatorEffects& effects) {
  if (worker.slots <= worker.slots_logged || FD_MUTANT(share_not_logged)) {
    return;
  }
  worker.slots_logged = worker.slots;
  ShareGranted share{worker.name, incarnation, worker.slots};
  effects.append.emplace_back(decision(share));
  open_shares_[incarnation] = std::move(share);
}

/// All that a process did is known.
void CoordinatorCore::settle(std::uint64_t incarnation, CoordinatorEffects& effects) {
  const auto open = open_shares_.find(incarnation);
  if (open == open_shares_.end()) {
    return;
  }
  open->second.calls = 0;
  effects.append.emplace_back(decision(open->second));
  open_shares_.erase(open);
  if (const auto worker = workers_.find(incarnation); worker != workers_.end()) {
    worker->second.slots_logged = worker->second.slots_durable = 0;
  }
}

/// Takes note of what a state says about what is on its way. Once nothing is, what an earlier
/// process had in its journal is on record, and a worker that leaves or drains has ended all its
/// calls.
void CoordinatorCore::settle_what_it_knows(std::uint64_t incarnation, const ConnectedWorker& worker,
                                           CoordinatorEffects& effects) {
  if (!worker.settled()) {
    return;
  }
  workers_.at(incarnation).strayed = false;
  for (const std::uint64_t journal : worker.state.recovered) {
    if (const auto share = share_of_journal(open_shares_, journal);
        share != open_shares_.end() && share->first != incarnation &&
        share->second.worker == worker.name) {
      settle(share->first, effects);
    }
  }
  // Nothing is begun any more where no sample is in work.
  const bool idle = std::ranges::all_of(
      worker.held, [](const auto& entry) { return entry.second.outstanding == 0; });
  // One that says it is draining may have been told so by an earlier start.
  if (idle && (worker.state.leaving || (worker.state.draining && draining_))) {
    settle(incarnation, effects);
  }
}

/// The run is over once every shard is committed. Awaited for as long as a lease are workers that
/// lost samples while calls for them were in flight, those that recover a journal, and, from the
/// start of this coordinator on, those that an earlier one gave work to.
void CoordinatorCore::end_if_settled(Instant now, CoordinatorEffects& effects) {
  if (over_ || leases_.committed() != leases_.size()) {
    return;
  }
  if (!settle_by_) {
    settle_by_ = now + config_.ttl;
  }
  const bool awaited = std::any_of(workers_.begin(), workers_.end(), [](const auto& entry) {
    const ConnectedWorker& worker = entry.second;
    return !worker.settled() && (worker.strayed || !worker.state.recovered.empty());
  });
  const bool expected =
      std::any_of(open_shares_.begin(), open_shares_.end(), [&](const auto& open) {
        return config_.shares_before.contains(open.first) && !workers_.contains(open.first);
      });
  if ((awaited && now < *settle_by_) || (expected && now < config_.started + config_.ttl)) {
    return;
  }
  over_ = true;
  for (const auto& [incarnation, worker] : workers_) {
    // The others have handed over an outcome for all that they called for.
    if (worker.settled() || (!worker.strayed && worker.state.recovered.empty())) {
      settle(incarnation, effects);
    }
  }
}

}  // namespace fd
