#include "coordinator/control/coordinator_core.hpp"

#include <algorithm>

#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

/// Lapses that may be taken back, and processes that must not come back; more than this many are
/// forgotten, lowest first: incarnations rise with time.
constexpr std::size_t kGoneMax = 4096;
/// A worker that is heard but does not hear us keeps its leases for so many times `ttl`. After one,
/// orders to it do not name them any more, so that by then it has given them up, even if an order
/// of before gets through late.
constexpr int kDeafTtls = 2;

template <class Map>
void forget_lowest(Map& entries) {
  while (entries.size() > kGoneMax) {
    entries.erase(entries.begin());
  }
}

}  // namespace

CoordinatorCore::CoordinatorCore(CoordinatorCoreConfig config, const std::vector<ShardSeed>& shards)
    : config_(std::move(config)),
      leases_(shards, config_.last_fence, config_.started + config_.ttl),
      durable_fence_(config_.last_fence),
      open_shares_(config_.shares_before),
      stage_monitor_(config_.stage_grace) {
  shards_.reserve(shards.size());
  for (const ShardSeed& seed : shards) {
    shards_.push_back({seed.count, {}});
  }
}

CoordinatorEffects CoordinatorCore::step(Instant now, CoordinatorEvent event) {
  CoordinatorEffects effects;
  notice_pause(now);
  std::visit(
      [&](auto& what) {
        if constexpr (std::is_base_of_v<Arrived, std::remove_cvref_t<decltype(what)>>) {
          if (!at_the_door(what)) {
            return;
          }
        }
        on(now, what, effects);
      },
      event);
  if (shares_due_) {
    share_calls(now, std::nullopt, effects);
  }
  end_if_settled(now, effects);
  return effects;
}

/// While this process was stopped nobody could be heard: that time counts against no one.
void CoordinatorCore::notice_pause(Instant now) {
  if (last_step_ && now - *last_step_ > kPauseMin && !FD_MUTANT(no_pause_grace)) {
    const Duration pause = now - *last_step_;
    for (auto& [incarnation, worker] : workers_) {
      worker.last_seen += pause;
      worker.last_state += pause;
      worker.last_confirmed += pause;
    }
    for (auto& [incarnation, since] : pretenders_) {
      since += pause;
    }
    config_.started += pause;
    if (settle_by_) {
      *settle_by_ += pause;
    }
    leases_.postpone(pause);
    stage_monitor_.postpone(pause);
  }
  last_step_ = now;
}

// --- workers ----------------------------------------------------------------------------------

void CoordinatorCore::on(Instant now, StateArrived& event, CoordinatorEffects& effects) {
  ConnectedWorker* worker = admit(now, event, effects);
  if (worker == nullptr) {
    return;
  }
  const std::uint64_t incarnation = event.from.incarnation;
  reconcile(incarnation, *worker, effects);
  if (!worker->ready) {
    effects.send.push_back(SendRunSpec{{worker->peer, incarnation}});
  }
  note_answers(*worker);
  relieve(now, incarnation, *worker, effects);
  assign(now, incarnation, *worker, effects);
  share_calls(now, incarnation, effects);
}

void CoordinatorCore::send_order(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
                                 CoordinatorEffects& effects) {
  Order order = order_for(now, incarnation, worker);
  tell(worker, order);
  effects.send.push_back(SendOrder{{worker.peer, incarnation}, std::move(order)});
}

