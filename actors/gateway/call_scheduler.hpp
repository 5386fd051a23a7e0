#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/gateway/call_queue.hpp"

namespace fd {

/// A thread that takes calls from a scheduler: what the scheduler may do with it.
class CallWorker {
 public:
  virtual ~CallWorker() = default;
  /// Ends the thread's wait, or its next one. Thread: any.
  virtual void wake() = 0;
};

/// A job that came back from the wire.
struct FinishedJob {
  JobPtr job;
  Attempt attempt;
};

/// One queue of calls shared by those who submit them and the threads that send them, so that slots
/// and endpoints are counted over all threads. Each side locks it once for a batch.
/// Thread: any.
class CallScheduler {
 public:
  CallScheduler(const GatewayConfig& config, std::uint32_t slots, std::uint64_t seed,
                const Clock& clock)
      : clock_(clock), queue_(config, slots, seed) {}

  void submit(ChatCall call);
  void set_shares(const std::vector<Share>& shares);
  [[nodiscard]] CallLoad load() const;
  void set_send_deadline(Instant deadline);
  void cancel();

  /// Makes `worker` one of those that are woken for new calls; from then on the calls are shared
  /// out evenly. Lifetime: it outlives the last call of any other function.
  void join(CallWorker& worker);
  /// Tells the workers that nothing more is to be done, and wakes them.
  void stop();

  /// What a worker gets in exchange.
  struct Turn {
    bool stop = false;
    std::vector<JobPtr> to_send;
    std::vector<JobPtr> ended;   ///< their results are to be delivered, outside of any lock
    std::optional<Instant> due;  ///< come back by then, even if nothing happens
  };
  /// Takes `finished` (and empties it), and fills `turn` with what `worker` has to do.
  /// `in_flight` is how many calls it has on the wire after `finished`.
  void exchange(const CallWorker& worker, std::size_t in_flight, std::vector<FinishedJob>& finished,
                Turn& turn);

 private:
  struct Seat {
    CallWorker* worker;
    bool awake;  ///< it will look at the queue before it waits again
  };
  void wake_one();

  const Clock& clock_;
  mutable std::mutex mutex_;
  CallQueue queue_;
  std::vector<Seat> seats_;
  bool stopped_ = false;
};

}  // namespace fd
