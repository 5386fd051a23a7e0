#include "coordinator/coordinator_core.hpp"

#include <algorithm>

namespace fd {
namespace {

/// How much more than its slots a worker holds, so that no slot waits for a fetch.
std::uint32_t prefetch_of(std::uint32_t slots) {
  return std::max<std::uint32_t>(64, slots / 2);
}

/// A restarted worker's earlier incarnations; more than this many are forgotten, oldest first.
constexpr std::size_t kReplacedMax = 4096;

}  // namespace

CoordinatorCore::CoordinatorCore(CoordinatorCoreConfig config, std::vector<ShardSeed> shards)
    : config_(config), fence_(config.last_fence) {
  shards_.reserve(shards.size());
  for (std::uint32_t index = 0; index < shards.size(); ++index) {
    Shard shard;
    shard.count = shards[index].count;
    if (shards[index].committed) {
      shard.state = Committed{};
      ++committed_;
    } else {
      pending_.insert(index);
    }
    shards_.push_back(std::move(shard));
  }
}

CoordinatorEffects CoordinatorCore::step(Instant now, CoordinatorEvent event) {
  CoordinatorEffects effects;
  std::visit([&](auto& what) { on(now, what, effects); }, event);
  return effects;
}

// --- workers ----------------------------------------------------------------------------------

CoordinatorCore::Worker* CoordinatorCore::admit(Instant now, const StateArrived& event,
                                                CoordinatorEffects& effects) {
  const WorkerState& state = event.state;
  if (state.incarnation == 0 || replaced_.contains(state.incarnation)) {
    return nullptr;
  }
  auto found = workers_.find(state.incarnation);
  if (found == workers_.end()) {
    // A worker of the same name that comes anew has lost what it held.
    for (const auto& [incarnation, worker] : std::map(workers_)) {
      if (worker.name == state.name) {
        drop_worker(incarnation, "was started again", effects);
      }
    }
    Worker worker;
    worker.name = state.name;
    found = workers_.emplace(state.incarnation, std::move(worker)).first;
    joined_.push_back(state.incarnation);
  } else if (state.seq <= found->second.seq) {
    return nullptr;  // repeated or overtaken
  }
  Worker& worker = found->second;
  worker.peer = event.peer;
  worker.last_seen = now;
  worker.seq = state.seq;
  worker.slots_max = state.slots_max;
  worker.in_flight = state.in_flight;
  worker.full_ms = state.full_ms;
  worker.leaving = state.leaving;
  worker.draining = state.draining || state.leaving;
  worker.ready = state.config == config_.config;
  worker.held.clear();
  if (state.epoch == config_.epoch) {
    for (const HeldLease& lease : state.leases) {
      worker.held[lease.shard] = lease;
    }
  }
  return &worker;
}

void CoordinatorCore::on(Instant now, StateArrived& event, CoordinatorEffects& effects) {
  Worker* worker = admit(now, event, effects);
  if (worker == nullptr) {
    return;
  }
  const std::uint64_t incarnation = event.state.incarnation;
  share_slots();
  reconcile(now, incarnation, *worker, effects);
  if (!worker->ready) {
    effects.send.push_back(SendRunSpec{worker->peer});
  } else if (!worker->leaving && !draining_) {
    assign(now, incarnation, *worker, effects);
  }
  effects.send.push_back(SendOrder{worker->peer, order_for(incarnation, *worker)});
}

/// Renews the worker's leases, and takes back or gives anew those it cannot finish.
void CoordinatorCore::reconcile(Instant now, std::uint64_t incarnation, Worker& worker,
                                CoordinatorEffects& effects) {
  for (std::uint32_t index = 0; index < shards_.size(); ++index) {
    auto* lease = std::get_if<Leased>(&shards_[index].state);
    if (lease == nullptr || lease->incarnation != incarnation) {
      continue;
    }
    lease->expires = now + config_.ttl;
    const auto held = worker.held.find(index);
    const bool exhausted = held != worker.held.end() && held->second.fence == lease->fence &&
                           held->second.unfetched == 0 && held->second.outstanding == 0;
    const bool given_back = worker.leaving && held == worker.held.end();
    if (given_back || (exhausted && worker.leaving)) {
      release(index);
    } else if (exhausted) {
      // All was delivered and acknowledged, yet outcomes are missing: an outcome was refused
      // because another answer is on record. A new fence makes the worker fetch what is missing,
      // with it.
      grant(now, index, incarnation, worker, effects);
    }
  }
}

void CoordinatorCore::assign(Instant now, std::uint64_t incarnation, Worker& worker,
                             CoordinatorEffects& effects) {
  std::uint64_t unfetched = 0;
  std::uint32_t leases = 0;
  for (std::uint32_t index = 0; index < shards_.size(); ++index) {
    const auto* lease = std::get_if<Leased>(&shards_[index].state);
    if (lease == nullptr || lease->incarnation != incarnation) {
      continue;
    }
    ++leases;
    const auto held = worker.held.find(index);
    unfetched += held != worker.held.end() && held->second.fence == lease->fence
                     ? held->second.unfetched
                     : shards_[index].count;
  }
  const std::uint64_t wanted = worker.slots == 0 ? 0 : worker.slots + prefetch_of(worker.slots);
  while (unfetched < wanted && !pending_.empty() && leases < kMaxListItems) {
    const std::uint32_t index = *pending_.begin();
    grant(now, index, incarnation, worker, effects);
    unfetched += shards_[index].count;
    ++leases;
  }
}

void CoordinatorCore::grant(Instant now, std::uint32_t shard, std::uint64_t incarnation,
                            Worker& worker, CoordinatorEffects& effects) {
  pending_.erase(shard);
  shards_[shard].state = Leased{incarnation, ++fence_, now + config_.ttl};
  effects.append.push_back(LeaseGranted{shard, fence_, worker.name});
  if (!shards_[shard].progress) {
    effects.load.push_back(shard);
  }
}

void CoordinatorCore::release(std::uint32_t shard) {
  shards_[shard].state = Pending{};
  pending_.insert(shard);
}

void CoordinatorCore::drop_worker(std::uint64_t incarnation, const std::string& why,
                                  CoordinatorEffects& effects) {
  const auto found = workers_.find(incarnation);
  if (found == workers_.end()) {
    return;
  }
  std::uint32_t released = 0;
  for (std::uint32_t index = 0; index < shards_.size(); ++index) {
    const auto* lease = std::get_if<Leased>(&shards_[index].state);
    if (lease != nullptr && lease->incarnation == incarnation) {
      release(index);
      ++released;
    }
  }
  full_ms_gone_ += found->second.full_ms;
  effects.log.push_back("worker " + found->second.name + " " + why + "; " +
                        std::to_string(released) + " shards go to other workers");
  workers_.erase(found);
  std::erase(joined_, incarnation);
  share_slots();
}

/// Shares the slots evenly; what a worker's own cap leaves over goes to the others.
void CoordinatorCore::share_slots() {
  std::vector<Worker*> sharing;
  for (const std::uint64_t incarnation : joined_) {
    Worker& worker = workers_.at(incarnation);
    if (worker.leaving) {
      worker.slots = 0;
    } else {
      sharing.push_back(&worker);
    }
  }
  std::stable_sort(sharing.begin(), sharing.end(), [](const Worker* a, const Worker* b) {
    return (a->slots_max == 0 ? UINT32_MAX : a->slots_max) <
           (b->slots_max == 0 ? UINT32_MAX : b->slots_max);
  });
  std::uint32_t left = config_.slots;
  std::size_t heads = std::max<std::size_t>(sharing.size(), config_.workers_expected);
  for (Worker* worker : sharing) {
    const auto even = static_cast<std::uint32_t>((left + heads - 1) / heads);
    const std::uint32_t cap = worker->slots_max == 0 ? even : std::min(even, worker->slots_max);
    worker->slots = cap;
    left -= cap;
    --heads;
  }
}

Order CoordinatorCore::order_for(std::uint64_t incarnation, const Worker& worker) const {
  Order order;
  order.epoch = config_.epoch;
  order.ack_seq = worker.seq;
  order.incarnation = incarnation;
  order.config = config_.config;
  order.slots = worker.slots;
  order.ttl_ms = static_cast<std::uint32_t>(config_.ttl / std::chrono::milliseconds(1));
  order.heartbeat_ms = static_cast<std::uint32_t>(config_.heartbeat / std::chrono::milliseconds(1));
  order.drain = draining_;
  order.run_over = finished();
  if (worker.ready) {
    for (std::uint32_t index = 0; index < shards_.size(); ++index) {
      const auto* lease = std::get_if<Leased>(&shards_[index].state);
      if (lease != nullptr && lease->incarnation == incarnation) {
        order.leases.push_back({index, lease->fence, shards_[index].count});
      }
    }
  }
  return order;
}

// --- samples and records ----------------------------------------------------------------------

void CoordinatorCore::on(Instant, FetchArrived& event, CoordinatorEffects& effects) {
  const Fetch& fetch = event.fetch;
  if (fetch.shard >= shards_.size()) {
    return;
  }
  const Shard& shard = shards_[fetch.shard];
  const auto* lease = std::get_if<Leased>(&shard.state);
  if (lease == nullptr || lease->fence != fetch.fence || !shard.progress ||
      fetch.from >= shard.count) {
    return;
  }
  SendSamples reply;
  reply.peer = event.peer;
  reply.shard = fetch.shard;
  reply.fence = fetch.fence;
  reply.from = fetch.from;
  const std::uint32_t wanted = std::min(fetch.count, kMaxFetchSamples);
  std::uint32_t position = fetch.from;
  while (position < shard.count && reply.positions.size() < wanted) {
    if (!shard.progress->done[position]) {
      reply.positions.push_back(position);
      for (auto it = shard.progress->answers.lower_bound({position, 0});
           it != shard.progress->answers.end() && it->first.first == position; ++it) {
        reply.answers[position].push_back(it->second);
      }
    }
    ++position;
  }
  reply.next = position;
  effects.send.push_back(std::move(reply));
}

void CoordinatorCore::on(Instant now, DeliverArrived& event, CoordinatorEffects& effects) {
  Deliver& deliver = event.deliver;
  const auto found = workers_.find(deliver.incarnation);
  if (found == workers_.end() || deliver.epoch != config_.epoch) {
    return;  // it will hear of the epoch by its next state, and offer everything again
  }
  Worker& worker = found->second;
  worker.last_seen = now;
  std::uint64_t& delivered = delivered_[deliver.incarnation];
  if (deliver.seq > delivered + 1) {
    return;  // one before it was lost: it comes again
  }
  if (deliver.seq == delivered + 1) {
    for (const Record& record : deliver.records) {
      if (record.shard < shards_.size() && !shards_[record.shard].progress &&
          (std::holds_alternative<Pending>(shards_[record.shard].state))) {
        effects.load.push_back(record.shard);
        return;  // cannot be judged yet; repeated once the shard is loaded
      }
    }
    for (Record& one : deliver.records) {
      record(deliver.incarnation, std::move(one), effects);
    }
    delivered = deliver.seq;
  }
  effects.send.push_back(SendAck{event.peer, Ack{deliver.incarnation, config_.epoch, delivered}});
}

void CoordinatorCore::record(std::uint64_t incarnation, Record one, CoordinatorEffects& effects) {
  if (one.shard >= shards_.size() || !shards_[one.shard].progress) {
    return;  // committed already, or of no shard of this run
  }
  const std::uint32_t index = one.shard;
  Shard& shard = shards_[index];
  Progress& progress = *shard.progress;
  const auto* lease = std::get_if<Leased>(&shard.state);
  const bool holder =
      lease != nullptr && lease->incarnation == incarnation && lease->fence == one.fence;
  Record accepted{one.shard, one.fence, std::nullopt, std::nullopt, std::nullopt};
  if (one.call) {
    if (position_of(progress, one.call->sample_id)) {
      accepted.call = std::move(one.call);
    }
  }
  if (one.answer) {
    // A late answer was paid for, so it is recorded whoever brings it; the fence guards the rest.
    if (const auto position = position_of(progress, one.answer->sample_id)) {
      if (record_answer(one.fence, progress, *position, *one.answer)) {
        accepted.answer = std::move(one.answer);
      }
    }
  }
  if (one.outcome && holder) {
    const auto position = position_of(progress, one.outcome->sample_id);
    if (position && !progress.done[*position] &&
        !progress.conflicts.contains({*position, one.fence})) {
      progress.done[*position] = true;
      ++progress.done_count;
      accepted.outcome = std::move(one.outcome);
    }
  }
  if (accepted.call || accepted.answer || accepted.outcome) {
    effects.append.emplace_back(std::move(accepted));
  }
  complete_if_done(index, effects);
}

bool CoordinatorCore::record_answer(std::uint64_t fence, Progress& progress, std::uint32_t position,
                                    const Answer& answer) {
  const auto [entry, fresh] = progress.answers.try_emplace({position, answer.candidate}, answer);
  if (!fresh && !(entry->second == answer)) {
    progress.conflicts.insert({position, fence});
  }
  return fresh;
}

std::optional<std::uint32_t> CoordinatorCore::position_of(const Progress& progress,
                                                          const SampleId& id) {
  const auto found = std::lower_bound(progress.ids.begin(), progress.ids.end(), id);
  if (found == progress.ids.end() || *found != id) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(found - progress.ids.begin());
}

void CoordinatorCore::complete_if_done(std::uint32_t shard, CoordinatorEffects& effects) {
  Shard& entry = shards_[shard];
  if (entry.progress && entry.progress->done_count == entry.count &&
      !std::holds_alternative<Writing>(entry.state) &&
      !std::holds_alternative<Committed>(entry.state)) {
    pending_.erase(shard);
    entry.state = Writing{};
    effects.commit.push_back(shard);
  }
}

void CoordinatorCore::on(Instant, ShardLoaded& event, CoordinatorEffects& effects) {
  Shard& shard = shards_.at(event.shard);
  FD_CHECK(event.ids.size() == shard.count);
  FD_CHECK(std::is_sorted(event.ids.begin(), event.ids.end()));
  if (shard.progress) {
    return;
  }
  Progress progress;
  progress.ids = std::move(event.ids);
  progress.done.resize(progress.ids.size(), false);
  for (Record& recorded : event.recorded) {
    if (recorded.answer) {
      if (const auto position = position_of(progress, recorded.answer->sample_id)) {
        progress.answers.try_emplace({*position, recorded.answer->candidate},
                                     std::move(*recorded.answer));
      }
    }
    if (recorded.outcome) {
      const auto position = position_of(progress, recorded.outcome->sample_id);
      if (position && !progress.done[*position]) {
        progress.done[*position] = true;
        ++progress.done_count;
      }
    }
  }
  shard.progress = std::move(progress);
  complete_if_done(event.shard, effects);
}

void CoordinatorCore::on(Instant, ShardWritten& event, CoordinatorEffects&) {
  Shard& shard = shards_.at(event.shard);
  FD_CHECK(std::holds_alternative<Writing>(shard.state));
  shard.state = Committed{};
  shard.progress.reset();
  ++committed_;
}

void CoordinatorCore::on(Instant, WorkerEnded& event, CoordinatorEffects& effects) {
  for (const auto& [incarnation, worker] : std::map(workers_)) {
    if (worker.name == event.name) {
      if (replaced_.size() >= kReplacedMax) {
        replaced_.erase(replaced_.begin());
      }
      replaced_.insert(incarnation);
      drop_worker(incarnation, "ended", effects);
    }
  }
  if (!event.replaced && config_.workers_expected > 1) {
    --config_.workers_expected;
    share_slots();
  }
}

void CoordinatorCore::on(Instant, DrainAsked&, CoordinatorEffects& effects) {
  draining_ = true;
  for (const auto& [incarnation, worker] : workers_) {
    effects.send.push_back(SendOrder{worker.peer, order_for(incarnation, worker)});
  }
}

void CoordinatorCore::on(Instant now, Ticked&, CoordinatorEffects& effects) {
  for (const auto& [incarnation, worker] : std::map(workers_)) {
    if (now - worker.last_seen > config_.ttl) {
      drop_worker(incarnation, "has not been heard of for its lease", effects);
    }
  }
  if (finished()) {
    for (const auto& [incarnation, worker] : workers_) {
      effects.send.push_back(SendOrder{worker.peer, order_for(incarnation, worker)});
    }
  }
}

CoordinatorView CoordinatorCore::view() const {
  CoordinatorView view;
  view.shards_committed = static_cast<std::uint32_t>(committed_);
  view.full_ms = full_ms_gone_;
  view.idle = true;
  for (const std::uint64_t incarnation : joined_) {
    const Worker& worker = workers_.at(incarnation);
    std::uint32_t outstanding = 0;
    for (const auto& [shard, lease] : worker.held) {
      outstanding += lease.outstanding;
    }
    view.in_flight += worker.in_flight;
    view.full_ms += worker.full_ms;
    view.idle = view.idle && worker.draining && outstanding == 0;
    view.workers.push_back({worker.name, static_cast<std::uint32_t>(worker.held.size()),
                            worker.in_flight, worker.slots});
  }
  return view;
}

}  // namespace fd
