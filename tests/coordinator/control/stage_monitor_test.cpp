#include "coordinator/control/stage_monitor.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kGrace = seconds(30);

StageNode node(std::uint64_t incarnation, std::vector<StageId> stages, bool serves_peers = true,
               bool holds_leases = false) {
  return {incarnation, "w" + std::to_string(incarnation), std::move(stages), serves_peers,
          holds_leases};
}
const std::vector<StageId> kAsks = {StageId::teacher, StageId::select};
const std::vector<StageId> kCpu = {StageId::clean, StageId::rules, StageId::exec, StageId::score};
const std::vector<StageId> kNoExec = {StageId::clean, StageId::rules, StageId::score};

TEST(StageWatch, AStageIsServedByOneselfOrByAnotherThatServesPeers) {
  EXPECT_EQ(unserved_stage(1, all_stages(), {}), std::nullopt);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(1, kAsks)}), StageId::clean);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kNoExec)}), StageId::exec);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kCpu)}), std::nullopt);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kCpu, false)}), StageId::clean);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(1, kCpu)}), StageId::clean)
      << "that is the worker itself";
}

TEST(StageWatch, SpeaksAfterTheGraceAndNotBefore) {
  StageWatch watch(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks), node(2, kNoExec)};
  const Instant start{};
  EXPECT_EQ(watch.look(start, nodes), std::nullopt);
  EXPECT_EQ(watch.look(start + kGrace - milliseconds(1), nodes), std::nullopt);
  EXPECT_EQ(watch.look(start + kGrace, nodes),
            "no worker has served the stage exec, which w1 needs, for 30 s: start one with "
            "fd-worker --connect ENDPOINT --stages exec");
}

TEST(StageWatch, AWorkerThatComesInTimeStartsTheClockAnew) {
  StageWatch watch(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks)};
  const Instant start{};
  watch.look(start, nodes);
  EXPECT_EQ(watch.look(start + seconds(29), {node(1, kAsks), node(2, kCpu)}), std::nullopt);
  EXPECT_EQ(watch.look(start + seconds(31), nodes), std::nullopt);
  EXPECT_EQ(watch.look(start + seconds(60), nodes), std::nullopt);
  EXPECT_TRUE(watch.look(start + seconds(61), nodes));
}

TEST(StageWatch, WhileTheCoordinatorSleptNobodyCouldCome) {
  StageWatch watch(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks)};
  watch.postpone(seconds(5));
  watch.look(Instant{}, nodes);
  watch.postpone(seconds(100));
  EXPECT_EQ(watch.look(Instant{} + seconds(129), nodes), std::nullopt);
  EXPECT_TRUE(watch.look(Instant{} + seconds(130), nodes));
}

TEST(StageWatch, WithoutWorkersNothingIsMissingAndWithoutATeacherTheTeacherIs) {
  StageWatch watch(Duration::zero());
  EXPECT_EQ(watch.look(Instant{}, {}), std::nullopt);
  EXPECT_EQ(watch.look(Instant{}, {node(2, kCpu)}),
            "no worker has served the stage teacher, for 0 s: start one with fd-worker --connect "
            "ENDPOINT --stages teacher");
}

TEST(StageWatch, AWorkerThatKeepsTheStageToItselfIsNamed) {
  StageWatch watch(Duration::zero());
  EXPECT_EQ(watch.look(Instant{}, {node(1, kAsks), node(2, kCpu, false)}),
            "no worker has served the stage clean, which w1 needs, for 0 s (w2 serves it to itself "
            "only, having no --peer-listen): start one with fd-worker --connect ENDPOINT --stages "
            "clean");
}

/// One that can do all goes on alone; but samples that another one holds would wait for ever.
TEST(StageWatch, AWorkerThatCanDoAllIsEnoughUnlessAnotherHoldsSamples) {
  StageWatch watch(Duration::zero());
  const StageNode all = node(3, all_stages(), false);
  EXPECT_EQ(watch.look(Instant{}, {node(1, kAsks), all}), std::nullopt);
  EXPECT_TRUE(watch.look(Instant{}, {node(1, kAsks, false, true), all}));
}

}  // namespace
}  // namespace fd
