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
      random_(plan.seed, "ledger") {
  durable_ = empty();
}

MemoryLedger::Content MemoryLedger::empty() {
  Content content;
  content.ledger += starts_;
  content.leases.resize(data_.shard_count());
  content.records.resize(data_.shard_count());
  return content;
}

void MemoryLedger::open(Process& owner, std::function<void()> failed) {
  owner_ = &owner;
  failed_ = std::move(failed);
  broken_ = false;
  ++durable_.epoch;
  ++starts_;
  start_ = (starts_ << 32) + random_.below(1u << 30) + 1;
}

void MemoryLedger::close() {
  finish(std::exchange(committing_, {}));
  finish(std::exchange(queue_, {}));
}

std::vector<Call> MemoryLedger::calls() const {
  std::vector<Call> calls;
  for (const auto& [fingerprint, call] : durable_.calls) {
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
  owner_->after(took, [this, start = starts_] {
    if (start == starts_ && !committing_.empty() && !broken_) {
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
  return durable_.records.at(shard);
}

void MemoryLedger::import(std::vector<Record> records, const std::vector<std::uint64_t>& journals) {
  for (const Record& record : records) {
    add(record, true);
  }
  for (const std::uint64_t journal : journals) {
    if (const auto share = share_of_journal(durable_.open_shares, journal);
        share != durable_.open_shares.end()) {
      durable_.open_shares.erase(share);
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
  if (lease.fence <= durable_.last_fence) {
    oracle_.fail(schedule_.now(), "fences do not rise: " + std::to_string(lease.fence) +
                                      " was given after " + std::to_string(durable_.last_fence));
  }
  durable_.last_fence = std::max(durable_.last_fence, lease.fence);
  durable_.leases.at(lease.shard).push_back({lease, queued_at});
  trace_.note(schedule_.now(), "lease", 0, lease.shard, lease.fence);
}

void MemoryLedger::add(const Decision& decision) {
  const ShareGranted share = share_of(decision).value();
  trace_.note(schedule_.now(), "share", 0, share.incarnation, share.calls);
  if (share.calls == 0) {
    durable_.open_shares.erase(share.incarnation);
  } else {
    durable_.open_shares[share.incarnation] = share;
  }
}

/// `late`: of a shard whose samples all have outcomes, or out of a journal. It may be there
/// already: whoever reads the records takes what comes first.
void MemoryLedger::add(const Record& record, bool late) {
  durable_.records.at(record.shard).push_back(record);
  if (record.call) {
    const bool fresh = durable_.calls.emplace(call_fingerprint(*record.call), *record.call).second;
    if (!fresh && !late) {
      oracle_.fail(schedule_.now(), "a call is recorded twice, so it is billed twice");
    }
  }
  if (record.answer) {
    const Place place = Dataset::place_of(record.answer->sample_id);
    const std::uint32_t number = Dataset::number_of(*record.answer);
    const auto [entry, fresh] =
        durable_.answers.try_emplace({place, number}, AnswerRow{*record.answer, schedule_.now()});
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
    const auto found = durable_.outcomes.find(Dataset::place_of(sample.id));
    return found != durable_.outcomes.end() &&
           (found->second.first.verdict != fd::Verdict::failed ||
            found->second.second == durable_.epoch);
  });
}

void MemoryLedger::check_outcome(Place place, const Outcome& outcome) {
  const std::string which = std::to_string(place.first) + "/" + std::to_string(place.second);
  trace_.note(schedule_.now(), "outcome", 0, place.first, place.second,
              static_cast<std::uint64_t>(outcome.reason));
  const auto found = durable_.outcomes.find(place);
  if (found != durable_.outcomes.end() && (found->second.first.verdict != fd::Verdict::failed ||
                                           found->second.second == durable_.epoch)) {
    oracle_.fail(schedule_.now(), "a second outcome is recorded for sample " + which);
  }
  durable_.outcomes[place] = {outcome, durable_.epoch};
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
  const auto found = durable_.answers.find({place, number});
  return found == durable_.answers.end() ? nullptr : &found->second;
}

const Outcome* MemoryLedger::outcome(Place place) const {
  const auto found = durable_.outcomes.find(place);
  return found == durable_.outcomes.end() ? nullptr : &found->second.first;
}

}  // namespace fd::sim
