#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "actors/system/clock.hpp"
#include "coordinator/control/progress.hpp"

namespace fd {

/// Turns progress into text: done, rate, kept share, tokens, time left. Pure.
class ProgressText {
 public:
  /// Returns one line, at most about 100 columns. `now` and the first call's time give the rate
  /// over the last ten seconds.
  std::string line(Instant now, const Progress& progress);

 private:
  struct Point {
    Instant at;
    std::uint64_t done = 0;
  };
  std::vector<Point> points_;
};

/// Writes progress to standard error: one line that is drawn anew on a terminal, else plain lines
/// at growing intervals (5 s to 60 s). Thread: any.
class ProgressDisplay {
 public:
  ProgressDisplay(const Clock& clock, bool terminal, bool quiet)
      : clock_(clock), terminal_(terminal), quiet_(quiet) {}
  void update(const Progress& progress);
  /// Writes a line of its own, above the one that is drawn anew.
  void message(const std::string& text);
  /// Draws the last state and ends the line.
  void finish();

 private:
  void draw(const std::string& line);
  const Clock& clock_;
  const bool terminal_;
  const bool quiet_;
  std::mutex mutex_;
  ProgressText text_;
  std::string last_;
  std::optional<Instant> next_plain_;
  Duration interval_ = std::chrono::seconds(5);
};

/// Returns a duration as "42 s", "3 min 20 s" or "2 h 5 min". Units: seconds.
std::string short_duration(double seconds);

}  // namespace fd
