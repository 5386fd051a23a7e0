#pragma once

#include <atomic>
#include <cstdint>
#include <variant>

#include "coordinator/control/coordinator_events.hpp"

namespace fd {

/// Which messages must wait until the ledger has what they rest on: an Ack for everything appended
/// before it, and a FlushMarker because it comes behind the Acks. Orders and samples rest on
/// leases, and name none that the ledger does not have.
class CommitGate {
 public:
  /// Counts one append to the ledger as under way.
  void append() { ++appended_; }
  /// The oldest append under way is committed, and what waited for it is sent. Thread: any.
  void committed() { ++committed_; }
  /// Returns whether an append is under way.
  [[nodiscard]] bool busy() const { return appended_ > committed_; }
  /// Returns whether `message` must be sent behind the append that was counted last.
  [[nodiscard]] bool holds(const Outgoing& message) const {
    return busy() && (std::holds_alternative<SendAck>(message) ||
                      std::holds_alternative<SendFlushMarker>(message));
  }

 private:
  std::uint64_t appended_ = 0;
  std::atomic<std::uint64_t> committed_ = 0;
};

}  // namespace fd
