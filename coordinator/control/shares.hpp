#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fd {

/// Calls in flight at once, by provider.
using CallsByProvider = std::vector<std::uint32_t>;

/// What one worker could do, and what it may do already.
struct Demand {
  /// Calls that it could have in flight: those in flight, those that wait, and those of samples
  /// that it holds and has not fetched. 0: it gets nothing.
  std::uint64_t calls = 0;
  std::uint32_t cap = UINT32_MAX;  ///< its own, over all providers
  /// What may be in flight there, whatever it is told now: what is in flight, what it goes by, and
  /// what it was told and may not have heard yet.
  CallsByProvider taken;
  CallsByProvider has;   ///< what of it is known for sure: it may be told as much again
  CallsByProvider told;  ///< last; empty: nothing yet
  CallsByProvider most;  ///< that it is to have, but for what it waits for; empty: any number
  /// Providers that are out there: one call finds out whether they still are. Empty: none is.
  std::vector<bool> out;
  /// Calls that no other provider will do for: they come first. Empty: there are none.
  CallsByProvider wanted;
};

/// What each worker is to be told.
struct SharedOut {
  std::vector<CallsByProvider> calls;  ///< by worker
  bool lacking = false;  ///< a worker waits for calls that others have to give back first
};

/// Divides `capacity` over `wants`, as evenly as they allow: nobody gets more than it wants, and
/// who wants more has at least what the others have, but for 1. The earlier of equals gets the
/// rest. `absent` more are reckoned to want everything.
std::vector<std::uint32_t> divide(std::uint32_t capacity, std::span<const std::uint64_t> wants,
                                  std::size_t absent = 0);

/// Shares out what each provider allows. Whatever the workers have heard of it, the calls in flight
/// at a provider are at most `limits` of it in sum, as far as `taken` tells: what one is to give
/// back goes to another once it is given back. A worker that has calls to make keeps what it was
/// told while nobody lacks it, and where its goal is little less and nobody has nothing. `untold`
/// is what others than `demands` may have in flight, by provider; `absent` as in divide(). Pure.
SharedOut share_out(const CallsByProvider& limits, const CallsByProvider& untold,
                    std::span<const Demand> demands, std::size_t absent);

}  // namespace fd
