// The half of WorkerCore that takes samples in and hands records out.

#include <algorithm>
#include <utility>

#include "protocol/base/mutant.hpp"
#include "worker/worker_core.hpp"

namespace fd {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kUnackedMax = 64;  ///< batches on the way before fetching stops
/// Bytes handed over and not acknowledged, about: what a state may have to wait behind on a slow
/// link. The rest stays here.
constexpr std::size_t kWindowBytes = 2 * WorkerCore::kDeliverBytes;
constexpr std::uint32_t kFetchMin = 32;  ///< smaller holes wait, to keep messages few
constexpr Duration kResendAfter = milliseconds(1000);

}  // namespace

template <class Predicate>
bool WorkerCore::any_owed(Predicate predicate) const {
  return std::any_of(outbox_.begin(), outbox_.end(),
                     [&](const Owed& owed) { return predicate(owed.record); }) ||
         std::any_of(unacked_.begin(), unacked_.end(), [&](const Batch& batch) {
           const std::vector<Record>& records = batch.deliver.records;
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
  const auto alone = std::find_if(leases_.begin(), leases_.end(),
                                  [](const auto& entry) { return entry.second.alone; });
  if (alone != leases_.end()) {
    fetch_alone(now, alone->first, alone->second, effects);
    return;
  }
  if (fetching()) {
    return;  // one at a time: on a slow link, more would only make orders wait
  }
  const std::uint64_t window = slots_ + std::max(config_.prefetch, slots_ / 2);
  const std::uint64_t room = window - std::min<std::uint64_t>(window, running_.size());
  for (auto& [shard, lease] : leases_) {
    const std::uint64_t left = lease.count - lease.next;
    if (lease.blocked || left == 0) {
      continue;
    }
    if (room == 0 || (room < std::min(kFetchMin, config_.prefetch / 2) && room < left)) {
      return;
    }
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>({left, room, kMaxFetchSamples}));
    fetch(now, shard, lease, count, false, effects);
    return;
  }
}

/// Asks for a suspect once nothing else is under way, asked for, or owed.
void WorkerCore::fetch_alone(Instant now, std::uint32_t shard, Lease& lease,
                             WorkerEffects& effects) {
  if (running_.empty() && delivered() && !fetching()) {
    fetch(now, shard, lease, 1, true, effects);
  }
}

bool WorkerCore::fetching() const {
  return std::any_of(leases_.begin(), leases_.end(),
                     [](const auto& entry) { return entry.second.asked.has_value(); });
}

void WorkerCore::fetch(Instant now, std::uint32_t shard, Lease& lease, std::uint32_t count,
                       bool alone, WorkerEffects& effects) {
  lease.asked = now;
  lease.asked_mark = bulk_.mark();
  effects.send.push_back(Fetch{shard, lease.fence, lease.next, count, alone, after(lease)});
}

/// Returns the last answer that came of a sample of which more follow.
std::optional<Digest> WorkerCore::after(const Lease& lease) {
  return lease.piece ? std::optional(lease.piece->answers.back().call_key) : std::nullopt;
}

/// Puts a sample together that comes in pieces. Returns whether it is the last item, and not whole.
bool WorkerCore::join_pieces(Samples& samples, Lease& lease) {
  if (lease.piece && !samples.items.empty() &&
      samples.items.front().sample.id == lease.piece->sample.id) {
    SampleItem& first = samples.items.front();
    first.answers.insert(first.answers.begin(), lease.piece->answers.begin(),
                         lease.piece->answers.end());
  }
  lease.piece.reset();
  if (samples.items.empty() || !samples.items.back().more || samples.items.back().answers.empty()) {
    return false;
  }
  lease.piece = std::move(samples.items.back());
  samples.items.pop_back();
  return true;
}

void WorkerCore::on(Instant now, SamplesArrived& event, WorkerEffects& effects) {
  bulk_.heard(now);
  Samples& samples = event.samples;
  Lease* lease = find(samples.shard, samples.fence);
  if (!configured_ || !has_stage(config_.stages, StageId::teacher)) {
    return;  // nobody asked, and no stage could take them
  }
  const bool nothing_but_suspects = samples.alone && samples.items.empty();
  const bool in_pieces = !samples.items.empty() && samples.items.back().more;
  if (lease == nullptr ||
      ((samples.from != lease->next || samples.after != after(*lease)) &&
       !FD_MUTANT(repeated_samples_started)) ||
      samples.next > lease->count || samples.next < samples.from ||
      (samples.next == samples.from && !in_pieces && (!nothing_but_suspects || lease->alone))) {
    return;  // repeated, or of a lease that is gone
  }
  if (samples.alone && !samples.items.empty() && (!running_.empty() || !lease->alone)) {
    return;  // a suspect, but we are not alone any more: asked for again
  }
  lease->asked.reset();
  lease->repeats = {};
  if (stopping()) {
    return;
  }
  lease->next = samples.next;
  const bool goes_on = join_pieces(samples, *lease);
  lease->alone = nothing_but_suspects || (goes_on && lease->alone);
  alone_ = samples.alone && !samples.items.empty();
  for (SampleItem& item : samples.items) {
    if (lease->mixed && owes_answer(item.sample.id)) {
      continue;  // it ended while this was on its way; sent again, with that answer, by a later
                 // lease
    }
    if (!adopt(samples, item)) {
      const Running running{samples.shard, samples.fence, item.answers};
      if (!running_.try_emplace({item.sample.id, samples.fence}, running).second) {
        continue;  // it comes twice, with different answers: the first is under way
      }
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
          return std::all_of(
              running.answers.begin(), running.answers.end(),
              [&](const Answer& ours) { return ours.key() != recorded.key() || ours == recorded; });
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
    record.follows_from = 0;
    for (const Answer& answer : found->second.answers) {
      *record.follows_from ^= answer_fingerprint(answer);
    }
    running_.erase(found);
  } else if (record.answer) {
    found->second.answers.push_back(*record.answer);
  }
  put(now, std::move(record), event.last, event.journal_seq);
}

void WorkerCore::on(Instant now, JournalRecovered& event, WorkerEffects&) {
  for (JournalRecovered::Entry& entry : event.entries) {
    put(now, std::move(entry.record), false, entry.journal_seq);
  }
  recovered_ = std::move(event.incarnations);
  if (recovered_.size() > kMaxListItems) {
    recovered_.resize(kMaxListItems);
  }
  report_due_ = true;
}

/// Puts a record into the outbox.
void WorkerCore::put(Instant now, Record record, bool settles, std::uint64_t journal_seq) {
  const std::size_t bytes = encoded_size_bound(record);
  outbox_bytes_ += bytes;
  outbox_.push_back({std::move(record), bytes, settles, journal_seq});
  if (!outbox_since_) {
    outbox_since_ = now;
  }
  if (const auto& call = outbox_.back().record.call; call) {
    flush_after_ = company_wait(kFlushAfter, call->service_us);
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

bool WorkerCore::window_open() const {
  return unacked_.empty() || unacked_bytes_ < kWindowBytes;
}

/// Takes the first records of the outbox, as many as one Deliver carries and one at least.
WorkerCore::Batch WorkerCore::next_batch() {
  Batch batch;
  batch.deliver = Deliver{++deliver_seq_, {}};
  batch.mark = bulk_.mark();
  while (!outbox_.empty() && batch.deliver.records.size() < kDeliverRecords &&
         (batch.bytes == 0 || batch.bytes + outbox_.front().bytes <= kDeliverBytes)) {
    Owed& owed = outbox_.front();
    if (owed.settles) {
      batch.settles.emplace_back(owed.record.shard, owed.record.fence);
    }
    batch.journal_seq = std::max(batch.journal_seq, owed.journal_seq);
    batch.bytes += owed.bytes;
    batch.deliver.records.push_back(std::move(owed.record));
    outbox_.pop_front();
  }
  outbox_bytes_ -= batch.bytes;
  return batch;
}

void WorkerCore::flush(Instant now, WorkerEffects& effects) {
  while (!outbox_.empty() && start_ != 0 && window_open()) {
    Batch batch = next_batch();
    if (FD_MUTANT(released_before_acknowledged) && batch.journal_seq > 0) {
      effects.release = batch.journal_seq;
    }
    if (unacked_.empty()) {
      resend_at_ = now + kResendAfter;
    }
    effects.send.push_back(batch.deliver);
    unacked_bytes_ += batch.bytes;
    unacked_.push_back(std::move(batch));
  }
  if (outbox_.empty()) {
    outbox_since_.reset();
  }
}

void WorkerCore::resend(Instant now, WorkerEffects& effects) {
  if (FD_MUTANT(no_resend)) {
    resend_at_ = now + kResendAfter;
    return;
  }
  for (Batch& batch : unacked_) {
    batch.mark = bulk_.mark();
    effects.send.push_back(batch.deliver);
  }
  resend_at_ = now + kResendAfter;
}

void WorkerCore::on(Instant now, AckArrived& event, WorkerEffects& effects) {
  bulk_.heard(now);
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
    report_due_ = report_due_ || (leaving_ && unacked_.size() == 1 && outbox_.empty());
    if (unacked_.front().journal_seq > 0) {
      effects.release = unacked_.front().journal_seq;
    }
    unacked_bytes_ -= unacked_.front().bytes;
    unacked_.pop_front();
    resend_at_ = now + kResendAfter;
    resends_ = {};
  }
  if (unacked_.size() != before) {
    for (auto& [shard, lease] : leases_) {
      lease.blocked = lease.blocked && owes(shard);
    }
    // Without a lease, somebody may wait for just this.
    report_due_ = report_due_ || (delivered() && leases_.empty());
  }
}

}  // namespace fd
