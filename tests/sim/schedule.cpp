#include "tests/sim/schedule.hpp"

#include <algorithm>

namespace fd::sim {

void Schedule::after(Time delay, Task task) {
  queue_.push_back({now_ + std::max<Time>(delay, 0), ++numbers_, std::move(task)});
  std::push_heap(queue_.begin(), queue_.end(), later);
}

void Schedule::step() {
  std::pop_heap(queue_.begin(), queue_.end(), later);
  Entry entry = std::move(queue_.back());
  queue_.pop_back();
  now_ = entry.time;
  ++done_;
  entry.task();
}

}  // namespace fd::sim
