// The part of CoordinatorCore that shares out what the providers allow, and keeps account of what
// may have been paid for at workers that are not heard of.

#include <algorithm>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

std::uint32_t own_cap(const ConnectedWorker& worker) {
  return worker.state.slots_max == 0 ? UINT32_MAX : worker.state.slots_max;
}

}  // namespace

/// Returns whether the worker asks teachers, and goes on.
bool CoordinatorCore::takes_shares(const ConnectedWorker& worker) const {
  return !draining_ && !worker.state.leaving && holds_leases(worker.state.stages);
}

/// Returns how many of the workers that are expected have not come.
std::size_t CoordinatorCore::absent(std::size_t here) const {
  return config_.workers_expected - std::min<std::size_t>(here, config_.workers_expected);
}

/// Returns a worker's even part of the calls in flight, with those of its own engines: it is to
/// hold samples for as many.
std::uint32_t CoordinatorCore::even_part(const ConnectedWorker& worker) const {
  std::vector<std::uint64_t> wants;
  std::size_t place = 0;
  for (const std::uint64_t incarnation : joined_) {
    const ConnectedWorker& other = workers_.at(incarnation);
    place = &other == &worker ? wants.size() : place;
    if (takes_shares(other)) {
      wants.push_back(own_cap(other));
    }
  }
  std::uint64_t all = 0;
  std::uint64_t own = 0;
  for (const ProviderLimit& provider : config_.providers) {
    (provider.scope == Scope::worker ? own : all) += provider.calls;
  }
  const std::uint64_t part =
      divide(static_cast<std::uint32_t>(std::min<std::uint64_t>(all, UINT32_MAX)), wants,
             absent(wants.size()))
          .at(place);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(part + own, own_cap(worker)));
}

/// Returns how many samples the worker holds and has not fetched.
std::uint64_t CoordinatorCore::unfetched(std::uint64_t incarnation,
                                         const ConnectedWorker& worker) const {
  std::uint64_t samples = 0;
  for (const std::uint32_t shard : leases_.held_by(incarnation)) {
    const auto held = worker.held.find(shard);
    samples += held != worker.held.end() && held->second.fence == leases_.lease(shard)->fence
                   ? held->second.unfetched
                   : shards_[shard].count;
  }
  return samples;
}

/// Returns what the worker has, as far as that is sure: what it is known to go by, and what this
/// start told it.
CallsByProvider CoordinatorCore::known_shares(const ConnectedWorker& worker) const {
  CallsByProvider has(config_.providers.size());
  const auto raise = [&](const std::vector<Share>& shares) {
    for (const Share& share : shares) {
      const auto provider =
          std::ranges::find(config_.providers, share.provider, &ProviderLimit::provider);
      if (provider != config_.providers.end()) {
        std::uint32_t& calls = has[static_cast<std::size_t>(provider - config_.providers.begin())];
        calls = std::max(calls, share.calls);
      }
    }
  };
  if (worker.heard_share()) {
    raise(worker.state.calls);
    raise(worker.state.shares);
  }
  for (const ToldShares& told : worker.unheard) {
    for (std::size_t i = 0; i < told.calls.size(); ++i) {
      has[i] = std::max(has[i], told.calls[i]);
    }
  }
  return has;
}

/// Returns what the worker may have in flight at each provider, whatever it is told from now on. As
/// long as it has heard no share of this start, an order of an earlier one may reach it.
CallsByProvider CoordinatorCore::taken(std::uint64_t incarnation, const ConnectedWorker& worker,
                                       CallsByProvider known) const {
  if (FD_MUTANT(taken_share_given_away)) {
    return CallsByProvider(known.size());
  }
  if (!worker.heard_share() && !FD_MUTANT(earlier_share_forgotten)) {
    raise_to_earlier(incarnation, known);
  }
  return known;
}

/// Raises `calls` to what an earlier start may have told a process: the ledger has the sum.
void CoordinatorCore::raise_to_earlier(std::uint64_t incarnation, CallsByProvider& calls) const {
  const auto before = config_.shares_before.find(incarnation);
  if (before != config_.shares_before.end() && open_shares_.contains(incarnation)) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i] = std::max(calls[i], std::min(before->second.calls, config_.providers[i].calls));
    }
  }
}

/// Returns what workers may have in flight that are told nothing: those that leave, and those of an
/// earlier start that were not heard of yet and whose leases may last.
CallsByProvider CoordinatorCore::untold(Instant now) const {
  CallsByProvider calls(config_.providers.size());
  const auto add = [&](const CallsByProvider& its) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i] += its[i];
    }
  };
  for (const auto& [incarnation, worker] : workers_) {
    if (!takes_shares(worker)) {
      add(taken(incarnation, worker, known_shares(worker)));
    }
  }
  if (now < config_.started + config_.ttl) {
    for (const auto& [incarnation, share] : config_.shares_before) {
      const bool replaced = std::ranges::any_of(workers_, [&](const auto& entry) {
        return entry.second.name == share.worker && entry.first > incarnation;
      });
      if (!known_.contains(incarnation) && !replaced) {
        CallsByProvider its(calls.size());
        raise_to_earlier(incarnation, its);
        add(its);
      }
    }
  }
  return calls;
}

