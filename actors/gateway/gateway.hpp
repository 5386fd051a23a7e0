#pragma once

#include <cstdint>
#include <vector>

#include "actors/gateway/chat_call.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What a gateway has to do.
struct CallLoad {
  std::vector<Share> at;       ///< calls that have a place at a provider, by provider
  std::uint32_t settling = 0;  ///< that came back and are not on disk yet
  std::uint32_t waiting = 0;   ///< for a place, for their next attempt, or for the disk

  /// Returns how many are neither waiting nor settled.
  [[nodiscard]] std::uint32_t in_flight() const { return total_calls(at) + settling; }
  friend bool operator==(const CallLoad&, const CallLoad&) = default;
};

/// The way to the teachers. Implementations: CurlGateway, and scripted ones in tests.
class Gateway {
 public:
  virtual ~Gateway() = default;
  /// Takes a call. Never blocks; the result comes later, from another thread, through the callback
  /// that the gateway was made with. Thread: any.
  virtual void submit(ChatCall call) = 0;
  /// Sets how many calls may be in flight at once in this process, at each provider; a provider
  /// that is not named gets none. At first: as many as the provider allows.
  virtual void set_shares(const std::vector<Share>& shares) = 0;
  /// Returns what it has to do at this moment. Thread: any.
  [[nodiscard]] virtual CallLoad load() const = 0;
  /// Sends no call from `deadline` on, until a later one is set: the leases are over then, also for
  /// a process that slept and has not noticed yet. At first there is none.
  virtual void set_send_deadline(Instant deadline) = 0;
  /// Drops calls that are not in flight: each comes back with CallEnd::cancelled, also one that
  /// waits for its next attempt. Calls in flight go on, for they are paid for; but one that fails
  /// now comes back as cancelled where it would have been tried again.
  virtual void cancel_waiting() = 0;
};

}  // namespace fd
