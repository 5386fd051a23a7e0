#include "actors/pipeline/peer_scheduler.hpp"

#include <tuple>
#include <utility>

#include "protocol/base/mutant.hpp"

namespace fd {

bool PeerScheduler::Peer::serves(StageId stage) const {
  return has_stage(info.stages, stage);
}

std::uint32_t PeerScheduler::Peer::credit() const {
  return doubtful ? 1 : 2 * threads() + kPeerCreditExtra;
}

PeerSchedulerEffects PeerScheduler::step(Instant now, PeerSchedulerEvent event) {
  PeerSchedulerEffects effects;
  std::visit([&](auto& what) { on(now, what, effects); }, event);
  place(now, effects);
  return effects;
}

std::optional<Instant> PeerScheduler::next_tick() const {
  std::optional<Instant> next;
  const auto consider = [&](Instant when) { next = next ? std::min(*next, when) : when; };
  for (const auto& [id, ask] : asks_) {
    if (!ask.overdue) {
      consider(ask.due);
    }
  }
  const bool waits =
      !unplaced_.empty() || std::any_of(queued_.begin(), queued_.end(),
                                        [](const auto& queue) { return !queue.second.empty(); });
  for (const auto& [incarnation, peer] : peers_) {
    for (const Instant until : {peer.rests_until, peer.slow_until}) {
      if (waits && until > now_) {
        consider(until);
      }
    }
  }
  return next;
}

// --- events -----------------------------------------------------------------------------------

void PeerScheduler::on(Instant, PeersPublished& event, PeerSchedulerEffects& effects) {
  std::map<std::uint64_t, PeerInfo> published;
  for (PeerInfo& info : event.peers) {
    if (!info.endpoint.empty()) {
      published[info.incarnation] = std::move(info);
    }
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    const auto found = published.find(peer->first);
    if (found == published.end() || found->second.endpoint != peer->second.info.endpoint ||
        found->second.key != peer->second.info.key) {
      leave(peer->first);
      effects.disconnect.push_back(peer->first);
      peer = peers_.erase(peer);
    } else {
      ++peer;
    }
  }
  for (auto& [incarnation, info] : published) {
    const auto [peer, fresh] = peers_.try_emplace(incarnation);
    peer->second.info = std::move(info);
    if (fresh) {
      effects.connect.push_back(peer->second.info);
    }
  }
}

void PeerScheduler::on(Instant, WorkQueued& event, PeerSchedulerEffects&) {
  auto& queue = queued_[{event.stage, event.alone}];
  queue.insert(queue.end(), event.samples.begin(), event.samples.end());
}

void PeerScheduler::on(Instant now, PeerReplied& event, PeerSchedulerEffects& effects) {
  const auto peer = peers_.find(event.peer);
  if (peer == peers_.end()) {
    return;
  }
  peer->second.doubtful = false;
  peer->second.slow_until = Instant{};
  const auto ask = asks_.find(event.ask);
  if (ask == asks_.end() || ask->second.peer != event.peer) {
    return;  // repeated, or another peer was faster
  }
  if (event.working) {
    ask->second.due = std::max(ask->second.due, now + config_.patience);
    return;
  }
  const std::uint64_t number = ask->second.batch;
  const Batch& asked_for = batches_.at(number);
  const std::vector<StageId> stages = stages_between(asked_for.first, ask->second.last);
  if (!event.not_now && (event.stages.size() != asked_for.samples.size() ||
                         std::ranges::count(event.stages, stages) != std::ssize(event.stages))) {
    return;  // no answer to what was asked: another number of samples, or a stage passed over
  }
  if (event.not_now) {
    peer->second.rests_until = now + kPeerRest;
    drop(event.ask);
    if (!FD_MUTANT(put_off_batch_not_asked_again)) {
      place_again(number);
    }
    return;
  }
  const StageId last = ask->second.last;
  for (const std::uint64_t one : std::set(batches_.at(number).asks)) {
    drop(one);
  }
  Batch batch = std::move(batches_.at(number));
  batches_.erase(number);
  std::erase(unplaced_, number);
  effects.served = WorkServed{batch.first, last, std::move(batch.samples)};
}

void PeerScheduler::on(Instant now, PeerSchedulerTicked&, PeerSchedulerEffects&) {
  for (auto& [id, ask] : asks_) {
    if (ask.overdue || now < ask.due) {
      continue;
    }
    ask.overdue = true;
    Peer& peer = peers_.at(ask.peer);
    --peer.outstanding;
    peer.doubtful = true;
    peer.slow_until = now + config_.patience;
    ++batches_.at(ask.batch).times_overdue;
    if (!FD_MUTANT(late_batch_not_asked_again)) {
      place_again(ask.batch);
    }
  }
}

// --- who gets what ----------------------------------------------------------------------------

void PeerScheduler::place(Instant now, PeerSchedulerEffects& effects) {
  now_ = now;
  for (const std::uint64_t batch : std::exchange(unplaced_, {})) {
    if (Peer* peer = pick(now, batches_.at(batch).first, batches_.at(batch))) {
      ask(now, batch, *peer, effects);
    } else {
      unplaced_.push_back(batch);
    }
  }
  // What has come furthest goes first, so that samples get done.
  std::vector<StageId> stages = peer_stages();
  std::ranges::reverse(stages);
  for (const bool alone : {false, true}) {
    for (const StageId stage : stages) {
      while (!queued_[{stage, alone}].empty()) {
        Peer* peer = pick(now, stage, Batch{});
        if (peer == nullptr) {
          break;
        }
        batches_.emplace(++last_batch_, take_queued(stage, alone));
        ask(now, last_batch_, *peer, effects);
      }
    }
  }
}

/// Returns the best peer that may be asked; nothing while all of them have enough to do.
PeerScheduler::Peer* PeerScheduler::pick(Instant now, StageId stage, const Batch& batch) {
  Peer* best = nullptr;
  bool swift_one = false;  // somebody serves it who let nothing wait lately
  for (auto& [incarnation, peer] : peers_) {
    swift_one = swift_one || (peer.serves(stage) && peer.slow_until <= now);
  }
  const auto rank = [&](const Peer& peer) {
    return std::tuple(asked(batch, peer.info.incarnation),
                      static_cast<double>(peer.outstanding) / peer.threads());
  };
  for (auto& [incarnation, peer] : peers_) {
    const bool may = peer.serves(stage) && peer.rests_until <= now &&
                     peer.outstanding < peer.credit() && !(swift_one && peer.slow_until > now);
    if (may && (best == nullptr || rank(peer) < rank(*best))) {
      best = &peer;
    }
  }
  return best;
}

bool PeerScheduler::asked(const Batch& batch, std::uint64_t peer) const {
  return std::any_of(batch.asks.begin(), batch.asks.end(),
                     [&](std::uint64_t ask) { return asks_.at(ask).peer == peer; });
}

void PeerScheduler::ask(Instant now, std::uint64_t number, Peer& peer,
                        PeerSchedulerEffects& effects) {
  Batch& batch = batches_.at(number);
  Duration patience = config_.patience;
  for (std::uint32_t i = 0; i < batch.times_overdue && patience < kPeerPatienceMax; ++i) {
    patience *= 2;
  }
  // Asked again at the same peer, it is the same request: the peer may still be at it.
  const auto earlier = std::find_if(batch.asks.begin(), batch.asks.end(), [&](std::uint64_t one) {
    return asks_.at(one).peer == peer.info.incarnation;
  });
  const std::uint64_t id = earlier != batch.asks.end() ? *earlier : ++last_ask_;
  batch.asks.insert(id);
  Ask& ask = asks_[id];
  if (earlier == batch.asks.end()) {
    ask.batch = number;
    ask.peer = peer.info.incarnation;
    ask.last = last_at(peer, batch);
  }
  ask.due = now + std::min(patience, kPeerPatienceMax);
  ask.overdue = false;
  ++peer.outstanding;
  effects.ask.push_back({id, ask.peer, batch.first, ask.last, batch.samples});
}

/// Returns the last of the stages that this peer can do at once for a batch.
StageId PeerScheduler::last_at(const Peer& peer, const Batch& batch) const {
  StageId last = batch.first;
  for (auto next = next_stage(last); next && !batch.alone && runs_at_peers(*next) &&
                                     !config_.local.contains(*next) && peer.serves(*next);
       next = next_stage(*next)) {
    last = *next;
  }
  return last;
}

PeerScheduler::Batch PeerScheduler::take_queued(StageId stage, bool alone) {
  auto& queue = queued_.at({stage, alone});
  Batch batch;
  batch.first = stage;
  batch.alone = alone;
  std::size_t bytes = 0;
  while (!queue.empty() && batch.samples.size() < kAskSamples) {
    bytes += queue.front().bytes;
    if (bytes > kAskBytes && !batch.samples.empty()) {
      break;
    }
    batch.samples.push_back(queue.front().number);
    queue.pop_front();
  }
  return batch;
}

// --- what becomes of asks ---------------------------------------------------------------------

void PeerScheduler::drop(std::uint64_t id) {
  const auto ask = asks_.find(id);
  if (!ask->second.overdue) {
    --peers_.at(ask->second.peer).outstanding;
  }
  batches_.at(ask->second.batch).asks.erase(id);
  asks_.erase(ask);
}

/// What this peer was asked, others must do.
void PeerScheduler::leave(std::uint64_t peer) {
  std::vector<std::uint64_t> left;
  for (const auto& [id, ask] : asks_) {
    if (ask.peer == peer) {
      left.push_back(id);
    }
  }
  for (const std::uint64_t id : left) {
    const std::uint64_t batch = asks_.at(id).batch;
    drop(id);
    if (!FD_MUTANT(batch_of_gone_peer_forgotten)) {
      place_again(batch);
    }
  }
}

/// Has the batch asked again, unless somebody is still expected to reply, or it waits already.
void PeerScheduler::place_again(std::uint64_t number) {
  const Batch& batch = batches_.at(number);
  const bool expected = std::any_of(batch.asks.begin(), batch.asks.end(),
                                    [&](std::uint64_t ask) { return !asks_.at(ask).overdue; });
  if (!expected && std::find(unplaced_.begin(), unplaced_.end(), number) == unplaced_.end()) {
    unplaced_.push_back(number);
  }
}

}  // namespace fd
