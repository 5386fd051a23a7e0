#pragma once

#include <cstdint>

#include "actors/gateway/chat_call.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// The way to the teachers. Implementations: CurlGateway, and scripted ones in tests.
class Gateway {
 public:
  virtual ~Gateway() = default;
  /// Takes a call. Never blocks; the result comes later, from another thread, through the callback
  /// that the gateway was made with. Thread: any.
  virtual void submit(ChatCall call) = 0;
  /// Sets how many calls may be in flight at once in this process, over all providers.
  virtual void set_slots(std::uint32_t slots) = 0;
  /// Sends no call from `deadline` on, until a later one is set: the leases are over then, also for
  /// a process that slept and has not noticed yet. At first there is none.
  virtual void set_send_deadline(Instant deadline) = 0;
  /// Drops calls that are not in flight: each comes back with CallEnd::cancelled, also one that
  /// waits for its next attempt. Calls in flight go on, for they are paid for; but one that fails
  /// now comes back as cancelled where it would have been tried again.
  virtual void cancel_waiting() = 0;
};

}  // namespace fd
