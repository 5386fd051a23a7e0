#include "actors/pipeline/stage_actor.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

std::uint64_t micros(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
}

caf::behavior stage_actor(caf::event_based_actor* self, std::shared_ptr<Stage> stage,
                          std::shared_ptr<Route> next, const Clock* clock) {
  act::end_process_on_exception(self, "stage");
  return {[=](WorkBatch& batch) {
    Instant start = clock->now();
    for (WorkItem& item : *batch.items) {
      stage->process(item);
      const Instant end = clock->now();
      item.times.push_back({stage->id(), micros(start - batch.sent), micros(end - start)});
      start = end;
    }
    batch.sent = start;
    next->send(std::move(batch));
  }};
}

}  // namespace

caf::actor spawn_stage(caf::actor_system& system, std::unique_ptr<Stage> stage, Route next,
                       const Clock& clock) {
  return system.spawn(stage_actor, std::shared_ptr<Stage>(std::move(stage)),
                      std::make_shared<Route>(std::move(next)), &clock);
}

}  // namespace fd
