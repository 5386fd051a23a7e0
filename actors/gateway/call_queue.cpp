#include "actors/gateway/call_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/base/mutant.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/saturating.hpp"
#include "protocol/base/splitmix64.hpp"

namespace fd {
namespace {

constexpr const char* kCancelled = "cancelled";
constexpr const char* kNotSent = "the disk failed, so the call was not sent";

/// Calls that are looked at for one that has a place to go to.
constexpr std::size_t kLooks = 64;

std::uint64_t micros(Instant from, Instant to) {
  return to > from ? static_cast<std::uint64_t>((to - from).count()) : 0;
}

}  // namespace

CallQueue::CallQueue(const GatewayConfig& config, std::uint32_t slots, std::uint64_t seed)
    : config_(config), pool_(config), purchases_(config), slots_(slots), random_(seed) {}

/// Returns a number in [0, 1).
double CallQueue::jitter() {
  random_ += kSplitMix64Gamma;
  return static_cast<double>(mix64(random_) >> 11) * 0x1p-53;
}

void CallQueue::add(JobPtr job, Instant now) {
  if (job->call.era < era_ && !FD_MUTANT(late_call_not_cancelled)) {
    end(std::move(job), CallEnd::cancelled, Reason::internal, kCancelled, now);
  } else if (disk_failed_) {
    end(std::move(job), CallEnd::journal_failed, Reason::internal, kNotSent, now);
  } else {
    waiting_.push_back(std::move(job));
  }
}

void CallQueue::set_shares(const std::vector<Share>& shares, Instant now) {
  slots_ = 0;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    const auto share = std::ranges::find(shares, config_.providers[i].name, &Share::provider);
    const std::uint32_t calls = share != shares.end() ? share->calls : 0;
    pool_.set_limit(i, calls);
    if (share != shares.end() && share->answers) {
      pool_.trust(i, now);
    }
    slots_ += calls;
  }
  review(now);
}

CallLoad CallQueue::load(Instant now) const {
  CallLoad load;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    load.at.push_back({config_.providers[i].name, pool_.in_flight(i)});
  }
  load.settling = settling_;
  load.waiting = static_cast<std::uint32_t>(waiting_.size() + again_.size() + delayed_.size() +
                                            suspended_.size());
  for (const JobPtr& job : waiting_) {
    load.waiting += purchases_.requests(*job) - 1;
  }
  load.endpoints = pool_.reports(now, wanted(now));
  return load;
}

/// Returns how many calls that wait need a share of which endpoint, as far as a look tells.
std::map<std::size_t, std::uint32_t> CallQueue::wanted(Instant now) const {
  std::map<std::size_t, std::uint32_t> calls;
  const auto count = [&](const std::vector<Met>& met, std::size_t times) {
    if (const auto endpoint = pool_.wanted(now, met)) {
      calls[*endpoint] += static_cast<std::uint32_t>(times);
    }
  };
  if (slots_ == 0) {
    return calls;  // nothing is shared out to this process
  }
  if (!waiting_.empty()) {
    count({}, std::min(waiting_.size(), kLooks));
  }
  for (std::size_t i = 0; i < std::min(again_.size(), kLooks); ++i) {
    count(again_[i]->met, 1);
  }
  for (std::size_t i = 0; i < std::min(delayed_.size(), kLooks); ++i) {
    count(delayed_[i].job->met, 1);
  }
  return calls;
}

void CallQueue::set_send_deadline(Instant deadline) {
  send_deadline_ = deadline;
  held_ = false;
}

void CallQueue::cancel(Instant now) {
  ++era_;
  end_all(CallEnd::cancelled, Reason::internal, kCancelled, now);
}

// --- admission ----------------------------------------------------------------------------------

void CallQueue::wake_delayed(Instant now) {
  while (!delayed_.empty() && delayed_.front().due <= now) {
    std::pop_heap(delayed_.begin(), delayed_.end(), later);
    again_.push_back(std::move(delayed_.back().job));
    delayed_.pop_back();
  }
}

void CallQueue::admit(Instant now, std::vector<Job*>& to_write) {
  wake_delayed(now);
  held_ = send_deadline_ && now >= *send_deadline_;
  while (!held_ && in_flight_ < slots_ && admit_one(now, to_write)) {
  }
  conclude(now);
}

