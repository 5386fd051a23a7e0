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

std::uint64_t micros(Instant from, Instant to) {
  return to > from ? static_cast<std::uint64_t>((to - from).count()) : 0;
}

}  // namespace

CallQueue::CallQueue(const GatewayConfig& config, std::uint32_t slots, std::uint64_t seed)
    : config_(config), pool_(config.providers, config.retry), slots_(slots), random_(seed) {}

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

void CallQueue::set_shares(const std::vector<Share>& shares) {
  slots_ = 0;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    const auto share = std::ranges::find(shares, config_.providers[i].name, &Share::provider);
    const std::uint32_t calls = share != shares.end() ? share->calls : 0;
    pool_.set_limit(i, calls);
    slots_ += calls;
  }
}

CallLoad CallQueue::load() const {
  CallLoad load;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    load.at.push_back({config_.providers[i].name, pool_.in_flight(i)});
  }
  load.settling = settling_;
  load.waiting = static_cast<std::uint32_t>(waiting_.size() + again_.size() + delayed_.size());
  return load;
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
  while (!held_ && in_flight_ < slots_) {
    std::deque<JobPtr>& queue = again_.empty() ? waiting_ : again_;
    if (queue.empty() || (&queue == &waiting_ && !may_doubt_more())) {
      break;
    }
    const auto place = pool_.take(now);
    if (!place) {
      break;
    }
    admit_at(*place, queue, to_write);
  }
  if (const auto outage = outage_at(); outage && *outage <= now) {
    end_all(CallEnd::outage, Reason::provider_error,
            "outage: no endpoint could be connected to; the last error: " + last_connect_error_,
            now);
  }
}

/// Gives the first of `queue` its place. A call that was sent before has its intent on disk.
void CallQueue::admit_at(const EndpointPool::Place& place, std::deque<JobPtr>& queue,
                         std::vector<Job*>& to_write) {
  JobPtr job = std::move(queue.front());
  queue.pop_front();
  job->place = place;
  ++in_flight_;
  Call& record = job->result.call;
  const ProviderConfig& provider = config_.providers.at(place.endpoint);
  record.endpoint = provider.name;
  const PriceConfig& price = provider.price_per_mtok;
  record.price = price.known()
                     ? std::optional(Price{price.input.value_or(0), price.output.value_or(0)})
                     : std::nullopt;
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
    if (job->first_sent == Instant{}) {
      job->first_sent = now;
      job->result.call.queue_us = micros(job->submitted, now);
    }
    out.push_back(std::move(job));
  }
}

std::optional<Instant> CallQueue::outage_at() const {
  const auto since = pool_.down_since();
  if (!since || (waiting_.empty() && again_.empty() && delayed_.empty())) {
    return std::nullopt;
  }
  constexpr double kMostSeconds = 1e9;
  const double seconds = std::clamp(config_.outage_timeout_s, 0.0, kMostSeconds);
  return *since + Duration(static_cast<std::int64_t>(seconds * 1e6));
}

std::optional<Instant> CallQueue::next_due() const {
  std::optional<Instant> due = outage_at();
  const auto consider = [&due](Instant time) { due = due ? std::min(*due, time) : time; };
  if (in_flight_ < slots_ && !held_) {
    if (!delayed_.empty()) {
      consider(delayed_.front().due);
    }
    if (!again_.empty() || (!waiting_.empty() && may_doubt_more())) {
      if (const auto chance = pool_.next_chance()) {
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
  const bool reached = attempt.end != AttemptEnd::unreachable;
  const bool was_down = pool_.give_back(job->place, reached, now, jitter());
  if (!reached) {
    last_connect_error_ = attempt.error;
  }
  if (attempt.status == 429 && attempt.retry_after) {
    pool_.pause(job->place.endpoint, now + *attempt.retry_after);
  }
  Call& record = job->result.call;
  record.attempts += attempt.sent ? 1 : 0;
  record.http_status = attempt.status;
  add_saturating(record.prompt_tokens, attempt.usage.prompt);
  add_saturating(record.completion_tokens, attempt.usage.completion);

  const RetryDecision decision = decide(attempt, config_.retry, was_down, jitter(), job->retry);
  switch (decision.action) {
    case RetryDecision::Action::accept:
      end(std::move(job), CallEnd::answered, Reason::none, "", now);
      return;
    case RetryDecision::Action::give_up:
      end(std::move(job), decision.end, decision.reason,
          decision.end == CallEnd::unauthorized ? "unauthorized: " + attempt.error : attempt.error,
          now);
      return;
    case RetryDecision::Action::retry:
      break;
  }
  if (job->call.era < era_) {
    end(std::move(job), CallEnd::cancelled, Reason::internal, attempt.error, now);
  } else if (disk_failed_) {
    end(std::move(job), CallEnd::journal_failed, Reason::internal, kNotSent, now);
  } else {
    record.error = attempt.error;
    delayed_.push_back(Delayed{now + decision.delay, ++delayed_count_, std::move(job)});
    std::push_heap(delayed_.begin(), delayed_.end(), later);
  }
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
  for (std::deque<JobPtr>* queue : {&again_, &waiting_}) {
    for (JobPtr& job : *queue) {
      end(std::move(job), how, reason, error, now);
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
