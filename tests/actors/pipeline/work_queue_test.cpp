#include "actors/pipeline/work_queue.hpp"

#include <future>

#include <gtest/gtest.h>

#include "actors/pipeline/stage_actor.hpp"

namespace fd {
namespace {

using Lanes = std::vector<std::size_t>;

/// Returns samples of these shards, which tell them apart here.
std::vector<WorkItem> items(const std::vector<std::uint32_t>& shards) {
  std::vector<WorkItem> made;
  for (const std::uint32_t shard : shards) {
    made.emplace_back().shard = shard;
  }
  return made;
}

TEST(WorkQueueTest, WakesAnIdleLaneForEachSample) {
  WorkQueue queue(3);
  EXPECT_EQ(queue.put(items({1, 2}), {}), (Lanes{0, 1}));
  EXPECT_EQ(queue.put(items({3, 4}), {}), Lanes{2});
  EXPECT_EQ(queue.put(items({5}), {}), Lanes{}) << "all are at work";
}

TEST(WorkQueueTest, GivesSamplesInOrderToWhoeverAsks) {
  WorkQueue queue(2);
  const Instant sent{std::chrono::seconds(7)};
  queue.put(items({1, 2, 3}), sent);
  EXPECT_EQ(queue.take(1)->item.shard, 1u);
  EXPECT_EQ(queue.take(1)->item.shard, 2u);
  const auto third = queue.take(0);
  EXPECT_EQ(third->item.shard, 3u);
  EXPECT_EQ(third->sent, sent);
  EXPECT_FALSE(queue.take(1));
  EXPECT_EQ(queue.put(items({4, 5}), {}), Lanes{1}) << "lane 0 has not come back";
}

/// Takes as long over samples of shard 1 as it is made to, and gives up those of shard 2.
class SlowStage final : public Stage {
 public:
  explicit SlowStage(std::shared_future<void> done) : done_(std::move(done)) {}
  [[nodiscard]] StageId id() const override { return StageId::exec; }
  void process(WorkItem& item) override {
    if (item.shard == 1) {
      done_.wait();
    }
    item.interrupted = item.shard == 2;
  }

 private:
  std::shared_future<void> done_;
};

TEST(WorkQueueTest, NothingWaitsBehindASlowSampleWhileALaneIsIdle) {
  std::promise<void> done;
  const std::shared_future<void> future = done.get_future().share();
  std::promise<void> others;
  std::promise<void> all;
  std::promise<std::uint32_t> given_up;
  const SystemClock clock;
  caf::actor_system_config config;
  act::configure(config, 3);
  caf::actor_system system(config);
  const caf::actor sink = system.spawn([&](caf::event_based_actor*) -> caf::behavior {
    auto count = std::make_shared<std::size_t>(0);
    return {[&, count](const WorkBatch& batch) {
              *count += batch.items->size();
              if (*count == 40) {
                others.set_value();
              } else if (*count == 41) {
                all.set_value();
              }
            },
            [&](const WorkDropped& dropped) { given_up.set_value(dropped.items->front().shard); }};
  });
  auto queue = std::make_shared<WorkQueue>(2);
  std::vector<caf::actor> lanes;
  for (std::size_t lane = 0; lane < 2; ++lane) {
    lanes.push_back(spawn_stage_lane(system, std::make_unique<SlowStage>(future), queue, lane,
                                     Route(sink), Route(sink), clock, sink));
  }
  const Route route(queue, lanes);
  std::vector<std::uint32_t> shards(42, 0);
  shards[0] = 1;
  shards[9] = 2;
  route.send({std::make_shared<std::vector<WorkItem>>(items(shards)), clock.now()});
  others.get_future().wait();  // the slow one is still at work
  EXPECT_EQ(given_up.get_future().get(), 2u);
  done.set_value();
  all.get_future().wait();
  for (const caf::actor& lane : lanes) {
    caf::anon_send_exit(lane, caf::exit_reason::user_shutdown);
  }
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace fd