/// What is to be tried again goes first, unless every endpoint is out: a request that does harm
/// must not be the only one that is tried there.
bool CallQueue::admit_one(Instant now, std::vector<Job*>& to_write) {
  if (pool_.all_out()) {
    return admit_new(now, to_write) || admit_again(now, to_write);
  }
  return admit_again(now, to_write) || admit_new(now, to_write);
}

/// Admits the first call that is to be tried again and has a place to go to. Those that have none
/// let others pass: they may wait for another endpoint.
bool CallQueue::admit_again(Instant now, std::vector<Job*>& to_write) {
  const std::size_t looks = std::min(again_.size(), kLooks);
  for (std::size_t i = 0; i < looks; ++i) {
    if (const auto place = pool_.take(now, again_[i]->met)) {
      JobPtr job = std::move(again_[i]);
      again_.erase(again_.begin() + static_cast<std::ptrdiff_t>(i));
      admit_at(*place, std::move(job), to_write);
      return true;
    }
  }
  return false;
}

bool CallQueue::admit_new(Instant now, std::vector<Job*>& to_write) {
  if (waiting_.empty() || !may_doubt_more()) {
    return false;
  }
  const auto place = pool_.take(now, {});
  if (!place) {
    return false;
  }
  JobPtr job = std::move(waiting_.front());
  waiting_.pop_front();
  admit_at(*place, std::move(job), to_write);
  return true;
}

/// Gives the call its place. One that was sent before has its intent on disk.
void CallQueue::admit_at(const Place& place, JobPtr job, std::vector<Job*>& to_write) {
  place_at(*job, place, config_.providers.at(place.endpoint));
  ++in_flight_;
  if (!purchases_.fits(*job)) {
    waiting_.push_front(split_first(*job));
  }
  if (job->ticket) {
    ready_.push_back(std::move(job));
    return;
  }
  ++in_doubt_;
  to_write.push_back(job.get());
  admitted_.push_back(std::move(job));
}

void CallQueue::written(bool durable, Instant now) {
  FD_CHECK(!admitted_.empty());
  JobPtr job = std::move(admitted_.front());
  admitted_.pop_front();
  if (job != nullptr) {
    ready_.push_back(std::move(job));
  }
  if (!durable) {
    fail_disk(now);
  }
}

void CallQueue::take(Instant now, std::size_t most, std::vector<JobPtr>& out) {
  held_ = send_deadline_ && now >= *send_deadline_;
  for (; !held_ && most > 0 && !ready_.empty(); --most) {
    JobPtr job = std::move(ready_.front());
    ready_.pop_front();
    job->sent = now;
    if (job->first_sent == Instant{}) {
      job->first_sent = now;
      job->result.call.queue_us = micros(job->submitted, now);
    }
    out.push_back(std::move(job));
  }
}

std::optional<Instant> CallQueue::next_due(Instant now) const {
  std::optional<Instant> due;
  const auto consider = [&due](Instant time) { due = due ? std::min(*due, time) : time; };
  if (in_flight_ < slots_ && !held_) {
    if (!delayed_.empty()) {
      consider(delayed_.front().due);
    }
    if (!again_.empty() || (!waiting_.empty() && may_doubt_more())) {
      if (const auto chance = pool_.next_chance(now)) {
        consider(*chance);
      }
    }
  }
  return due;
}

// --- ends ---------------------------------------------------------------------------------------

/// The call gives its place up: it was not sent.
void CallQueue::leave(Job& job) {
  FD_CHECK(in_flight_ > 0);
  --in_flight_;
  pool_.leave(job.place);
}

void CallQueue::finish(JobPtr job, const Attempt& attempt, Instant now) {
  FD_CHECK(in_flight_ > 0);
  --in_flight_;
  Call& record = job->result.call;
  record.attempts += attempt.sent ? 1 : 0;
  record.http_status = attempt.status;
  add_saturating(record.prompt_tokens, attempt.usage.prompt);
  add_saturating(record.completion_tokens, attempt.usage.completion);

  const Fault fault = purchases_.learn(*job, attempt, fault_of(attempt));
  const bool changed =
      pool_.give_back(job->place, attempt, fault, job->call.call_key, job->sent, now, jitter());
  if (fault == Fault::none) {
    end(std::move(job), CallEnd::answered, Reason::none, "", now);
  } else if (fault == Fault::request) {
    was_refused(std::move(job), attempt, now);
  } else {
    try_again(std::move(job), attempt, fault, now);
  }
  if (changed) {
    review(now);
  }
}

