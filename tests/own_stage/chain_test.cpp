// A program with a stage of its own: it is in the chain wherever the chain is made.

#include <gtest/gtest.h>

#include "actors/pipeline/peer_scheduler.hpp"
#include "actors/pipeline/serve_stages.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/stages/registry.hpp"
#include "tests/own_stage/no_select_star.hpp"
#include "worker/stage_options.hpp"

namespace fd {
namespace {

using Stages = std::vector<StageId>;

TEST(OwnStage, ItStandsBehindTheStageThatItFollowsAndKeepsItsNumber) {
  EXPECT_EQ(stage_names(all_stages(), " "), "teacher clean rules no_select_star exec score select");
  EXPECT_EQ(stage_names(peer_stages(), " "), "clean rules no_select_star exec score");
  EXPECT_EQ(stage_from_number(100), kNoSelectStar);
  EXPECT_EQ(next_stage(StageId::rules), kNoSelectStar);
  EXPECT_EQ(next_stage(kNoSelectStar), StageId::exec);
  EXPECT_TRUE(runs_at_peers(kNoSelectStar));
}

TEST(OwnStage, TheRegistryMakesEveryPureStageInOrder) {
  const auto made = make_stages(RunConfig(), {});
  ASSERT_TRUE(made.ok());
  Stages ids;
  for (const auto& stage : *made) {
    ids.push_back(stage->id());
  }
  EXPECT_EQ(ids, pure_stages());
}

TEST(OwnStage, ItRunsWhereTheStageRunsThatItFollowsAndHasANameOfItsOwn) {
  EXPECT_EQ(*stages_from_text("clean,rules,exec,score"), peer_stages());
  EXPECT_EQ(*stages_from_text("rules"), (Stages{StageId::rules, kNoSelectStar}));
  EXPECT_EQ(*stages_from_text("exec,no_select_star"), (Stages{kNoSelectStar, StageId::exec}));
  EXPECT_EQ(*stages_from_text("clean,exec,score"),
            (Stages{StageId::clean, StageId::exec, StageId::score}));
  EXPECT_EQ(*stages_from_text("teacher"), (Stages{StageId::teacher, StageId::select}));
}

TEST(OwnStage, APeerThatLacksItIsAskedUpToItAndNotBeyond) {
  PeerScheduler scheduler({{StageId::teacher, StageId::select}, kPeerPatience});
  const Stages without = {StageId::clean, StageId::rules, StageId::exec, StageId::score};
  scheduler.step(Instant{}, PeersPublished{{{"w", "tcp://127.0.0.1:1", "", without, 1, 1}}});
  const auto asked = scheduler.step(Instant{}, WorkQueued{StageId::clean, {{1, 10}}}).ask;
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].last, StageId::rules);
  EXPECT_TRUE(scheduler.step(Instant{}, WorkQueued{kNoSelectStar, {{2, 10}}}).ask.empty());
}

TEST(OwnStage, AReplyThatPassedItOverIsNotTaken) {
  PeerScheduler scheduler({{StageId::teacher, StageId::select}, kPeerPatience});
  scheduler.step(Instant{}, PeersPublished{{{"w", "tcp://127.0.0.1:1", "", peer_stages(), 1, 1}}});
  const auto asked = scheduler.step(Instant{}, WorkQueued{StageId::rules, {{1, 10}}}).ask;
  ASSERT_EQ(asked.size(), 1u);
  const std::uint64_t ask = asked[0].ask;
  const Stages passed_over = {StageId::rules, StageId::exec, StageId::score};
  EXPECT_FALSE(scheduler.step(Instant{}, PeerReplied{1, ask, false, {passed_over}}).served);
  const Stages all = stages_between(StageId::rules, StageId::score);
  EXPECT_TRUE(scheduler.step(Instant{}, PeerReplied{1, ask, false, {all}}).served);
}

TEST(OwnStage, APeerRunsItBetweenItsNeighboursAndNamesItInTheTimes) {
  const auto stages = make_stages(RunConfig(), {});
  StageRequest request;
  request.stage = StageId::clean;
  request.last = kNoSelectStar;
  request.items.emplace_back().answers.emplace_back().text = "SELECT * FROM t";
  const StageReply reply = serve_stages(*stages, SystemClock(), request);
  ASSERT_EQ(reply.items.size(), 1u);
  EXPECT_EQ(reply.items[0].candidates.at(0).rule, Reason::banned_pattern);
  Stages ran;
  for (const StageTime& time : reply.items[0].times) {
    ran.push_back(time.stage);
  }
  EXPECT_EQ(ran, (Stages{StageId::clean, StageId::rules, kNoSelectStar}));
}

TEST(OwnStage, TwoProgramsOfWhichOneLacksItDoNotJudgeAlike) {
  EXPECT_TRUE(
      verdict_policy().ends_with(", stages teacher clean rules no_select_star exec score select"));
}

}  // namespace
}  // namespace fd