Demand CoordinatorCore::demand(std::uint64_t incarnation, const ConnectedWorker& worker) const {
  Demand demand;
  demand.calls = worker.state.in_flight + worker.state.waiting +
                 unfetched(incarnation, worker) * config_.calls_per_sample;
  demand.cap = own_cap(worker);
  demand.has = known_shares(worker);
  demand.taken = taken(incarnation, worker, demand.has);
  demand.told = worker.told.calls;
  for (const ProviderLimit& provider : config_.providers) {
    demand.out.push_back(out_at(worker, provider.provider));
    demand.wanted.push_back(wanted_by(worker, provider.provider));
    demand.most.push_back(is_reserve(worker, provider) ? 0 : first_part(provider));
  }
  return demand;
}

/// Shares out the calls in flight by what the workers could have. Tells the one that `spoke`, and
/// those whose part is another now.
void CoordinatorCore::share_calls(Instant now, std::optional<std::uint64_t> spoke,
                                  CoordinatorEffects& effects) {
  shares_due_ = false;
  std::vector<std::uint64_t> sharing;
  std::vector<Demand> demands;
  for (const std::uint64_t incarnation : joined_) {
    ConnectedWorker& worker = workers_.at(incarnation);
    if (!takes_shares(worker)) {
      worker.share(now, CallsByProvider(config_.providers.size()));
    } else {
      demands.push_back(demand(incarnation, worker));
      sharing.push_back(incarnation);
    }
  }
  std::vector<CallsByProvider> own;  // calls at engines that each worker has for itself
  for (std::size_t i = 0; i < sharing.size(); ++i) {
    own.push_back(own_shares(workers_.at(sharing[i]), demands[i]));
  }
  SharedOut shared = share_out(open_limits(), untold(now), demands, absent(sharing.size()));
  for (std::size_t i = 0; i < sharing.size(); ++i) {
    ConnectedWorker& worker = workers_.at(sharing[i]);
    for (std::size_t provider = 0; provider < own[i].size(); ++provider) {
      shared.calls[i][provider] += own[i][provider];
    }
    worker.share(now, std::move(shared.calls[i]));
    log_share(sharing[i], worker, effects);
    if (sharing[i] != spoke && !is_told(worker, may_have(worker))) {
      send_order(now, sharing[i], worker, effects);
    }
  }
  if (spoke) {
    send_order(now, *spoke, workers_.at(*spoke), effects);
  }
}

/// Returns what the worker may be told: no more than the ledger has for it.
CallsByProvider CoordinatorCore::may_have(const ConnectedWorker& worker) const {
  CallsByProvider calls = worker.shares;
  calls.resize(config_.providers.size());
  if (!FD_MUTANT(order_before_share)) {
    std::uint32_t left = worker.doubt_durable;
    while (in_doubt_max(left) > worker.doubt_durable) {
      left -= (in_doubt_max(left) - worker.doubt_durable + 1) / 2;
    }
    for (std::uint32_t& share : calls) {
      share = std::min(share, left);
      left -= share;
    }
  }
  return calls;
}

bool CoordinatorCore::is_told(const ConnectedWorker& worker, const CallsByProvider& calls) const {
  return worker.told.calls == calls && worker.told.proven == proven_.size();
}

/// Puts into an order what the worker may have in flight.
void CoordinatorCore::tell(ConnectedWorker& worker, Order& order) {
  CallsByProvider calls = may_have(worker);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const ProviderLimit& provider = config_.providers[i];
    order.shares.push_back({provider.provider, calls[i], is_trusted(provider)});
  }
  if (worker.told.number == 0 || !is_told(worker, calls)) {
    worker.told = {++share_number_, std::move(calls), proven_.size()};
    worker.unheard.push_back(worker.told);
  }
  order.share_number = worker.told.number;
}

/// Has a worker's share written down, when it is above what is there.
void CoordinatorCore::log_share(std::uint64_t incarnation, ConnectedWorker& worker,
                                CoordinatorEffects& effects) {
  const std::uint32_t doubt = in_doubt_max(worker.slots);
  if (doubt <= worker.doubt_logged || FD_MUTANT(share_not_logged)) {
    return;
  }
  worker.doubt_logged = doubt;
  ShareGranted share{worker.name, incarnation, doubt};
  effects.append.insert(effects.append.begin(), LedgerEvent(decision(share)));  // before leases
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
    worker->second.doubt_logged = worker->second.doubt_durable = 0;
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
