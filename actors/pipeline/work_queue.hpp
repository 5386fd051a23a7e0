#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/stages/stage.hpp"
#include "actors/system/clock.hpp"

namespace fd {

/// Samples that wait for one of several actors, its lanes, that do the same: whichever is idle
/// takes the next one, so that nothing waits behind a sample that takes long while another lane is
/// free. Thread: any.
class WorkQueue {
 public:
  /// A sample, and when it was let go by the stage before.
  struct Waiting {
    WorkItem item;
    Instant sent;
  };

  /// All lanes are idle.
  explicit WorkQueue(std::size_t lanes);
  /// Adds samples. Returns the lanes that must be woken: each takes samples until there are none.
  std::vector<std::size_t> put(std::vector<WorkItem> items, Instant sent);
  /// Returns the next sample; nothing: the lane is idle, and will be woken.
  std::optional<Waiting> take(std::size_t lane);

 private:
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::vector<std::size_t> idle_;
};

}  // namespace fd
