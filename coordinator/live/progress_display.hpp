#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "actors/system/clock.hpp"
#include "coordinator/control/progress.hpp"
#include "coordinator/live/progress_text.hpp"

namespace fd {

/// How progress is shown on standard error.
enum class ProgressMode {
  bar,    ///< one line that is drawn anew: a terminal's
  plain,  ///< a line when something changed, at growing intervals of 5 s to 30 s
  json,   ///< an object a line when something changed, at most one a second, at least every 30 s
  none,
};

/// Returns the mode of this name, or nothing.
std::optional<ProgressMode> progress_mode_from_name(std::string_view name);

/// Decides when a line of progress is due where lines stay. Pure.
class ProgressPace {
 public:
  /// The first line comes `first` after the first step, each further one after twice the time of
  /// the one before, at most after `longest`. An unchanged state waits for kUnchangedMax.
  ProgressPace(Duration first, Duration longest) : interval_(first), longest_(longest) {}
  bool step(Instant now, const Progress& progress);

  static constexpr Duration kUnchangedMax = std::chrono::seconds(30);

 private:
  Duration interval_;
  const Duration longest_;
  std::optional<Instant> last_;  ///< line, or the first step
  Progress shown_;
};

/// Writes progress to standard error. Thread: any.
class ProgressDisplay {
 public:
  ProgressDisplay(const Clock& clock, ProgressMode mode);
  void update(const Progress& progress);
  /// Writes a line of its own, above the one that is drawn anew. In mode json it is an object, too.
  void message(const std::string& text);
  /// Shows the last state and ends the line.
  void finish();

 private:
  void draw();
  const Clock& clock_;
  const ProgressMode mode_;
  std::mutex mutex_;
  ProgressText text_;
  ProgressPace pace_;
  std::string last_;  ///< line
};

}  // namespace fd
