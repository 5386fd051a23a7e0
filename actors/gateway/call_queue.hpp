#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/gateway/endpoint_pool.hpp"
#include "actors/gateway/gateway.hpp"
#include "actors/gateway/retry.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// A call on its way, from submit() to its result.
struct Job {
  ChatCall call;
  std::string body;  ///< the request; empty before the first attempt
  ChatResult result;
  RetryState retry;
  EndpointPool::Place place;  ///< while in flight
  Instant submitted{};
  Instant first_sent{};
  std::uint64_t era = 0;  ///< of the queue when it went out; see CallQueue::cancel
};
using JobPtr = std::unique_ptr<Job>;

/// Returns the job of a new call, with the result's identity filled in.
JobPtr make_job(ChatCall call, Instant now);

/// What decides when which call goes where: waiting calls in order of arrival, calls that wait for
/// their next attempt, slots, endpoints, and the end of every call. No IO and no clock.
/// Thread: one at a time.
class CallQueue {
 public:
  /// `slots`: calls in flight over all providers, until the first set_shares(). `seed` feeds the
  /// jitter. Requires: at least one provider in `config`.
  CallQueue(const GatewayConfig& config, std::uint32_t slots, std::uint64_t seed);

  void add(JobPtr job);
  /// As Gateway::set_shares.
  void set_shares(const std::vector<Share>& shares);
  [[nodiscard]] CallLoad load() const;
  /// take() sends nothing from `deadline` on.
  void set_send_deadline(Instant deadline);
  /// Ends every call that is not in flight as cancelled. A call in flight gets no further attempt:
  /// if the one under way fails in a way that would be tried again, it ends as cancelled too.
  void cancel(Instant now);

  /// Moves up to `most` jobs to `out`, each with its place: the caller sends them. Also ends what
  /// waits in vain: everything, once all endpoints are down for outage_timeout_s.
  void take(Instant now, std::size_t most, std::vector<JobPtr>& out);
  /// Takes back a job that take() gave, with what became of it. With an answer, the job's result
  /// has it already.
  void finish(JobPtr job, const Attempt& attempt, Instant now);
  /// Moves the jobs that ended to `out`: their results are to be delivered.
  void take_ended(std::vector<JobPtr>& out);

  /// Returns when take() will do something without any other event, or nothing.
  [[nodiscard]] std::optional<Instant> next_due() const;
  /// Returns whether a job that is added now may be sent, as far as slots go.
  [[nodiscard]] bool has_free_slot() const { return in_flight_ < slots_; }
  [[nodiscard]] std::uint32_t slots() const { return slots_; }

 private:
  struct Delayed {
    Instant due;
    std::uint64_t number;  ///< keeps equal times in order
    JobPtr job;
  };
  static bool later(const Delayed& a, const Delayed& b) {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
  }
  double jitter();
  void wake_delayed(Instant now);
  void send(JobPtr job, const EndpointPool::Place& place, Instant now, std::vector<JobPtr>& out);
  void end_all(CallEnd how, Reason reason, const std::string& error, Instant now);
  void end(JobPtr job, CallEnd how, Reason reason, std::string error, Instant now);
  [[nodiscard]] std::optional<Instant> outage_at() const;

  GatewayConfig config_;
  EndpointPool pool_;
  std::uint32_t slots_;
  std::uint32_t in_flight_ = 0;
  std::optional<Instant> send_deadline_;
  bool held_ = false;  ///< take() has met the deadline: only a later one makes a difference
  std::uint64_t random_;
  std::uint64_t era_ = 0;
  std::uint64_t delayed_count_ = 0;
  std::deque<JobPtr> waiting_;
  std::deque<JobPtr> again_;      ///< due for another attempt: they go before the waiting ones
  std::vector<Delayed> delayed_;  ///< heap, the earliest first
  std::vector<JobPtr> ended_;
  std::string last_connect_error_;
};

}  // namespace fd
