#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_map>
#include <variant>
#include <vector>

#include "coordinator/coordinator_core.hpp"
#include "protocol/mutant.hpp"

namespace fd {

/// Which messages must wait until the ledger has what they rest on. An order rests on the leases of
/// its worker, samples on nothing that waits (only a worker that was told of its lease asks for
/// them), all else on everything appended before.
class CommitGate {
 public:
  /// Counts one append to the ledger as under way.
  void append(const std::vector<LedgerEvent>& events) {
    ++appended_;
    for (const LedgerEvent& event : events) {
      if (const auto* lease = std::get_if<LeaseGranted>(&event)) {
        leased_[lease->incarnation] = appended_;
      }
    }
  }

  /// The oldest append under way is committed, and what waited for it is sent. Thread: any.
  void committed() { ++committed_; }

  /// Returns whether an append is under way.
  [[nodiscard]] bool busy() const { return appended_ > committed_; }

  /// Returns whether `message` must be sent behind the append that was counted last. What waited
  /// for the same worker earlier is sent earlier.
  [[nodiscard]] bool holds(const Outgoing& message) const {
    if (const auto* send = std::get_if<SendOrder>(&message)) {
      const auto leased = leased_.find(send->order.incarnation);
      return leased != leased_.end() && leased->second > committed_ &&
             !FD_MUTANT(order_before_lease);
    }
    return !std::holds_alternative<SendSamples>(message) && busy();
  }

 private:
  std::uint64_t appended_ = 0;
  std::atomic<std::uint64_t> committed_ = 0;
  /// By incarnation, the last append that brought it a lease.
  std::unordered_map<std::uint64_t, std::uint64_t> leased_;
};

}  // namespace fd
