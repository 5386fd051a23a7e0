#pragma once

#include <cstdint>
#include <vector>

#include "actors/gateway/chat_call.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// What a gateway has to do.
struct CallLoad {
  std::vector<Share> at;                  ///< calls that have a place at a provider, by provider
  std::uint32_t settling = 0;             ///< that came back and are not on disk yet
  std::uint32_t waiting = 0;              ///< for a place, or for their next attempt
  std::vector<EndpointReport> endpoints;  ///< what each is like
  std::uint64_t full_ms = 0;              ///< for how long all slots were taken

  /// Returns how many are neither waiting nor settled.
  [[nodiscard]] std::uint32_t in_flight() const { return total_calls(at) + settling; }
  friend bool operator==(const CallLoad&, const CallLoad&) = default;
};

/// The way to the teachers: CallGateway, and scripted ones in tests. Thread: any, for all members.
class Gateway {
 public:
  Gateway() = default;
  virtual ~Gateway() = default;
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes a call. Never blocks; the result comes later, from another thread, through the callback
  /// that the gateway was made with.
  virtual void submit(ChatCall call) = 0;
  /// Sets how many calls may be in flight at once in this process, at each provider; a provider
  /// that is not named gets none.
  virtual void set_shares(const std::vector<Share>& shares) = 0;
  /// Returns what it has to do at this moment.
  [[nodiscard]] virtual CallLoad load() const = 0;
  /// Sends no call from `deadline` on, until a later one is set: the leases are over then, also for
  /// a process that slept and has not noticed yet. At first there is none.
  virtual void set_send_deadline(Instant deadline) = 0;
  /// Drops calls that are not in flight: each comes back with CallEnd::cancelled, also one that
  /// waits for its next attempt. Calls in flight go on, for they are paid for; but one that fails
  /// now comes back as cancelled where it would have been tried again.
  virtual void cancel_waiting() = 0;
  /// Ends it: calls that are not in flight are dropped and those in flight given up, all without a
  /// callback; results that came before are handed on. Whoever still holds the gateway may go on to
  /// use it, to no effect. Requires: not on a thread of the gateway, nor within the callback.
  virtual void close() = 0;
};

}  // namespace fd
