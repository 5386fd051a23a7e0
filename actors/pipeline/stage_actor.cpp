#include "actors/pipeline/stage_actor.hpp"

#include <algorithm>
#include <utility>

namespace fd {
namespace {

using Items = std::vector<WorkItem>;

std::uint64_t micros(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
}

/// A stage with its place in the pipeline.
class PlacedStage {
 public:
  PlacedStage(std::unique_ptr<Stage> stage, Route next, Route calls, const Clock& clock,
              caf::actor recorder)
      : stage_(std::move(stage)),
        next_(std::move(next)),
        calls_(std::move(calls)),
        clock_(clock),
        recorder_(std::move(recorder)) {}

  /// Runs the stage over items that were `sent` then, and passes them on. Requires: all of them are
  /// on their way to their calls, or none is.
  void run(const std::shared_ptr<Items>& items, Instant sent) const {
    Instant start = clock_.now();
    for (WorkItem& item : *items) {
      stage_->process(item);
      const Instant end = clock_.now();
      add_time(item, {stage_->id(), micros(start - sent), micros(end - start)});
      start = end;
    }
    drop_interrupted(*items);
    if (!items->empty()) {
      const Route& way = items->front().to_ask ? calls_ : next_;
      way.send({items, start});
    }
  }

 private:
  void drop_interrupted(Items& items) const {
    const auto given_up = std::ranges::stable_partition(
        items, [](const WorkItem& item) { return !item.interrupted; });
    if (!given_up.empty()) {
      act::post(recorder_,
                WorkDropped{std::make_shared<Items>(std::make_move_iterator(given_up.begin()),
                                                    std::make_move_iterator(given_up.end()))});
      items.erase(given_up.begin(), given_up.end());
    }
  }

  std::unique_ptr<Stage> stage_;
  Route next_;
  Route calls_;
  const Clock& clock_;
  caf::actor recorder_;
};

caf::behavior stage_actor(caf::event_based_actor* self, std::shared_ptr<PlacedStage> stage) {
  act::end_process_on_exception(self, "stage");
  return {[stage](const WorkBatch& batch) { stage->run(batch.items, batch.sent); }};
}

/// How many samples a lane takes before it lets other actors of its thread run.
constexpr int kTakesMax = 16;

caf::behavior stage_lane(caf::event_based_actor* self, std::shared_ptr<PlacedStage> stage,
                         std::shared_ptr<WorkQueue> queue, std::size_t lane) {
  act::end_process_on_exception(self, "stage");
  return {[=](const LaneWoken& woken) {
    for (int i = 0; i < kTakesMax; ++i) {
      std::optional<WorkQueue::Waiting> next = queue->take(lane);
      if (!next) {
        return;
      }
      auto items = std::make_shared<Items>();
      items->push_back(std::move(next->item));
      stage->run(items, next->sent);
    }
    act::post(caf::actor_cast<caf::actor>(self), woken);
  }};
}

}  // namespace

caf::actor spawn_stage(caf::actor_system& system, std::unique_ptr<Stage> stage, Route next,
                       const Clock& clock, caf::actor recorder) {
  return system.spawn(stage_actor, std::make_shared<PlacedStage>(std::move(stage), next, next,
                                                                 clock, std::move(recorder)));
}

caf::actor spawn_stage_lane(caf::actor_system& system, std::unique_ptr<Stage> stage,
                            std::shared_ptr<WorkQueue> queue, std::size_t lane, Route next,
                            Route calls, const Clock& clock, caf::actor recorder) {
  return system.spawn(stage_lane,
                      std::make_shared<PlacedStage>(std::move(stage), std::move(next),
                                                    std::move(calls), clock, std::move(recorder)),
                      std::move(queue), lane);
}

}  // namespace fd
