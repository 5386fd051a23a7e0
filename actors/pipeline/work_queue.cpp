#include "actors/pipeline/work_queue.hpp"

#include <utility>

namespace fd {

WorkQueue::WorkQueue(std::size_t lanes) {
  while (lanes > 0) {
    idle_.push_back(--lanes);
  }
}

std::vector<std::size_t> WorkQueue::put(std::vector<WorkItem> items, Instant sent) {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> woken;
  for (WorkItem& item : items) {
    waiting_.push_back({std::move(item), sent});
    if (!idle_.empty()) {
      woken.push_back(idle_.back());
      idle_.pop_back();
    }
  }
  return woken;
}

std::optional<WorkQueue::Waiting> WorkQueue::take(std::size_t lane) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    idle_.push_back(lane);
    return std::nullopt;
  }
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

}  // namespace fd
