#include "tests/sim/worker_senders.hpp"

#include <algorithm>
#include <utility>

namespace fd::sim {
namespace {

constexpr Time kFailedAttempt = 50 * kMillisecond;  ///< until the teacher says no

/// Returns words that are another refusal's only.
std::string words_of(std::uint64_t serial) {
  std::string words = "no ";
  for (; serial > 0; serial /= 26) {
    words += static_cast<char>('a' + serial % 26);
  }
  return words;
}

}  // namespace

SimSenders::SimSenders(Process& process, Services& services, const WorkerDisk& disk,
                       std::uint32_t worker, std::uint64_t incarnation, CallExchange& exchange)
    : process_(process),
      services_(services),
      disk_(disk),
      worker_(worker),
      incarnation_(incarnation),
      exchange_(exchange) {
  exchange_.join(*this);
  wake();
}

SimSenders::~SimSenders() {
  *open_ = false;
  if (process_.alive()) {
    services_.teacher.died(incarnation_);
    services_.provider_calls.died(incarnation_);
  }
}

void SimSenders::wake() {
  process_.after(0, [this, open = open_] {
    if (*open) {
      turn();
    }
  });
}

/// Sends what may be sent, and comes back when time alone lets something more be sent.
void SimSenders::turn() {
  if (!process_.alive()) {
    return;
  }
  SendTurn next;
  exchange_.exchange(*this, in_flight_, finished_, next);
  for (JobPtr& job : next.to_send) {
    transfer(std::move(job));
  }
  if (next.due && (!turn_at_ || *next.due < *turn_at_)) {
    turn_at_ = next.due;
    const Duration delay = std::max(*next.due - process_.now(), Duration{1});
    process_.after(process_.simulated(delay), [this, open = open_] {
      if (*open) {
        turn_at_.reset();
        turn();
      }
    });
  }
}

/// One attempt. The first one of a call asks the teacher what will come of it.
void SimSenders::transfer(JobPtr job) {
  const ChatCall& call = job->call;
  const CallName name(call.tag, call.call_key);
  auto found = replies_.find(name);
  if (found == replies_.end()) {
    if (!disk_.has_intent(call.call_key)) {
      services_.oracle.fail(services_.schedule.now(),
                            "a call is sent whose intent is not in the journal");
    }
    const Place place = Dataset::place_of(call.sample_id);
    const Sample& sample = services_.data.shard(place.first).at(place.second);
    found =
        replies_
            .emplace(name, services_.teacher.request(sample, Dataset::number_of(call), call.count,
                                                     Caller{worker_, incarnation_, call.fence}))
            .first;
  }
  Reply& reply = found->second;
  narrow(reply, call);
  services_.teacher.attempted(reply.serial);
  const std::uint64_t number = services_.provider_calls.begin(services_.schedule.now(), worker_,
                                                              incarnation_, job->place.endpoint);
  ++in_flight_;
  const bool last = ++reply.tried == reply.attempts;
  const bool hangs = reply.failure == Reason::attempts_exhausted;
  const Time latency = last || hangs ? reply.latency : kFailedAttempt;
  process_.after(latency,
                 [this, open = open_, number, held = std::make_shared<JobPtr>(std::move(job))] {
                   if (*open) {
                     services_.provider_calls.end(number);
                     finish(std::move(*held));
                     turn();
                   }
                 });
}

/// A purchase whose attempt failed may be asked for one candidate at a time: nothing comes of the
/// request for the others.
void SimSenders::narrow(Reply& reply, const ChatCall& call) {
  const Place place = Dataset::place_of(call.sample_id);
  const Sample& sample = services_.data.shard(place.first).at(place.second);
  for (; reply.count > call.count; --reply.count) {
    const std::uint32_t number = Dataset::number_of(call) + reply.count - 1;
    const Digest key = services_.data.call(sample, number).call_key;
    services_.teacher.abandoned(key, incarnation_);
    services_.teacher.settled(key, incarnation_);
  }
  reply.answers.resize(std::min<std::size_t>(reply.answers.size(), reply.count));
}

void SimSenders::finish(JobPtr job) {
  Reply& reply = replies_.at({job->call.tag, job->call.call_key});
  Attempt attempt;
  attempt.sent = true;
  // The serial number tells any two calls apart.
  attempt.usage.prompt = reply.tried == 1 ? reply.serial : 0;
  if (reply.failure == Reason::attempts_exhausted) {
    attempt.end = AttemptEnd::timed_out;
  } else if (reply.tried < reply.attempts) {
    attempt.end = AttemptEnd::refused;
    attempt.status = 503;
  } else if (reply.failure != Reason::none) {
    attempt.end = AttemptEnd::refused;
    attempt.status = 400;
    attempt.error = words_of(reply.serial);  // each request is refused for its own sake
  } else {
    attempt.status = 200;
    // What is missing of a purchase is mostly a choice that is no answer. Now and then there is
    // none, and the gateway asks for one at a time from then on.
    const bool fewer = reply.serial % 4 == 0;
    attempt.choices = fewer ? static_cast<std::uint32_t>(reply.answers.size()) : job->call.count;
    job->result.answer = std::move(reply.answers.back());
    reply.answers.pop_back();
    job->result.before = std::move(reply.answers);
  }
  --in_flight_;
  finished_.push_back({std::move(job), std::move(attempt)});
}

}  // namespace fd::sim
