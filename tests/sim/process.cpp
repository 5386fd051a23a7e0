#include "tests/sim/process.hpp"

#include <utility>

namespace fd::sim {
namespace {

constexpr Time kMillion = 1'000'000;

}  // namespace

void Process::kill() {
  alive_ = false;
  waiting_.clear();
}

void Process::pause() {
  ++pauses_;
}

void Process::resume() {
  if (--pauses_ > 0 || !alive_) {
    return;
  }
  std::deque<Task> due = std::exchange(waiting_, {});
  for (Task& task : due) {
    if (alive_) {
      enter(std::move(task));
    }
  }
}

void Process::kill_at_boundary(std::uint32_t boundary, std::function<void()> died) {
  boundaries_left_ = boundary;
  died_ = std::move(died);
}

void Process::after(Time delay, Task task) {
  schedule_.after(delay, [this, task = std::move(task)]() mutable { enter(std::move(task)); });
}

void Process::enter(Task task) {
  if (!alive_) {
    return;
  }
  if (pauses_ > 0) {
    waiting_.push_back(std::move(task));
    return;
  }
  task();
}

Instant Process::now() const {
  const Time time = schedule_.now();
  return Instant{Duration{clock_.offset + time + time * clock_.drift_ppm / kMillion}};
}

Time Process::simulated(Duration local) const {
  if (clock_.drift_ppm == 0) {
    return local.count();
  }
  return local.count() * kMillion / (kMillion + clock_.drift_ppm) + 1;
}

bool Process::boundary() {
  if (alive_ && boundaries_left_ > 0 && --boundaries_left_ == 0) {
    died_();
  }
  return !alive_;
}

}  // namespace fd::sim
