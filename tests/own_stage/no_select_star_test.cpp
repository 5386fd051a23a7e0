#include "tests/own_stage/no_select_star.hpp"

#include <future>

#include <gtest/gtest.h>

#include "actors/pipeline/stage_actor.hpp"

namespace fd {
namespace {

WorkItem item_with(const std::string& sql) {
  WorkItem item;
  item.candidates.emplace_back();
  item.candidates.back().text = sql;
  return item;
}

Reason judged(const std::string& sql) {
  WorkItem item = item_with(sql);
  NoSelectStarStage().process(item);
  return item.candidates[0].rule;
}

TEST(NoSelectStarStage, RejectsEveryColumnHoweverItIsWritten) {
  EXPECT_EQ(judged("SELECT * FROM t"), Reason::banned_pattern);
  EXPECT_EQ(judged("select\n\t* from t"), Reason::banned_pattern);
  EXPECT_EQ(judged("SELECT a FROM (SELECT * FROM t)"), Reason::banned_pattern);
}

TEST(NoSelectStarStage, LetsOtherQueriesPass) {
  EXPECT_EQ(judged("SELECT count(*) FROM t"), Reason::none);
  EXPECT_EQ(judged("SELECT a * b FROM t"), Reason::none);
  EXPECT_EQ(judged(""), Reason::none);
}

TEST(NoSelectStarStage, AnEarlierReasonStays) {
  WorkItem item = item_with("SELECT * FROM t");
  item.candidates[0].rule = Reason::too_long;
  NoSelectStarStage().process(item);
  EXPECT_EQ(item.candidates[0].rule, Reason::too_long);
}

/// The same stage behind the actor shell: batches come in, and go on to whatever the route names.
TEST(NoSelectStarStage, RunsAsAnActorBetweenTwoOthers) {
  std::promise<WorkBatch> arrived;
  const SystemClock clock;
  caf::actor_system_config config;
  act::configure(config, 2);
  caf::actor_system system(config);
  const caf::actor next = system.spawn([&arrived](caf::event_based_actor*) -> caf::behavior {
    return {[&arrived](const WorkBatch& batch) { arrived.set_value(batch); }};
  });
  const caf::actor stage =
      spawn_stage(system, std::make_unique<NoSelectStarStage>(), Route(next), clock, next);
  auto items = std::make_shared<std::vector<WorkItem>>();
  items->push_back(item_with("SELECT * FROM t"));
  items->push_back(item_with("SELECT a FROM t"));
  act::post(stage, WorkBatch{items, clock.now()});

  const WorkBatch batch = arrived.get_future().get();
  ASSERT_EQ(batch.items->size(), 2u);
  EXPECT_EQ((*batch.items)[0].candidates[0].rule, Reason::banned_pattern);
  EXPECT_EQ((*batch.items)[1].candidates[0].rule, Reason::none);
  caf::anon_send_exit(stage, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(next, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace fd
