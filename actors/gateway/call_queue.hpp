#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/gateway/endpoint_pool.hpp"
#include "actors/gateway/gateway.hpp"
#include "actors/gateway/job.hpp"
#include "actors/gateway/purchases.hpp"
#include "actors/gateway/retry.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// What becomes of each call, from its arrival to the moment when its end is on disk:
///
///     waiting -> admitted -> ready -> sent -> ended -> settled
///                  ^                    |
///                  +----- delayed <-----+
///
/// A call that an endpoint refuses is tried at the others; only what all refuse that answer other
/// calls ends as refused, or with an empty answer when all of them are filters that refused it.
/// What nobody can do waits: whether that ever ends is not for the queue to say
/// (CallLoad::endpoints tells). An admitted call has a place at an endpoint, and its intent is
/// being written; a ready one has its intent on disk; a delayed one waits for its next attempt,
/// without a place. A purchase at an endpoint that brings one candidate a request leaves all but
/// the first behind, as a call of their own that waits. No more calls are admitted than there are
/// slots, and of calls that may have been sent no more than in_doubt_max(slots) are not settled: no
/// more can be lost with the process. No IO and no clock. Thread: one at a time.
class CallQueue {
 public:
  /// `slots`: calls in flight over all providers, until the first set_shares(). `seed` feeds the
  /// jitter. Requires: at least one provider in `config`.
  CallQueue(const GatewayConfig& config, std::uint32_t slots, std::uint64_t seed);

  void add(JobPtr job, Instant now);
  /// As Gateway::set_shares.
  void set_shares(const std::vector<Share>& shares, Instant now);
  [[nodiscard]] CallLoad load(Instant now) const;
  /// Nothing is admitted or sent from `deadline` on.
  void set_send_deadline(Instant deadline);
  /// Ends every call that is not sent as cancelled. A call in flight gets no further attempt: if
  /// the one under way fails in a way that would be tried again, it ends as cancelled too.
  void cancel(Instant now);

  /// Admits what may be admitted. Adds the calls whose intents are to be written to `to_write`, in
  /// order; each stays valid until its written().
  void admit(Instant now, std::vector<Job*>& to_write);
  /// The first of the intents that were to be written is on disk, or the disk failed: then nothing
  /// is sent any more, for no answer could be kept.
  void written(bool durable, Instant now);
  /// Moves up to `most` ready jobs to `out`: the caller sends them.
  void take(Instant now, std::size_t most, std::vector<JobPtr>& out);
  /// Takes back a job that take() gave, with what became of it. With an answer, the job's result
  /// has it already.
  void finish(JobPtr job, const Attempt& attempt, Instant now);
  /// Moves the jobs that ended to `out`. The end of each that has a ticket is to be written.
  void take_ended(std::vector<JobPtr>& out);
  /// The end of a call that has a ticket is on disk, or the disk failed.
  void settled(bool durable, Instant now);

  /// Returns when admit() will do something without any other event, or nothing.
  [[nodiscard]] std::optional<Instant> next_due(Instant now) const;
  [[nodiscard]] bool has_ready() const { return !held_ && !ready_.empty(); }
  /// Returns how many calls have a place.
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  /// Returns whether all slots are taken: by calls with a place, and by those to be tried again.
  [[nodiscard]] bool full() const {
    return slots_ > 0 && in_flight_ + again_.size() + delayed_.size() >= slots_;
  }

 private:
  struct Delayed {
    Instant due;
    std::uint64_t number;  ///< keeps equal times in order
    JobPtr job;
  };
  static bool later(const Delayed& a, const Delayed& b) {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
  }
  [[nodiscard]] std::map<std::size_t, std::uint32_t> wanted(Instant now) const;
  double jitter();
  void wake_delayed(Instant now);
  [[nodiscard]] bool may_doubt_more() const { return in_doubt_ < in_doubt_max(slots_); }
  bool admit_one(Instant now, std::vector<Job*>& to_write);
  bool admit_again(Instant now, std::vector<Job*>& to_write);
  bool admit_new(Instant now, std::vector<Job*>& to_write);
  void admit_at(const Place& place, JobPtr job, std::vector<Job*>& to_write);
  void leave(Job& job);
  void fail_disk(Instant now);
  void end_all(CallEnd how, Reason reason, const std::string& error, Instant now);
  void end(JobPtr job, CallEnd how, Reason reason, std::string error, Instant now);
  void try_again(JobPtr job, const Attempt& attempt, Fault fault, Instant now);
  [[nodiscard]] bool in_the_way(Job& job, const Attempt& attempt) const;
  void was_refused(JobPtr job, const Attempt& attempt, Instant now);
  void stand(JobPtr job, Instant now);
  void end_refused(JobPtr job, Instant now);
  void review(Instant now);
  void conclude(Instant now);

  GatewayConfig config_;
  EndpointPool pool_;
  Purchases purchases_;
  std::uint32_t slots_;
  std::uint32_t in_flight_ = 0;  ///< admitted, ready and sent
  std::uint32_t in_doubt_ = 0;   ///< whose intent was to be written, and whose end is not on disk
  std::uint32_t settling_ = 0;   ///< of those: ended
  std::optional<Instant> send_deadline_;
  bool held_ = false;  ///< the deadline was met: only a later one makes a difference
  bool disk_failed_ = false;
  std::uint64_t random_;
  std::uint64_t era_ = 0;  ///< calls of cancel()
  std::uint64_t delayed_count_ = 0;
  std::deque<JobPtr> waiting_;
  std::deque<JobPtr> again_;      ///< due for another attempt: they go before the waiting ones
  std::vector<Delayed> delayed_;  ///< heap, the earliest first
  std::deque<JobPtr> admitted_;   ///< in the order of their intents; null: ended meanwhile
  std::deque<JobPtr> ready_;
  std::vector<JobPtr> suspended_;  ///< refused where nothing was ever answered: whose fault was it?
  std::vector<JobPtr> ended_;
};

}  // namespace fd
