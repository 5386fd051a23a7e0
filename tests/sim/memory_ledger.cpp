#include "tests/sim/memory_ledger.hpp"

#include <algorithm>

namespace fd::sim {

MemoryLedger::MemoryLedger(const Plan& plan, const Dataset& data, Schedule& schedule, Trace& trace,
                           Oracle& oracle)
    : plan_(plan),
      data_(data),
      schedule_(schedule),
      trace_(trace),
      oracle_(oracle),
      random_(plan.seed, "ledger"),
      leases_(data.shard_count()),
      records_(data.shard_count()) {}

void MemoryLedger::open(Process& owner, std::function<void()> failed) {
  owner_ = &owner;
  failed_ = std::move(failed);
  broken_ = false;
  ++epoch_;
  start_ = (epoch_ << 32) + random_.below(1u << 30) + 1;
}

void MemoryLedger::close() {
  finish(std::exchange(committing_, {}));
  finish(std::exchange(queue_, {}));
}

std::vector<Call> MemoryLedger::calls() const {
  std::vector<Call> calls;
  for (const auto& [fingerprint, call] : calls_) {
    calls.push_back(call);
  }
  return calls;
}

void MemoryLedger::append(std::vector<LedgerEvent> events, Task then) {
  if (broken_) {
    return;
  }
  queue_.push_back({std::move(events), schedule_.now(), std::move(then)});
  if (committing_.empty()) {
    start_commit();
  }
}

void MemoryLedger::start_commit() {
  committing_.swap(queue_);
  const Time took = random_.between(plan_.disk.commit_min, plan_.disk.commit_max);
  // One that close() did meanwhile leaves nothing to finish.
  owner_->after(took, [this, epoch = epoch_] {
    if (epoch == epoch_ && !committing_.empty() && !broken_) {
      finish_commit();
    }
  });
}

void MemoryLedger::finish_commit() {
  if (schedule_.now() < plan_.faults_end && random_.chance(plan_.disk.commit_fails_permille)) {
    trace_.note(schedule_.now(), "commit_failed", 0);
    broken_ = true;
    queue_.clear();
    committing_.clear();
    failed_();
    return;
  }
  finish(std::exchange(committing_, {}));
  if (owner_->alive() && !queue_.empty() && committing_.empty()) {
    start_commit();
  }
}

void MemoryLedger::finish(std::vector<Pending> batch) {
  make_durable(batch);
  for (Pending& pending : batch) {
    if (!owner_->alive()) {
      return;
    }
    pending.then();
  }
}

std::vector<Record> MemoryLedger::records(std::uint32_t shard) {
  for (const std::vector<Pending>* waiting : {&committing_, &queue_}) {
    for (const Pending& pending : *waiting) {
      for (const LedgerEvent& event : pending.events) {
        const auto* record = std::get_if<Record>(&event);
        if (record != nullptr && record->shard == shard) {
          oracle_.fail(schedule_.now(), "a shard is read while something of it is queued");
        }
      }
    }
  }
  return records_.at(shard);
}

void MemoryLedger::import(std::vector<Record> records, const std::vector<std::uint64_t>& journals) {
  for (const Record& record : records) {
    add(record, true);
  }
  for (const std::uint64_t journal : journals) {
    if (const auto share = share_of_journal(open_shares_, journal); share != open_shares_.end()) {
      open_shares_.erase(share);
    }
  }
}

void MemoryLedger::crash() {
  if (!committing_.empty() && random_.chance(500)) {
    make_durable(committing_);
  }
  committing_.clear();
  queue_.clear();
}

void MemoryLedger::make_durable(const std::vector<Pending>& batch) {
  for (const Pending& pending : batch) {
    for (const LedgerEvent& event : pending.events) {
      if (const auto* lease = std::get_if<LeaseGranted>(&event)) {
        add(*lease, pending.queued_at);
      } else if (const auto* decision = std::get_if<Decision>(&event)) {
        add(*decision);
      } else {
        const Record& record = std::get<Record>(event);
        add(record, done(record.shard));
      }
    }
  }
}

void MemoryLedger::add(const LeaseGranted& lease, Time queued_at) {
  if (lease.fence <= last_fence_) {
    oracle_.fail(schedule_.now(), "fences do not rise: " + std::to_string(lease.fence) +
                                      " was given after " + std::to_string(last_fence_));
  }
  last_fence_ = std::max(last_fence_, lease.fence);
  leases_.at(lease.shard).push_back({lease, queued_at});
  trace_.note(schedule_.now(), "lease", 0, lease.shard, lease.fence);
}

void MemoryLedger::add(const Decision& decision) {
  const ShareGranted share = share_of(decision).value();
  trace_.note(schedule_.now(), "share", 0, share.incarnation, share.calls);
  if (share.calls == 0) {
    open_shares_.erase(share.incarnation);
  } else {
    open_shares_[share.incarnation] = share;
  }
}

/// `late`: of a shard whose samples all have outcomes, or out of a journal. It may be there
/// already: whoever reads the records takes what comes first.
void MemoryLedger::add(const Record& record, bool late) {
  records_.at(record.shard).push_back(record);
  if (record.call) {
    const bool fresh = calls_.emplace(call_fingerprint(*record.call), *record.call).second;
    if (!fresh && !late) {
      oracle_.fail(schedule_.now(), "a call is recorded twice, so it is billed twice");
    }
  }
  if (record.answer) {
    const Place place = Dataset::place_of(record.answer->sample_id);
    const std::uint32_t number = Dataset::number_of(*record.answer);
    const auto [entry, fresh] =
        answers_.try_emplace({place, number}, AnswerRow{*record.answer, schedule_.now()});
    if (!fresh && !late) {
      oracle_.fail(schedule_.now(), "a second answer is recorded for sample " +
                                        std::to_string(place.first) + "/" +
                                        std::to_string(place.second));
    }
    trace_.note(schedule_.now(), "answer", 0, place.first, place.second, number);
  }
  if (record.outcome) {
    check_outcome(Dataset::place_of(record.outcome->sample_id), *record.outcome);
  }
}

/// Returns whether all samples of the shard have outcomes that this start does not ask for again.
bool MemoryLedger::done(std::uint32_t shard) const {
  return std::ranges::all_of(data_.shard(shard), [&](const Sample& sample) {
    const auto found = outcomes_.find(Dataset::place_of(sample.id));
    return found != outcomes_.end() &&
           (found->second.first.verdict != fd::Verdict::failed || found->second.second == epoch_);
  });
}

void MemoryLedger::check_outcome(Place place, const Outcome& outcome) {
  const std::string which = std::to_string(place.first) + "/" + std::to_string(place.second);
  trace_.note(schedule_.now(), "outcome", 0, place.first, place.second,
              static_cast<std::uint64_t>(outcome.reason));
  const auto found = outcomes_.find(place);
  if (found != outcomes_.end() &&
      (found->second.first.verdict != fd::Verdict::failed || found->second.second == epoch_)) {
    oracle_.fail(schedule_.now(), "a second outcome is recorded for sample " + which);
  }
  outcomes_[place] = {outcome, epoch_};
  if (outcome.verdict == fd::Verdict::failed) {
    return;
  }
  std::vector<Answer> answers;
  for (std::uint32_t number = 0; number < data_.calls(); ++number) {
    if (const AnswerRow* row = answer(place, number)) {
      answers.push_back(row->answer);
    }
  }
  std::ranges::sort(answers, {}, &Answer::order);
  Outcome bare = outcome;
  bare.times = {};
  if (answers.size() != data_.calls() ||
      !(data_.outcome(data_.shard(place.first).at(place.second), answers, Reason::none) == bare)) {
    oracle_.fail(schedule_.now(),
                 "the outcome of sample " + which + " does not follow from the recorded answers");
  }
}

const AnswerRow* MemoryLedger::answer(Place place, std::uint32_t number) const {
  const auto found = answers_.find({place, number});
  return found == answers_.end() ? nullptr : &found->second;
}

const Outcome* MemoryLedger::outcome(Place place) const {
  const auto found = outcomes_.find(place);
  return found == outcomes_.end() ? nullptr : &found->second.first;
}

}  // namespace fd::sim