/// Takes back or gives anew the leases that the worker cannot finish.
void CoordinatorCore::reconcile(std::uint64_t incarnation, ConnectedWorker& worker,
                                CoordinatorEffects& effects) {
  for (const std::uint32_t shard : std::set(leases_.held_by(incarnation))) {
    const auto held = worker.held.find(shard);
    const bool exhausted = held != worker.held.end() &&
                           held->second.fence == leases_.lease(shard)->fence &&
                           held->second.unfetched == 0 && held->second.outstanding == 0;
    const bool given_back = worker.state.leaving && held == worker.held.end();
    if (given_back || (exhausted && worker.state.leaving)) {
      worker.strayed = true;  // until it says that nothing of it is on its way
      leases_.release(shard);
    } else if (exhausted && !draining_ && !FD_MUTANT(exhausted_lease_kept)) {
      // All was delivered and acknowledged, yet outcomes are missing: suspects were left out, or an
      // outcome was refused because another answer is on record. A new fence makes the worker fetch
      // what is missing.
      grant(shard, incarnation, worker, effects);
    }
  }
}

void CoordinatorCore::assign(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
                             CoordinatorEffects& effects) {
  worker.held_back = false;
  if (draining_ || worker.state.leaving || !worker.ready || is_relieved(now, incarnation, worker)) {
    return;
  }
  if (!worker.hears || now - worker.last_confirmed > config_.ttl) {
    return;  // what it cannot hear of it cannot hold
  }
  if (!holds_leases(worker.state.stages) ||
      unserved_stage(incarnation, worker.state.stages, nodes())) {
    return;  // what it asked a teacher for could not be finished
  }
  for (const std::uint32_t shard : std::set(leases_.awaited_by(worker.name))) {
    // Its own again when it gave the lease up while it could not reach us.
    if (std::get<LeaseTable::Awaited>(leases_.state(shard)).lease.incarnation <= incarnation) {
      grant(shard, incarnation, worker, effects);
    }
  }
  std::uint64_t samples = unfetched(incarnation, worker);
  const std::uint32_t part = even_part(worker);
  const std::uint64_t wanted = part == 0 ? 0 : part + std::max(config_.prefetch, part / 2);
  while (samples < wanted && leases_.held_by(incarnation).size() < kMaxListItems) {
    const auto shard = leases_.first_pending();
    if (!shard) {
      return;
    }
    if (leases_.writing() >= config_.writing_max) {
      worker.held_back = true;
      return;
    }
    grant(*shard, incarnation, worker, effects);
    samples += shards_[*shard].count;
  }
}

void CoordinatorCore::grant(std::uint32_t shard, std::uint64_t incarnation, ConnectedWorker& worker,
                            CoordinatorEffects& effects) {
  LeaseGranted lease = leases_.grant(shard, incarnation, worker.name);
  if (FD_MUTANT(fence_not_persisted)) {
    durable_fence_ = lease.fence;
  } else {
    effects.append.emplace_back(std::move(lease));
  }
  if (!progress_.contains(shard)) {
    effects.load.push_back(shard);
  }
}

/// Forgets a worker and frees its leases, or keeps them for its next incarnation. Returns how many.
std::size_t CoordinatorCore::drop_worker(Instant now, std::uint64_t incarnation, After after) {
  const auto found = workers_.find(incarnation);
  FD_CHECK(found != workers_.end());
  const std::set<std::uint32_t> shards = leases_.held_by(incarnation);
  for (const std::uint32_t shard : shards) {
    if (after == After::await && !FD_MUTANT(restarted_worker_loses_leases)) {
      leases_.await(shard, found->second.name, now + config_.ttl);
    } else {
      leases_.release(shard);
    }
  }
  teacher_gone_.add(found->second, now);
  workers_.erase(found);
  std::erase(joined_, incarnation);
  shares_due_ = true;
  return shards.size();
}

/// Ends an incarnation that must not come back. Returns as drop_worker().
std::size_t CoordinatorCore::end_worker(Instant now, std::uint64_t incarnation, After after,
                                        CoordinatorEffects& effects) {
  bury(incarnation, effects);
  gone_.insert(incarnation);
  lapses_.erase(incarnation);
  forget_lowest(gone_);
  return drop_worker(now, incarnation, after);
}

// --- deaths -----------------------------------------------------------------------------------

