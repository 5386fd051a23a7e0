#include "tests/sim/worker_disk.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fd::sim {
namespace {

constexpr std::size_t kRotateBytes = 2500;  ///< small, so that segments come and go

}  // namespace

WorkerDisk::WorkerDisk(const Plan& plan, std::uint32_t worker, Schedule& schedule, Trace& trace,
                       Oracle& oracle)
    : plan_(plan),
      worker_(worker),
      schedule_(schedule),
      trace_(trace),
      oracle_(oracle),
      random_(plan.seed, "disk" + std::to_string(worker)) {}

RecoveredJournal WorkerDisk::open(Process& owner, std::uint64_t incarnation,
                                  std::function<void(const Error&)> failed) {
  owner_ = &owner;
  failed_ = std::move(failed);
  if (incarnation != incarnation_) {
    own_segments_ = 0;
  }
  incarnation_ = incarnation;
  ++opened_;
  ++sessions_;
  intents_.clear();
  durable_intents_.clear();
  released_ = 0;
  broken_ = false;
  RecoveredJournal recovered = read();
  seq_ = recovered.ended.size() + recovered.in_doubt.size();
  durable_seq_ = seq_;
  begin_segment();
  return recovered;
}

void WorkerDisk::begin_segment() {
  writer_.emplace(
      SegmentHeader{{"run", "w" + std::to_string(worker_), incarnation_}, own_segments_++});
  Segment segment;
  segment.incarnation = incarnation_;
  segment.bytes = writer_->header();
  segment.synced = segment.bytes.size();
  segments_.push_back(std::move(segment));
}

std::uint32_t WorkerDisk::append_intent(const JournalIntent& intent, Then then) {
  const std::uint32_t ticket = ++tickets_;
  put({JournalKind::intent, encode(intent), ticket, 0, std::move(then), false, intent.call_key});
  return ticket;
}

std::uint64_t WorkerDisk::append_end(std::uint32_t ticket, const Record& end, Then then) {
  put({JournalKind::end, encode(end), ticket, ++seq_, std::move(then), end.call.has_value(), {}});
  return seq_;
}

void WorkerDisk::append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                                  Then then) {
  put({JournalKind::cancelled, encode(cancelled), ticket, 0, std::move(then), true, {}});
}

void WorkerDisk::put(Queued queued) {
  queue_.push_back(std::move(queued));
  if (broken_) {
    owner_->after(0, [this] { fail_queued(); });
  } else if (syncing_.empty()) {
    start_sync();
  }
}

/// The disk failed: what was not synced by then may be lost.
void WorkerDisk::fail_queued() {
  for (std::vector<Queued>* queue : {&syncing_, &queue_}) {
    for (Queued& queued : std::exchange(*queue, {})) {
      if (queued.then) {
        queued.then({false, queued.seq});
      }
    }
  }
}

void WorkerDisk::start_sync() {
  if (segments_.back().bytes.size() > kRotateBytes) {
    writer_->seal(segments_.back().bytes);
    segments_.back().synced = segments_.back().bytes.size();
    segments_.back().closed = true;
    begin_segment();
  }
  Segment& segment = segments_.back();
  writer_->mark(segment.bytes);
  syncing_.swap(queue_);
  for (const Queued& queued : syncing_) {
    writer_->append(queued.kind, queued.payload, segment.bytes);
    const auto number = removed_ + static_cast<std::uint32_t>(segments_.size()) - 1;
    if (queued.kind == JournalKind::intent) {
      intents_[queued.ticket] = number;
      ++segment.open_intents;
    }
    segment.last_seq = std::max(segment.last_seq, queued.seq);
  }
  const Time took = random_.between(plan_.disk.sync_min, plan_.disk.sync_max);
  owner_->after(took, [this, opened = opened_] {
    if (opened == opened_ && !broken_) {
      finish_sync();
    }
  });
}

void WorkerDisk::finish_sync() {
  if (schedule_.now() < plan_.faults_end && random_.chance(plan_.disk.sync_fails_permille)) {
    trace_.note(schedule_.now(), "sync_failed", worker_);
    broken_ = true;
    failed_(Error{Errc::storage, "sync failed"});
    fail_queued();
    return;
  }
  segments_.back().synced = segments_.back().bytes.size();
  std::vector<Queued> synced = std::exchange(syncing_, {});
  for (const Queued& queued : synced) {
    if (queued.kind == JournalKind::intent) {
      durable_intents_.insert(queued.call_key);
    }
    durable_seq_ = std::max(durable_seq_, queued.seq);
  }
  for (Queued& queued : synced) {
    if (queued.ends_intent) {
      --segments_.at(intents_.at(queued.ticket) - removed_).open_intents;
      intents_.erase(queued.ticket);
    }
    if (!owner_->alive()) {
      return;
    }
    if (queued.then) {
      queued.then({true, queued.seq});
    }
  }
  remove_released();
  if (!queue_.empty() && syncing_.empty() && owner_->alive() && writer_) {
    start_sync();
  }
}

void WorkerDisk::release(std::uint64_t seq) {
  released_ = std::max(released_, seq);
  remove_released();
}

void WorkerDisk::remove_released() {
  while (!segments_.empty() && segments_.front().closed && segments_.front().open_intents == 0 &&
         segments_.front().last_seq <= released_) {
    segments_.pop_front();
    ++removed_;
  }
}

