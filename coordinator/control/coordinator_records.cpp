// The half of CoordinatorCore that hands out samples and takes in records.

#include <algorithm>
#include <utility>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {

// --- samples out --------------------------------------------------------------------------------

void CoordinatorCore::on(Instant now, FetchArrived& event, CoordinatorEffects& effects) {
  const Fetch& fetch = event.fetch;
  if (fetch.shard >= shards_.size()) {
    return;
  }
  const LeaseTable::Leased* lease = leases_.lease(fetch.shard);
  if (lease == nullptr || lease->fence != fetch.fence ||
      lease->incarnation != event.from.incarnation || fetch.from >= shards_[fetch.shard].count) {
    return;
  }
  const auto worker = workers_.find(lease->incarnation);
  if (worker == workers_.end()) {
    return;
  }
  const auto progress = progress_.find(fetch.shard);
  if (progress == progress_.end()) {
    keep_for_later(lease->incarnation, fetch.shard, event);
    return;
  }
  worker->second.last_seen = now;
  SendSamples reply = pick_samples(fetch, progress->second);
  static_cast<To&>(reply) = {event.peer, event.from.incarnation};
  if (reply.alone && !reply.positions.empty()) {
    worker->second.alone = SamplePlace{fetch.shard, reply.positions.front()};
  } else if (!reply.positions.empty()) {
    worker->second.alone.reset();
  }
  effects.send.push_back(std::move(reply));
}

SendSamples CoordinatorCore::pick_samples(const Fetch& fetch, ShardProgress& progress) {
  const auto count = static_cast<std::uint32_t>(progress.samples.size());
  SendSamples reply;
  reply.shard = fetch.shard;
  reply.fence = fetch.fence;
  reply.from = fetch.from;
  reply.after = fetch.after;
  reply.alone = progress.only_suspects_left();
  const std::uint32_t wanted = reply.alone ? 1 : std::min(fetch.count, kMaxFetchSamples);
  std::uint32_t position = fetch.from;
  for (; position < count && reply.positions.size() < wanted; ++position) {
    SampleState& sample = progress.samples[position];
    if (sample.done || (sample.suspect() && !reply.alone)) {
      continue;
    }
    if (reply.alone && !fetch.alone) {
      break;  // it must come back for this one with nothing else under way
    }
    sample.sent_fence = fetch.fence;
    reply.positions.push_back(position);
    for (const auto& [place, answer] : progress.answers_at(position)) {
      reply.answers[position].push_back(answer);
    }
  }
  reply.next = position;
  reply.alone = reply.alone && (position < count || !reply.positions.empty());
  return reply;
}

void CoordinatorCore::on(Instant, FetchDatabaseArrived& event, CoordinatorEffects& effects) {
  effects.send.push_back(SendDatabase{{event.peer, event.from.incarnation}, event.fetch});
}

// --- records in ---------------------------------------------------------------------------------

void CoordinatorCore::on(Instant now, DeliverArrived& event, CoordinatorEffects& effects) {
  Deliver& deliver = event.deliver;
  const std::uint64_t incarnation = event.from.incarnation;
  std::uint64_t& delivered = known_.at(incarnation).delivered;
  if (const auto worker = workers_.find(incarnation); worker != workers_.end()) {
    worker->second.last_seen = now;
  }
  if (deliver.seq > delivered + 1 && !FD_MUTANT(deliver_gap_accepted)) {
    return;  // one before it was lost: it comes again
  }
  if (deliver.seq == delivered + 1 ||
      (FD_MUTANT(deliver_gap_accepted) && deliver.seq > delivered)) {
    for (const Record& one : deliver.records) {
      if (one.shard < shards_.size() && leases_.open(one.shard) && !progress_.contains(one.shard)) {
        effects.load.push_back(one.shard);
        keep_for_later(incarnation, one.shard, event);  // cannot be judged yet
        return;
      }
    }
    for (Record& one : deliver.records) {
      record(incarnation, std::move(one), effects);
    }
    delivered = deliver.seq;
  }
  effects.send.push_back(SendAck{{event.peer, incarnation}, Ack{delivered}});
}

