#pragma once

#include <chrono>

namespace fd {

/// A point on a monotonic clock. Cores get it as an argument; only shells read a clock.
using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// The one way to the time. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Returns the monotonic time. Unrelated to the wall clock, and to any other process's.
  [[nodiscard]] virtual Instant now() const = 0;
};

/// The steady clock of this process: the only place that reads it.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
};

}  // namespace fd
