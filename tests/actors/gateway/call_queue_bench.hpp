#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/call_queue.hpp"

namespace fd {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A queue with a clock that only the test moves, and a journal whose disk takes no time, unless it
/// is told to take no ends.
class Bench {
 public:
  explicit Bench(std::vector<ProviderConfig> providers, std::uint32_t slots = 100)
      : queue(config_of(std::move(providers)), slots, 7) {}

  static GatewayConfig config_of(std::vector<ProviderConfig> providers) {
    GatewayConfig config;
    config.providers = std::move(providers);
    return config;
  }

  void submit(std::size_t count, std::uint64_t era = 0) {
    for (std::size_t i = 0; i < count; ++i) {
      ChatCall call;
      call.tag = next_tag++;
      call.call_key = sha256(std::to_string(call.tag));
      call.era = era;
      queue.add(make_job(std::move(call), now), now);
    }
  }

  /// Admits what may be. Returns how many intents are to be written.
  std::size_t admit() {
    settle();
    std::vector<Job*> to_write;
    queue.admit(now, to_write);
    for (Job* job : to_write) {
      job->ticket = ++tickets;
    }
    unwritten += to_write.size();
    return to_write.size();
  }
  void write(bool durable = true) {
    for (; unwritten > 0; --unwritten) {
      queue.written(durable, now);
    }
  }

  std::vector<JobPtr> take(std::size_t most = 1000) {
    admit();
    write();
    std::vector<JobPtr> jobs;
    queue.take(now, most, jobs);
    return jobs;
  }

  void finish(JobPtr job, const Attempt& attempt) { queue.finish(std::move(job), attempt, now); }

  /// Takes every job that can be had and ends it this way. Returns how many there were.
  std::size_t end_all(const Attempt& attempt) {
    std::vector<JobPtr> jobs = take();
    const std::size_t count = jobs.size();
    for (JobPtr& job : jobs) {
      finish(std::move(job), attempt);
    }
    return count;
  }

  /// Settles what ended, if the disk takes ends.
  void settle() {
    queue.take_ended(unsettled);
    if (!settles) {
      return;
    }
    for (JobPtr& job : unsettled) {
      if (job->ticket) {
        queue.settled(true, now);
      }
      settled.push_back(std::move(job));
    }
    unsettled.clear();
  }
  /// Returns what ended since the last time.
  std::vector<JobPtr> ended() {
    settle();
    return std::exchange(settles ? settled : unsettled, {});
  }

  /// Returns what the queue has to do, but for what the endpoints are like.
  CallLoad load() {
    CallLoad load = queue.load(now);
    load.endpoints.clear();
    return load;
  }
  EndpointReport endpoint(std::size_t index) { return queue.load(now).endpoints.at(index); }

  CallQueue queue;
  Instant now = Instant(seconds(1000));
  std::uint64_t next_tag = 1;
  std::uint32_t tickets = 0;
  std::size_t unwritten = 0;
  bool settles = true;
  std::vector<JobPtr> unsettled;
  std::vector<JobPtr> settled;
};

inline ProviderConfig provider(std::string name, std::uint32_t max_concurrency = 64,
                               double weight = 1) {
  ProviderConfig config;
  config.name = std::move(name);
  config.max_concurrency = max_concurrency;
  config.weight = weight;
  return config;
}

inline Attempt answered() {
  Attempt attempt;
  attempt.sent = true;
  attempt.status = 200;
  attempt.usage = {10, 2};
  return attempt;
}

inline Attempt refused(std::uint32_t status, std::string error = "HTTP") {
  Attempt attempt;
  attempt.end = AttemptEnd::refused;
  attempt.sent = true;
  attempt.status = status;
  attempt.error = std::move(error);
  return attempt;
}

inline Attempt late() {
  Attempt attempt;
  attempt.end = AttemptEnd::timed_out;
  attempt.sent = true;
  attempt.error = "no answer within 60 s";
  return attempt;
}

inline Attempt unreachable() {
  Attempt attempt;
  attempt.end = AttemptEnd::unreachable;
  attempt.error = "connection refused";
  return attempt;
}

inline std::size_t count_at(const std::vector<JobPtr>& jobs, std::size_t endpoint) {
  std::size_t count = 0;
  for (const JobPtr& job : jobs) {
    count += job->place.endpoint == endpoint ? 1u : 0u;
  }
  return count;
}

}  // namespace fd
