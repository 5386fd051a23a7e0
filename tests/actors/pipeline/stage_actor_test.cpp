#include "actors/pipeline/stage_actor.hpp"

#include <future>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

class IdleStage final : public Stage {
 public:
  [[nodiscard]] StageId id() const override { return StageId::exec; }
  void process(WorkItem&) override {}
};

/// Returns the shards of the samples that come to `next`, and of those that come to the calls.
std::pair<std::uint32_t, std::uint32_t> ways_of(std::vector<WorkItem> items) {
  caf::actor_system_config config;
  act::configure(config, 1);
  caf::actor_system system(config);
  SystemClock clock;
  std::promise<std::uint32_t> next;
  std::promise<std::uint32_t> calls;
  const auto sink = [&system](std::promise<std::uint32_t>& to) {
    return system.spawn([&to](caf::event_based_actor*) -> caf::behavior {
      return {[&to](const WorkBatch& batch) { to.set_value(batch.items->at(0).shard); }};
    });
  };
  const caf::actor next_sink = sink(next);
  const auto queue = std::make_shared<WorkQueue>(1);
  const Route lane(
      queue, {spawn_stage_lane(system, std::make_unique<IdleStage>(), queue, 0, Route(next_sink),
                               Route(sink(calls)), clock, next_sink)});
  lane.send({std::make_shared<std::vector<WorkItem>>(std::move(items)), clock.now()});
  return {next.get_future().get(), calls.get_future().get()};
}

TEST(StageLane, ASampleOnItsWayToItsCallsGoesThereAndAnyOtherToTheNextStage) {
  std::vector<WorkItem> items(2);
  items[0].shard = 1;
  items[0].to_ask = std::make_shared<CallsToCome>();
  items[1].shard = 2;
  EXPECT_EQ(ways_of(std::move(items)), (std::pair<std::uint32_t, std::uint32_t>{2, 1}));
}

}  // namespace
}  // namespace fd
