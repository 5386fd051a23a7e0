#include "actors/stages/stage.hpp"

#include <algorithm>

namespace fd {

void add_time(WorkItem& item, const StageTime& time) {
  const auto found = std::ranges::find(item.times, time.stage, &StageTime::stage);
  if (found == item.times.end()) {
    item.times.push_back(time);
    return;
  }
  found->queue_us += time.queue_us;
  found->service_us += time.service_us;
}

}  // namespace fd
