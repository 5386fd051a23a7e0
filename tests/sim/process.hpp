#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "actors/system/clock.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/schedule.hpp"

namespace fd::sim {

/// One life of one process: what is asked of it happens only while it lives, and waits while it is
/// stopped. It reads its own clock, which is offset and drifts.
class Process : public Clock {
 public:
  Process(Schedule& schedule, const ClockPlan& clock) : schedule_(schedule), clock_(clock) {}
  ~Process() override = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] bool alive() const { return alive_; }

  /// Ends the process at once; nothing that waits for it happens any more.
  void kill();

  /// Stops and lets go on. Pauses of one process may overlap: the last end counts. What waited
  /// meanwhile is done then; timers may come before the frames that came earlier.
  void pause();
  void resume();
  /// Returns since when it has been stopped, if one resume() more lets it go on; else nothing.
  [[nodiscard]] std::optional<Time> stopped_since() const {
    return alive_ && pauses_ == 1 ? std::optional(stopped_since_) : std::nullopt;
  }

  /// Has the process die at the n-th effect boundary from now on; `died` is called then, instead of
  /// the rest of what the process was about to do.
  void kill_at_boundary(std::uint32_t boundary, std::function<void()> died);

  /// Has `task` done in this process after `delay` of simulated time.
  void after(Time delay, Task task);

  /// Returns what this process's clock shows.
  [[nodiscard]] Instant now() const override;
  /// Returns how long this process's clock takes for `local`, in simulated time, rounded up.
  [[nodiscard]] Time simulated(Duration local) const;

 protected:
  /// Passes from one effect to the next. Returns true if the process died in between.
  bool boundary();

  Schedule& schedule_;

 private:
  struct Waiting {
    Task task;
    bool timer = false;
  };
  void enter(Task task, bool timer);
  ClockPlan clock_;
  bool alive_ = true;
  std::uint32_t pauses_ = 0;
  Time stopped_since_ = 0;
  std::deque<Waiting> waiting_;
  std::uint32_t boundaries_left_ = 0;
  std::function<void()> died_;
};

}  // namespace fd::sim
