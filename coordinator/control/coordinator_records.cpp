// The half of CoordinatorCore that hands out samples and takes in records.

#include <algorithm>
#include <utility>

#include "coordinator/control/coordinator_core.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {

bool CoordinatorCore::Progress::only_suspects_left() const {
  return std::all_of(samples.begin(), samples.end(),
                     [](const SampleState& sample) { return sample.done || sample.suspect(); });
}

// --- samples out --------------------------------------------------------------------------------

void CoordinatorCore::on(Instant now, FetchArrived& event, CoordinatorEffects& effects) {
  const Fetch& fetch = event.fetch;
  if (fetch.shard >= shards_.size()) {
    return;
  }
  Shard& shard = shards_[fetch.shard];
  const LeaseTable::Leased* lease = leases_.lease(fetch.shard);
  if (lease == nullptr || lease->fence != fetch.fence || fetch.from >= shard.count) {
    return;
  }
  const auto worker = workers_.find(lease->incarnation);
  if (worker == workers_.end()) {
    return;
  }
  if (!shard.progress) {
    keep_for_later(lease->incarnation, fetch.shard, event);
    return;
  }
  worker->second.last_seen = now;
  SendSamples reply = pick_samples(fetch, *shard.progress, shard.count);
  reply.peer = event.peer;
  if (reply.alone && !reply.positions.empty()) {
    worker->second.alone = Place{fetch.shard, reply.positions.front()};
  } else if (!reply.positions.empty()) {
    worker->second.alone.reset();
  }
  effects.send.push_back(std::move(reply));
}

SendSamples CoordinatorCore::pick_samples(const Fetch& fetch, Progress& progress,
                                          std::uint32_t count) {
  SendSamples reply;
  reply.shard = fetch.shard;
  reply.fence = fetch.fence;
  reply.from = fetch.from;
  reply.alone = progress.only_suspects_left();
  const std::uint32_t wanted = reply.alone ? 1 : std::min(fetch.count, kMaxFetchSamples);
  std::uint32_t position = fetch.from;
  for (; position < count && reply.positions.size() < wanted; ++position) {
    const SampleState& sample = progress.samples[position];
    if (sample.done || (sample.suspect() && !reply.alone)) {
      continue;
    }
    if (reply.alone && !fetch.alone) {
      break;  // it must come back for this one with nothing else under way
    }
    send_position(reply, progress, position);
  }
  reply.next = position;
  reply.alone = reply.alone && (position < count || !reply.positions.empty());
  return reply;
}

void CoordinatorCore::send_position(SendSamples& reply, Progress& progress,
                                    std::uint32_t position) {
  progress.samples[position].sent_fence = reply.fence;
  reply.positions.push_back(position);
  for (auto it = progress.answers.lower_bound({position, 0});
       it != progress.answers.end() && it->first.first == position; ++it) {
    reply.answers[position].push_back(it->second);
  }
}

// --- records in ---------------------------------------------------------------------------------

