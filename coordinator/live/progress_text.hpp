#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/system/clock.hpp"
#include "coordinator/control/progress.hpp"

namespace fd {

/// Turns progress into text: done, rate, kept share, tokens, cost, calls in flight, time left.
/// Pure.
class ProgressText {
 public:
  /// Takes the state of `now`: the rate is that over the last ten seconds.
  void take(Instant now, const Progress& progress);
  /// Returns the latest state as one line, at most about 120 columns.
  [[nodiscard]] std::string line() const;
  /// Returns it as one line of JSON (docs/contract.md).
  [[nodiscard]] std::string json() const;

 private:
  struct Point {
    Instant at;
    std::uint64_t done = 0;
  };
  [[nodiscard]] double rate() const;
  /// Returns how many seconds are left at this rate; nothing without one.
  [[nodiscard]] std::optional<double> left_s() const;

  std::vector<Point> points_;
  Progress progress_;
};

/// Returns a duration as "42 s", "3 min 20 s" or "2 h 5 min". Units: seconds.
std::string short_duration(double seconds);

}  // namespace fd
