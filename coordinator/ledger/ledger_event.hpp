#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/result.hpp"
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

/// What a decision is about. The numbers are in ledgers and never reused.
enum class DecisionKind : std::uint8_t { share = 1, start = 2 };

/// Something that the run decided besides leases, to be known to its next start: a kind, and what
/// that kind keeps in MessagePack.
struct Decision {
  DecisionKind kind = DecisionKind::share;
  std::string body;
  friend bool operator==(const Decision&, const Decision&) = default;
};

inline Decision decision(const ShareGranted& share) {
  return {DecisionKind::share, encode(share)};
}
/// Returns what a decision of that kind says. Errors: those of decode_stored().
inline Result<ShareGranted> share_of(const Decision& decision) {
  return decode_stored<ShareGranted>(decision.body);
}

inline Decision decision(const StartMade& start) {
  return {DecisionKind::start, encode(start)};
}
/// Returns what a decision of that kind says. Errors: those of decode_stored().
inline Result<StartMade> start_of(const Decision& decision) {
  return decode_stored<StartMade>(decision.body);
}

/// The shares that are not settled, by incarnation.
using OpenShares = std::map<std::uint64_t, ShareGranted>;
/// Returns the share of the process that wrote a journal; end() when it is settled. A process that
/// serves several runs numbers its journals upwards from its own incarnation.
inline OpenShares::iterator share_of_journal(OpenShares& shares, std::uint64_t journal) {
  constexpr std::uint64_t kJournalsMax = std::uint64_t{1} << 20;  // another process: 1 ms later
  auto found = shares.upper_bound(journal);
  if (found == shares.begin()) {
    return shares.end();
  }
  --found;
  return journal - found->first < kJournalsMax ? found : shares.end();
}

/// What the ledger keeps, in the order in which the core says it.
using LedgerEvent = std::variant<Record, LeaseGranted, Decision>;

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

/// Returns the shares in `events`.
inline std::vector<ShareGranted> shares_in(const std::vector<LedgerEvent>& events) {
  std::vector<ShareGranted> shares;
  for (const LedgerEvent& event : events) {
    const auto* made = std::get_if<Decision>(&event);
    if (made != nullptr && made->kind == DecisionKind::share) {
      shares.push_back(share_of(*made).value());
    }
  }
  return shares;
}

/// Returns whether one of `events` is a T.
template <class T>
bool brings(const std::vector<LedgerEvent>& events) {
  return std::any_of(events.begin(), events.end(),
                     [](const LedgerEvent& event) { return std::holds_alternative<T>(event); });
}

}  // namespace fd