void CoordinatorCore::on(Instant now, DeliverArrived& event, CoordinatorEffects& effects) {
  Deliver& deliver = event.deliver;
  const auto known = delivered_.find(deliver.incarnation);
  if (known == delivered_.end() || deliver.epoch != config_.epoch) {
    return;  // it will hear of the epoch by its next state, and offer everything again
  }
  if (const auto worker = workers_.find(deliver.incarnation); worker != workers_.end()) {
    worker->second.last_seen = now;
  }
  std::uint64_t& delivered = known->second;
  if (deliver.seq > delivered + 1 && !FD_MUTANT(deliver_gap_accepted)) {
    return;  // one before it was lost: it comes again
  }
  if (deliver.seq == delivered + 1 ||
      (FD_MUTANT(deliver_gap_accepted) && deliver.seq > delivered)) {
    for (const Record& one : deliver.records) {
      if (one.shard < shards_.size() && leases_.open(one.shard) && !shards_[one.shard].progress) {
        effects.load.push_back(one.shard);
        keep_for_later(deliver.incarnation, one.shard, event);  // cannot be judged yet
        return;
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
  if (one.shard >= shards_.size()) {
    return;  // of no shard of this run
  }
  const std::uint32_t index = one.shard;
  if (!shards_[index].progress) {
    record_for_written(std::move(one), effects);
    return;
  }
  Progress& progress = *shards_[index].progress;
  const bool holder = leases_.holds(incarnation, index, one.fence);
  Record accepted{one.shard, one.fence, std::nullopt, std::nullopt, std::nullopt};
  if (one.call && position_of(progress, one.call->sample_id) &&
      record_call(one.fence, progress, *one.call)) {
    accepted.call = std::move(one.call);
  }
  if (one.answer) {
    // A late answer was paid for, so it is recorded whoever brings it; the fence guards the rest.
    const auto position = position_of(progress, one.answer->sample_id);
    const bool wanted = !FD_MUTANT(late_answer_refused) || holder;
    if (position && wanted &&
        (record_answer(progress, *position, *one.answer) || FD_MUTANT(append_without_dedupe))) {
      accepted.answer = std::move(one.answer);
    }
  }
  if (one.outcome && (holder || FD_MUTANT(stale_outcome_accepted))) {
    const auto position = position_of(progress, one.outcome->sample_id);
    if (position && (!progress.samples[*position].done || FD_MUTANT(done_by_count)) &&
        (follows_from_record(progress, *position, one) || FD_MUTANT(conflict_ignored))) {
      record_outcome(index, progress, *position, *one.outcome);
      accepted.outcome = std::move(one.outcome);
    }
  }
  if (accepted.call || accepted.answer || accepted.outcome) {
    effects.append.emplace_back(std::move(accepted));
  }
  complete_if_done(index, effects);
}

/// The shard's files are written. An answer to a sample that failed was paid for all the same: a
/// later start uses it instead of asking again. First answer wins there too.
void CoordinatorCore::record_for_written(Record one, CoordinatorEffects& effects) {
  if (!one.answer) {
    return;
  }
  auto& failed = shards_[one.shard].failed;
  const auto sample = failed.find(one.answer->sample_id);
  if (sample != failed.end() && sample->second.insert(one.answer->candidate).second) {
    one.outcome.reset();
    effects.append.emplace_back(std::move(one));
  }
}

void CoordinatorCore::record_outcome(std::uint32_t shard, Progress& progress,
                                     std::uint32_t position, const Outcome& outcome) {
  progress.samples[position].done = true;
  ++progress.done_count;
  progress.samples[position].failed = outcome.verdict == Verdict::failed;
  for (auto& [incarnation, worker] : workers_) {
    if (worker.alone && worker.alone->shard == shard && worker.alone->position == position) {
      worker.alone.reset();
    }
  }
}

/// A worker offers a call again when it was not acknowledged, and a journal also when it was.
bool CoordinatorCore::record_call(std::uint64_t fence, Progress& progress, const Call& call) {
  return progress.calls.insert(call_fingerprint(fence, call)).second ||
         FD_MUTANT(call_counted_twice);
}

/// Another worker may have brought other answers first, and those stay.
bool CoordinatorCore::follows_from_record(const Progress& progress, std::uint32_t position,
                                          const Record& one) {
  std::uint64_t on_record = 0;
  for (auto it = progress.answers.lower_bound({position, 0});
       it != progress.answers.end() && it->first.first == position; ++it) {
    on_record ^= answer_fingerprint(it->second);
  }
  return one.follows_from.value_or(on_record) == on_record;
}

bool CoordinatorCore::record_answer(Progress& progress, std::uint32_t position,
                                    const Answer& answer) {
  const auto [entry, fresh] = progress.answers.try_emplace({position, answer.candidate}, answer);
  if (!fresh && FD_MUTANT(last_writer_wins)) {
    entry->second = answer;
    return true;
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

// --- a shard's beginning and end ----------------------------------------------------------------

void CoordinatorCore::complete_if_done(std::uint32_t shard, CoordinatorEffects& effects) {
  const Shard& entry = shards_[shard];
  if (entry.progress && entry.progress->done_count == entry.count && leases_.open(shard)) {
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
  if (!shard.progress && leases_.open(event.shard)) {
    begin_shard(event, shard, effects);
  }
  for (auto& early : std::exchange(shard.early, {})) {
    std::visit([&](auto& one) { on(now, one, effects); }, early);
  }
}

void CoordinatorCore::begin_shard(ShardLoaded& event, Shard& shard, CoordinatorEffects& effects) {
  Progress progress;
  progress.ids = std::move(event.ids);
  progress.samples.resize(progress.ids.size());
  for (Record& recorded : event.recorded) {
    if (recorded.call) {
      record_call(recorded.fence, progress, *recorded.call);
    }
    if (recorded.answer) {
      if (const auto position = position_of(progress, recorded.answer->sample_id)) {
        progress.answers.try_emplace({*position, recorded.answer->candidate},
                                     std::move(*recorded.answer));
      }
    }
    if (recorded.outcome) {
      const auto position = position_of(progress, recorded.outcome->sample_id);
      if (position && !progress.samples[*position].done) {
        progress.samples[*position].done = true;
        ++progress.done_count;
      }
    }
  }
  for (Record& reused : event.reused) {
    FD_CHECK(reused.answer.has_value());
    const auto position = position_of(progress, reused.answer->sample_id);
    if (position && !progress.samples[*position].done &&
        record_answer(progress, *position, *reused.answer)) {
      effects.append.emplace_back(std::move(reused));  // this run's own record from here on
    }
  }
  shard.progress = std::move(progress);
  complete_if_done(event.shard, effects);
}

/// Beyond a few it is dropped: a worker repeats what is not answered ahead of its echo.
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

void CoordinatorCore::on(Instant now, EchoArrived& event, CoordinatorEffects& effects) {
  const auto worker = workers_.find(event.echo.incarnation);
  if (worker != workers_.end()) {
    worker->second.last_seen = now;
    if (worker->second.early) {
      shards_[*worker->second.early].early.emplace_back(std::move(event));
      return;
    }
  }
  effects.send.push_back(SendEcho{event.peer, event.echo});
}

void CoordinatorCore::on(Instant now, ShardWritten& event, CoordinatorEffects& effects) {
  Shard& shard = shards_.at(event.shard);
  FD_CHECK(shard.progress.has_value());
  const Progress& progress = *shard.progress;
  for (std::uint32_t position = 0; position < shard.count; ++position) {
    if (progress.samples[position].failed) {
      std::set<std::uint32_t>& answered = shard.failed[progress.ids[position]];
      for (auto it = progress.answers.lower_bound({position, 0});
           it != progress.answers.end() && it->first.first == position; ++it) {
        answered.insert(it->first.second);
      }
    }
  }
  leases_.commit(event.shard);
  shard.progress.reset();
  for (const std::uint64_t incarnation : joined_) {
    Worker& worker = workers_.at(incarnation);
    if (worker.held_back && leases_.writing() < config_.writing_max) {
      assign(now, incarnation, worker, effects);
      effects.send.push_back(SendOrder{worker.peer, order_for(now, incarnation, worker)});
    }
  }
}

}  // namespace fd