/// What the endpoint is to blame for uses up none of the call's attempts.
void CallQueue::try_again(JobPtr job, const Attempt& attempt, Fault fault, Instant now) {
  job->result.call.error = attempt.error;
  const std::size_t endpoint = job->place.endpoint;
  meet(*job, endpoint).failures += 1;
  Duration wait{};
  const bool throttled = fault == Fault::throttled;
  const bool counts =
      fault == Fault::passing && (pool_.is_up(endpoint) || !may_be_loading(attempt));
  if (throttled || counts) {
    const auto patience = wait_after(attempt, throttled, config_.retry, jitter(), job->retry);
    if (!patience) {
      end(std::move(job), CallEnd::failed, Reason::attempts_exhausted, attempt.error, now);
      return;
    }
    // Another endpoint needs no rest for it; this one is left alone as it is.
    wait = throttled && config_.providers.size() > 1 ? Duration{} : *patience;
  }
  if (job->call.era < era_) {
    end(std::move(job), CallEnd::cancelled, Reason::internal, attempt.error, now);
  } else if (in_the_way(*job, attempt)) {
    end(std::move(job), CallEnd::failed, Reason::attempts_exhausted, attempt.error, now);
  } else if (disk_failed_) {
    end(std::move(job), CallEnd::journal_failed, Reason::internal, kNotSent, now);
  } else {
    delayed_.push_back(Delayed{now + wait, ++delayed_count_, std::move(job)});
    std::push_heap(delayed_.begin(), delayed_.end(), later);
  }
}

/// Returns whether a call that is late again and again, at endpoints that never answered, keeps all
/// others from showing that they do.
bool CallQueue::in_the_way(Job& job, const Attempt& attempt) const {
  return attempt.end == AttemptEnd::timed_out && ++job.retry.late >= config_.retry.max_attempts &&
         !waiting_.empty() && !may_doubt_more();
}

void CallQueue::end(JobPtr job, CallEnd how, Reason reason, std::string error, Instant now) {
  Call& record = job->result.call;
  if (job->first_sent == Instant{}) {
    record.queue_us = micros(job->submitted, now);
  } else {
    record.service_us = micros(job->first_sent, now);
  }
  record.end = how;
  record.error = std::move(error);
  job->result.failure = reason;
  settling_ += job->ticket ? 1 : 0;
  ended_.push_back(std::move(job));
}

/// Ends all that is not sent.
void CallQueue::end_all(CallEnd how, Reason reason, const std::string& error, Instant now) {
  for (std::deque<JobPtr>* queue : {&ready_, &admitted_}) {
    for (JobPtr& job : *queue) {
      if (job != nullptr) {
        leave(*job);
        end(std::move(job), how, reason, error, now);
      }
    }
  }
  ready_.clear();  // what is admitted stays, as nulls: their intents are still on their way
  while (!delayed_.empty()) {
    wake_delayed(delayed_.front().due);
  }
  std::ranges::move(suspended_, std::back_inserter(again_));
  suspended_.clear();
  for (std::deque<JobPtr>* queue : {&again_, &waiting_}) {
    for (JobPtr& job : *queue) {
      std::string said = std::move(job->result.call.error);  // of an attempt
      end(std::move(job), how, reason, said.empty() ? error : std::move(said), now);
    }
    queue->clear();
  }
}

void CallQueue::take_ended(std::vector<JobPtr>& out) {
  std::move(ended_.begin(), ended_.end(), std::back_inserter(out));
  ended_.clear();
}

void CallQueue::settled(bool durable, Instant now) {
  FD_CHECK(in_doubt_ > 0 && settling_ > 0);
  --in_doubt_;
  --settling_;
  if (!durable) {
    fail_disk(now);
  }
}

void CallQueue::fail_disk(Instant now) {
  if (!std::exchange(disk_failed_, true)) {
    end_all(CallEnd::journal_failed, Reason::internal, kNotSent, now);
  }
}

}  // namespace fd
