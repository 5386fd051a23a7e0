#include "tests/sim/worker_gateway.hpp"

#include <algorithm>
#include <utility>

#include "tests/sim/run_spec.hpp"

namespace fd::sim {
namespace {

constexpr Time kFailedAttempt = 50 * kMillisecond;  ///< until the teacher says no

GatewayConfig gateway_config() {
  GatewayConfig config = run_spec().config.gateway;
  config.retry.max_attempts = kMaxAttempts;
  config.retry.base_ms = 200;
  return config;
}

}  // namespace

SimGateway::SimGateway(Process& process, Services& services, const WorkerDisk& disk,
                       std::uint32_t worker, std::uint64_t incarnation, std::uint32_t slots,
                       ChatCallback callback)
    : process_(process),
      services_(services),
      disk_(disk),
      worker_(worker),
      incarnation_(incarnation),
      callback_(std::move(callback)),
      queue_(gateway_config(), slots, services.plan.seed + incarnation) {}

SimGateway::~SimGateway() {
  *open_ = false;
  if (process_.alive()) {
    services_.teacher.died(incarnation_);
    services_.provider_calls.died(incarnation_);
  }
}

void SimGateway::submit(ChatCall call) {
  queue_.add(make_job(std::move(call), process_.now()));
  pump();
}

void SimGateway::set_shares(const std::vector<Share>& shares) {
  queue_.set_shares(shares);
  pump();
}

void SimGateway::set_send_deadline(Instant deadline) {
  queue_.set_send_deadline(deadline);
  pump();
}

void SimGateway::cancel_waiting() {
  queue_.cancel(process_.now());
  deliver();
}

/// Sends what may be sent, and comes back when time alone lets something more be sent.
void SimGateway::pump() {
  if (!process_.alive()) {
    return;
  }
  std::vector<JobPtr> to_send;
  queue_.take(process_.now(), SIZE_MAX, to_send);
  for (JobPtr& job : to_send) {
    transfer(std::move(job));
  }
  deliver();
  const std::optional<Instant> due = queue_.next_due();
  if (due && (!pump_at_ || *due < *pump_at_)) {
    pump_at_ = due;
    const Duration delay = std::max(*due - process_.now(), Duration{1});
    process_.after(process_.simulated(delay), [this, open = open_] {
      if (*open) {
        pump_at_.reset();
        pump();
      }
    });
  }
}

/// One attempt. The first one of a call asks the teacher what will come of it.
void SimGateway::transfer(JobPtr job) {
  const ChatCall& call = job->call;
  auto found = replies_.find(call.tag);
  if (found == replies_.end()) {
    if (!disk_.has_intent(call.call_key)) {
      services_.oracle.fail(services_.schedule.now(),
                            "a call is sent whose intent is not in the journal");
    }
    const Place place = Dataset::place_of(call.sample_id);
    const Sample& sample = services_.data.shard(place.first).at(place.second);
    found = replies_
                .emplace(call.tag,
                         services_.teacher.request(sample, Dataset::number_of(call), call.count,
                                                   Caller{worker_, incarnation_, call.fence}))
                .first;
  }
  Reply& reply = found->second;
  services_.teacher.attempted(reply.serial);
  const std::uint64_t number = services_.provider_calls.begin(services_.schedule.now(), worker_,
                                                              incarnation_, job->place.endpoint);
  const bool last = ++reply.tried == reply.attempts;
  const bool hangs = reply.failure == Reason::attempts_exhausted;
  const Time latency = last || hangs ? reply.latency : kFailedAttempt;
  process_.after(latency,
                 [this, open = open_, number, held = std::make_shared<JobPtr>(std::move(job))] {
                   if (*open) {
                     services_.provider_calls.end(number);
                     finish(std::move(*held));
                     pump();
                   }
                 });
}

void SimGateway::finish(JobPtr job) {
  const Reply& reply = replies_.at(job->call.tag);
  Attempt attempt;
  attempt.sent = true;
  if (reply.failure == Reason::attempts_exhausted) {
    attempt.end = AttemptEnd::timed_out;
  } else if (reply.tried < reply.attempts) {
    attempt.end = AttemptEnd::refused;
    attempt.status = 503;
  } else if (reply.failure != Reason::none) {
    attempt.end = AttemptEnd::refused;
    attempt.status = 400;
  } else {
    attempt.status = 200;
    job->result.answer = reply.answers.back();
    job->result.before.assign(reply.answers.begin(), reply.answers.end() - 1);
  }
  queue_.finish(std::move(job), attempt, process_.now());
}

/// None of the answers that the call was to bring will come.
void SimGateway::abandon(const Call& call) {
  const Place place = Dataset::place_of(call.sample_id);
  const Sample& sample = services_.data.shard(place.first).at(place.second);
  for (std::uint32_t i = 0; i < call.count; ++i) {
    const CallIdentity one = services_.data.call(sample, Dataset::number_of(call) + i);
    services_.teacher.abandoned(one.call_key, incarnation_);
  }
}

void SimGateway::deliver() {
  std::vector<JobPtr> ended;
  queue_.take_ended(ended);
  for (JobPtr& job : ended) {
    ChatResult result = std::move(job->result);
    if (const auto found = replies_.find(result.tag); found != replies_.end()) {
      if (result.call.end == CallEnd::cancelled) {
        abandon(result.call);
      }
      result.call.service_us = found->second.serial;  // tells any two calls apart
      replies_.erase(found);
    }
    process_.after(0, [this, open = open_, held = std::make_shared<ChatResult>(std::move(result))] {
      if (*open) {
        callback_(std::move(*held));
      }
    });
  }
}

}  // namespace fd::sim