void CoordinatorCore::record(std::uint64_t incarnation, Record one, CoordinatorEffects& effects) {
  if (one.shard >= shards_.size()) {
    return;  // of no shard of this run
  }
  const std::uint32_t index = one.shard;
  const auto found = progress_.find(index);
  if (found == progress_.end() || !leases_.open(index)) {
    // All samples of the shard have their outcomes. What was paid for is kept all the same: it is
    // counted, and a later start uses the answer to a sample that failed.
    one.outcome.reset();
    one.follows_from.reset();
    if ((one.call || one.answer) && !FD_MUTANT(late_call_dropped)) {
      effects.late.push_back(std::move(one));
    }
    return;
  }
  ShardProgress& progress = found->second;
  const bool holder = leases_.holds(incarnation, index, one.fence);
  Record accepted{one.shard, one.fence, {}, {}, {}, {}};
  if (one.call && progress.position_of(one.call->sample_id) && progress.record_call(*one.call)) {
    accepted.call = std::move(one.call);
  }
  if (one.answer) {
    // A late answer was paid for, so it is recorded whoever brings it; the fence guards the rest.
    const auto position = progress.position_of(one.answer->sample_id);
    const bool wanted = !FD_MUTANT(late_answer_refused) || holder;
    if (position && wanted &&
        (progress.record_answer(*position, *one.answer) || FD_MUTANT(append_without_dedupe))) {
      accepted.answer = std::move(one.answer);
    }
  }
  if (one.outcome && (holder || FD_MUTANT(stale_outcome_accepted))) {
    const auto position = progress.position_of(one.outcome->sample_id);
    if (position && (!progress.samples[*position].done || FD_MUTANT(done_by_count)) &&
        (progress.follows_from_record(*position, one) || FD_MUTANT(conflict_ignored))) {
      record_outcome({index, *position}, *one.outcome);
      accepted.outcome = std::move(one.outcome);
    }
  }
  if (accepted.call || accepted.answer || accepted.outcome) {
    effects.append.emplace_back(std::move(accepted));
  }
  complete_if_done(index, effects);
}

void CoordinatorCore::record_outcome(const SamplePlace& place, const Outcome& outcome) {
  progress_.at(place.shard).finish(place.position, outcome.verdict == Verdict::failed);
  for (auto& [incarnation, worker] : workers_) {
    if (worker.alone == place) {
      worker.alone.reset();
    }
  }
}

// --- a shard's beginning and end ----------------------------------------------------------------

void CoordinatorCore::complete_if_done(std::uint32_t shard, CoordinatorEffects& effects) {
  const auto found = progress_.find(shard);
  if (found != progress_.end() && found->second.done_count == shards_[shard].count &&
      leases_.open(shard)) {
    leases_.write(shard);
    effects.commit.push_back(shard);
  }
}

void CoordinatorCore::on(Instant now, ShardLoaded& event, CoordinatorEffects& effects) {
  Shard& shard = shards_.at(event.shard);
  FD_CHECK(event.ids.size() == shard.count);
  FD_CHECK(std::is_sorted(event.ids.begin(), event.ids.end()));
  for (auto& [incarnation, worker] : workers_) {
    if (worker.early == event.shard) {
      worker.early.reset();
    }
  }
  if (!progress_.contains(event.shard) && leases_.open(event.shard)) {
    begin_shard(event, effects);
  }
  for (auto& early : std::exchange(shard.early, {})) {
    std::visit([&](auto& one) { on(now, one, effects); }, early);
  }
}

void CoordinatorCore::begin_shard(ShardLoaded& event, CoordinatorEffects& effects) {
  ShardProgress progress(std::move(event.ids), std::move(event.recorded));
  for (Record& reused : event.reused) {
    const auto position =
        reused.answer ? progress.position_of(reused.answer->sample_id) : std::nullopt;
    if (!position || progress.samples[*position].done ||
        !progress.record_answer(*position, *reused.answer)) {
      reused.answer.reset();
    }
    if (reused.call && !progress.record_call(*reused.call)) {
      reused.call.reset();
    }
    if (reused.answer || reused.call) {
      effects.append.emplace_back(std::move(reused));  // this run's own record from here on
    }
  }
  progress_.emplace(event.shard, std::move(progress));
  complete_if_done(event.shard, effects);
}

/// The queue is bounded: a worker sends again what was not answered before its flush marker
/// returns.
template <class Event>
void CoordinatorCore::keep_for_later(std::uint64_t incarnation, std::uint32_t shard, Event& event) {
  constexpr std::size_t kEarlyMax = 8;
  if (const auto worker = workers_.find(incarnation); worker != workers_.end()) {
    worker->second.early = shard;
  }
  if (shards_[shard].early.size() < kEarlyMax) {
    shards_[shard].early.emplace_back(std::move(event));
  }
}

void CoordinatorCore::on(Instant now, FlushMarkerArrived& event, CoordinatorEffects& effects) {
  const auto worker = workers_.find(event.from.incarnation);
  if (worker != workers_.end()) {
    worker->second.last_seen = now;
    if (worker->second.early) {
      shards_[*worker->second.early].early.emplace_back(std::move(event));
      return;
    }
  }
  effects.send.push_back(SendFlushMarker{{event.peer, event.from.incarnation}, event.marker});
}

void CoordinatorCore::on(Instant now, ShardWritten& event, CoordinatorEffects& effects) {
  const auto found = progress_.find(event.shard);
  FD_CHECK(found != progress_.end());
  leases_.commit(event.shard);
  progress_.erase(found);
  for (const std::uint64_t incarnation : joined_) {
    ConnectedWorker& worker = workers_.at(incarnation);
    if (worker.held_back && leases_.writing() < config_.writing_max) {
      assign(now, incarnation, worker, effects);
      send_order(now, incarnation, worker, effects);
    }
  }
}

}  // namespace fd
