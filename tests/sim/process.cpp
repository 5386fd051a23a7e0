#include "tests/sim/process.hpp"

#include <algorithm>
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
  if (pauses_++ == 0) {
    stopped_since_ = schedule_.now();
  }
}

void Process::resume() {
  if (--pauses_ > 0 || !alive_) {
    return;
  }
  std::deque<Waiting> due = std::exchange(waiting_, {});
  if (schedule_.now() % 2 == 1) {  // as good as a coin, and in no stream of random numbers
    std::stable_partition(due.begin(), due.end(), [](const Waiting& one) { return one.timer; });
  }
  for (Waiting& one : due) {
    if (alive_) {
      enter(std::move(one.task), one.timer);
    }
  }
}

void Process::kill_at_boundary(std::uint32_t boundary, std::function<void()> died) {
  boundaries_left_ = boundary;
  died_ = std::move(died);
}

void Process::after(Time delay, Task task) {
  schedule_.after(delay, [this, timer = delay > 0, task = std::move(task)]() mutable {
    enter(std::move(task), timer);
  });
}

void Process::enter(Task task, bool timer) {
  if (!alive_) {
    return;
  }
  if (pauses_ > 0) {
    waiting_.push_back({std::move(task), timer});
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