/// Counts a worker's end against the samples that it had in flight. One that ran alone gets a
/// strike, and is failed at the last one.
Lapse CoordinatorCore::bury(std::uint64_t incarnation, CoordinatorEffects& effects) {
  const ConnectedWorker& worker = workers_.at(incarnation);
  Lapse lapse{count_death(progress_, leases_, incarnation), worker.alone, worker.state.seq};
  if (lapse.alone) {
    strike(*lapse.alone, effects);
  }
  for (const Caught& place : lapse.under_way) {
    if (FD_MUTANT(neighbours_struck)) {
      strike(place, effects);
    }
  }
  return lapse;
}

void CoordinatorCore::strike(const SamplePlace& place, CoordinatorEffects& effects) {
  if (!add_strike(progress_, place)) {
    return;
  }
  Record record;
  record.shard = place.shard;
  record.outcome.emplace();
  record.outcome->sample_id = progress_.at(place.shard).ids[place.position];
  record.outcome->verdict = Verdict::failed;
  record.outcome->reason = Reason::poison;
  record_outcome(place, *record.outcome);
  effects.log.push_back("sample " + record.outcome->sample_id.hex() + " ended its worker " +
                        std::to_string(kStrikesToPoison) + " times while it ran alone: poison");
  effects.append.emplace_back(std::move(record));
  complete_if_done(place.shard, effects);
}

// --- events of the process ----------------------------------------------------------------------

void CoordinatorCore::on(Instant now, WorkerEnded& event, CoordinatorEffects& effects) {
  std::vector<std::uint64_t> ended;
  for (const auto& [incarnation, worker] : workers_) {
    if (worker.name == event.name) {
      ended.push_back(incarnation);
    }
  }
  for (const std::uint64_t incarnation : ended) {
    const std::size_t shards =
        end_worker(now, incarnation, event.replaced ? After::await : After::free, effects);
    effects.log.push_back("worker " + event.name + " ended; " + std::to_string(shards) +
                          (event.replaced ? " shards wait for the one that takes its place"
                                          : " shards go to other workers"));
  }
  if (!event.replaced) {
    for (const std::uint32_t shard : std::set(leases_.awaited_by(event.name))) {
      leases_.release(shard);
    }
    if (config_.workers_expected > 1) {
      --config_.workers_expected;
      shares_due_ = true;
    }
  }
}

void CoordinatorCore::on(Instant now, DrainAsked&, CoordinatorEffects& effects) {
  draining_ = true;
  for (auto& [incarnation, worker] : workers_) {
    send_order(now, incarnation, worker, effects);
  }
}

void CoordinatorCore::on(Instant now, Ticked&, CoordinatorEffects& effects) {
  std::vector<std::uint64_t> lapsed;
  for (const auto& [incarnation, worker] : workers_) {
    const bool deaf = now - worker.last_confirmed > kDeafTtls * config_.ttl;
    if (FD_MUTANT(lease_never_expires)) {
      continue;
    }
    if (now - worker.last_seen > config_.ttl || (deaf && !leases_.held_by(incarnation).empty())) {
      lapsed.push_back(incarnation);
    }
  }
  for (const std::uint64_t incarnation : lapsed) {
    const std::string name = workers_.at(incarnation).name;
    lapses_[incarnation] = bury(incarnation, effects);
    forget_lowest(lapses_);
    const std::size_t shards = drop_worker(now, incarnation, After::free);
    effects.log.push_back("worker " + name + " has not been heard of for its lease; " +
                          std::to_string(shards) + " shards go to other workers");
  }
  if (const std::uint32_t shards = leases_.release_overdue(now); shards > 0) {
    effects.log.push_back(std::to_string(shards) +
                          " shards of workers that did not come back go to others");
  }
  if (!settle_by_ && !draining_) {
    effects.unserved = stage_monitor_.look(now, nodes());
  }
  if (finished()) {
    for (auto& [incarnation, worker] : workers_) {
      send_order(now, incarnation, worker, effects);
    }
  }
}

}  // namespace fd
