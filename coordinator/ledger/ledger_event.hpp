#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "protocol/messages.hpp"

namespace fd {

/// A lease that was given: in the ledger before the worker hears of it, so that fences never repeat
/// and a restarted coordinator knows who may still hold what.
struct LeaseGranted {
  std::uint32_t shard = 0;
  std::uint64_t fence = 0;
  std::string worker;
  std::uint64_t incarnation = 0;
};

/// What the ledger keeps, in the order in which the core says it.
using LedgerEvent = std::variant<Record, LeaseGranted>;

/// Returns the highest fence among the leases in `events`; 0 without any.
inline std::uint64_t highest_fence(const std::vector<LedgerEvent>& events) {
  std::uint64_t fence = 0;
  for (const LedgerEvent& event : events) {
    if (const auto* lease = std::get_if<LeaseGranted>(&event)) {
      fence = std::max(fence, lease->fence);
    }
  }
  return fence;
}

/// Returns whether one of `events` is a T.
template <class T>
bool brings(const std::vector<LedgerEvent>& events) {
  return std::any_of(events.begin(), events.end(),
                     [](const LedgerEvent& event) { return std::holds_alternative<T>(event); });
}

}  // namespace fd