void WorkerDisk::flush() {
  if (broken_) {
    fail_queued();
    return;
  }
  ++opened_;
  while (!syncing_.empty() || !queue_.empty()) {
    if (syncing_.empty()) {
      start_sync();
      ++opened_;  // nobody waits for the time that it takes
    }
    finish_sync();
  }
}

void WorkerDisk::close() {
  if (!writer_ || broken_) {
    return;
  }
  flush();
  if (writer_ && !broken_) {
    writer_->seal(segments_.back().bytes);
    segments_.back().synced = segments_.back().bytes.size();
    segments_.back().closed = true;
    writer_.reset();
    remove_released();
  }
}

void WorkerDisk::crash() {
  ++opened_;
  queue_.clear();
  syncing_.clear();
  writer_.reset();
  if (segments_.empty()) {
    return;
  }
  Segment& last = segments_.back();
  const auto torn = static_cast<std::int64_t>(last.bytes.size() - last.synced);
  const auto kept = static_cast<std::size_t>(random_.between(0, torn));
  if (torn > 0) {
    trace_.note(schedule_.now(), "torn", worker_, kept);
  }
  last.bytes.resize(last.synced + kept);
  last.closed = true;
}

RecoveredJournal WorkerDisk::read() {
  RecoveredJournal recovered;
  std::vector<std::pair<std::size_t, JournalIntent>> open;  // of one incarnation, by segment
  std::vector<std::size_t> doubts;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    const bool last =
        i + 1 == segments_.size() || segments_[i + 1].incarnation != segment.incarnation;
    auto scanned = scan_segment(segment.bytes, last ? Sealing::unknown : Sealing::required);
    if (!scanned.ok()) {
      oracle_.fail(schedule_.now(), "journal of worker " + std::to_string(worker_) +
                                        " cannot be read: " + scanned.error().message);
      return recovered;
    }
    for (JournalEntry& entry : scanned->entries) {
      if (auto* intent = std::get_if<JournalIntent>(&entry)) {
        open.emplace_back(i, std::move(*intent));
        continue;
      }
      const auto* end = std::get_if<JournalEnd>(&entry);
      if (end != nullptr && !end->call) {
        recovered.ended.push_back(*end);  // a purchase that goes on
        continue;
      }
      const Digest key =
          end != nullptr ? end->call->call_key : std::get<JournalCancelled>(entry).call_key;
      const auto found = std::find_if(open.begin(), open.end(),
                                      [&](const auto& one) { return one.second.call_key == key; });
      if (found != open.end()) {
        open.erase(found);
      }
      if (end != nullptr) {
        recovered.ended.push_back(*end);
      }
    }
    segment.last_seq = recovered.ended.size();
    segment.open_intents = 0;
    if (last) {
      recovered.incarnations.push_back(segment.incarnation);
      for (auto& [number, intent] : open) {
        recovered.in_doubt.push_back(std::move(intent));
        doubts.push_back(number);
      }
      open.clear();
    }
  }
  for (std::size_t i = 0; i < doubts.size(); ++i) {
    segments_[doubts[i]].last_seq = recovered.ended.size() + i + 1;
  }
  return recovered;
}

RecoveredJournal WorkerDisk::take_all() {
  RecoveredJournal recovered = read();
  removed_ += static_cast<std::uint32_t>(segments_.size());
  segments_.clear();
  return recovered;
}

// --- one session's journal ----------------------------------------------------------------------

SimJournal::~SimJournal() {
  if (open()) {
    disk_.close();
  }
}

std::uint32_t SimJournal::append_intent(const JournalIntent& intent, Then then) {
  return open() ? disk_.append_intent(intent, std::move(then)) : 0;
}

/// What an end settles: its answer's call; the last one, all of the purchase that failed, too.
std::uint64_t SimJournal::append_end(std::uint32_t ticket, const JournalEnd& end, Then then) {
  if (!open()) {
    return 0;
  }
  std::vector<Digest> keys;
  if (end.answer) {
    keys.push_back(end.answer->call_key);
  }
  if (end.call) {
    const Place place = Dataset::place_of(end.call->sample_id);
    const Sample& sample = services_.data.shard(place.first).at(place.second);
    for (std::uint32_t i = 0; i < end.call->count; ++i) {
      keys.push_back(services_.data.call(sample, Dataset::number_of(*end.call) + i).call_key);
    }
  }
  // Given up between two attempts: none of its answers will come.
  const bool given_up = end.call && end.call->end == CallEnd::cancelled;
  return disk_.append_end(ticket, end,
                          [this, keys, given_up, then = std::move(then)](Written written) {
                            for (const Digest& key : keys) {
                              if (written.durable) {
                                if (given_up) {
                                  services_.teacher.abandoned(key, incarnation_);
                                }
                                services_.teacher.settled(key, incarnation_);
                              }
                            }
                            then(written);
                          });
}

void SimJournal::append_cancelled(std::uint32_t ticket, const JournalCancelled& cancelled,
                                  Then then) {
  if (open()) {
    disk_.append_cancelled(ticket, cancelled, std::move(then));
  }
}

void SimJournal::release(std::uint64_t seq) {
  if (open()) {
    disk_.release(seq);
  }
}

void SimJournal::flush() {
  if (open()) {
    disk_.flush();
  }
}

}  // namespace fd::sim
