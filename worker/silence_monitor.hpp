#pragma once

#include <algorithm>
#include <optional>

#include "actors/system/clock.hpp"

namespace fd {

/// Tells when it is worth saying that the coordinator is not heard: a worker that waits for one is
/// well, but whoever mistyped an address waits with it. Pure.
class SilenceMonitor {
 public:
  /// So long nothing is heard before it is said; then after twice as long, and so on.
  static constexpr Duration kFirst = std::chrono::seconds(5);
  /// But at least so often.
  static constexpr Duration kLongest = std::chrono::hours(1);

  /// The coordinator was heard. Returns whether it had been said that it was not.
  bool heard(Instant now) {
    since_ = now;
    const bool said = next_ > kFirst;
    next_ = kFirst;
    due_ = now + next_;
    return said;
  }

  /// To be called at every heartbeat. Returns for how long nothing was heard, when that is to be
  /// said now.
  std::optional<Duration> look(Instant now) {
    since_ = since_.value_or(now);
    due_ = due_.value_or(now + next_);
    if (now < *due_) {
      return std::nullopt;
    }
    next_ = std::min<Duration>(2 * next_, kLongest);
    due_ = now + next_;
    return now - *since_;
  }

 private:
  std::optional<Instant> since_;  ///< when it was heard last; before that, the first look
  std::optional<Instant> due_;    ///< when silence is said next
  Duration next_ = kFirst;        ///< how long to wait then
};

}  // namespace fd
