#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/gateway/job.hpp"

namespace fd {

/// A job that came back from the wire.
struct FinishedJob {
  JobPtr job;
  Attempt attempt;
};

/// What a sender has to do.
struct SendTurn {
  bool stop = false;
  std::vector<JobPtr> to_send;
  std::optional<Instant> due;  ///< come back by then, even if nothing happens
};

/// What sends calls of a gateway: a thread with its connections.
class CallSender {
 public:
  virtual ~CallSender() = default;
  /// Ends the sender's wait, or its next one. Thread: any.
  virtual void wake() = 0;
};

/// Where senders get their work. Thread: any.
class CallExchange {
 public:
  virtual ~CallExchange() = default;
  /// Makes `sender` one of those that are woken for new calls; from then on the calls are shared
  /// out evenly. Lifetime: it outlives the last call of any other function.
  virtual void join(CallSender& sender) = 0;
  /// Takes `finished` (and empties it), and fills `turn`. `in_flight` is how many calls the sender
  /// has on the wire after `finished`.
  virtual void exchange(const CallSender& sender, std::size_t in_flight,
                        std::vector<FinishedJob>& finished, SendTurn& turn) = 0;
};

/// The senders of one gateway. Destroyed after its last turn said `stop`: waits for their threads,
/// and drops what is in flight.
class CallSenders {
 public:
  virtual ~CallSenders() = default;
  /// Makes ready for this many calls in flight at once. Thread: one at a time.
  virtual void make_room(std::uint32_t calls) = 0;
};

/// Makes the senders of a gateway. Lifetime: `exchange` outlives them.
using MakeSenders = std::function<std::unique_ptr<CallSenders>(CallExchange& exchange)>;

}  // namespace fd
