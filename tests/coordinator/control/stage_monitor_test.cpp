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

TEST(StageMonitor, AStageIsServedByOneselfOrByAnotherThatServesPeers) {
  EXPECT_EQ(unserved_stage(1, all_stages(), {}), std::nullopt);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(1, kAsks)}), StageId::clean);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kNoExec)}), StageId::exec);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kCpu)}), std::nullopt);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(2, kCpu, false)}), StageId::clean);
  EXPECT_EQ(unserved_stage(1, kAsks, {node(1, kCpu)}), StageId::clean)
      << "that is the worker itself";
}

TEST(StageMonitor, SpeaksAfterTheGraceAndNotBefore) {
  StageMonitor monitor(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks), node(2, kNoExec)};
  const Instant start{};
  EXPECT_EQ(monitor.look(start, nodes), std::nullopt);
  EXPECT_EQ(monitor.look(start + kGrace - milliseconds(1), nodes), std::nullopt);
  EXPECT_EQ(monitor.look(start + kGrace, nodes),
            "no worker has served the stage exec, which w1 needs, for 30 s: start one with "
            "fd-worker --connect ENDPOINT --stages exec");
}

TEST(StageMonitor, AWorkerThatComesInTimeStartsTheClockAnew) {
  StageMonitor monitor(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks)};
  const Instant start{};
  monitor.look(start, nodes);
  EXPECT_EQ(monitor.look(start + seconds(29), {node(1, kAsks), node(2, kCpu)}), std::nullopt);
  EXPECT_EQ(monitor.look(start + seconds(31), nodes), std::nullopt);
  EXPECT_EQ(monitor.look(start + seconds(60), nodes), std::nullopt);
  EXPECT_TRUE(monitor.look(start + seconds(61), nodes));
}

TEST(StageMonitor, WhileTheCoordinatorSleptNobodyCouldCome) {
  StageMonitor monitor(kGrace);
  const std::vector<StageNode> nodes = {node(1, kAsks)};
  monitor.postpone(seconds(5));
  monitor.look(Instant{}, nodes);
  monitor.postpone(seconds(100));
  EXPECT_EQ(monitor.look(Instant{} + seconds(129), nodes), std::nullopt);
  EXPECT_TRUE(monitor.look(Instant{} + seconds(130), nodes));
}

TEST(StageMonitor, WithoutWorkersNothingIsMissingAndWithoutATeacherTheTeacherIs) {
  StageMonitor monitor(Duration::zero());
  EXPECT_EQ(monitor.look(Instant{}, {}), std::nullopt);
  EXPECT_EQ(monitor.look(Instant{}, {node(2, kCpu)}),
            "no worker has served the stage teacher, for 0 s: start one with fd-worker --connect "
            "ENDPOINT --stages teacher");
}

TEST(StageMonitor, AWorkerThatKeepsTheStageToItselfIsNamed) {
  StageMonitor monitor(Duration::zero());
  EXPECT_EQ(monitor.look(Instant{}, {node(1, kAsks), node(2, kCpu, false)}),
            "no worker has served the stage clean, which w1 needs, for 0 s (w2 serves it to itself "
            "only, having no --peer-listen): start one with fd-worker --connect ENDPOINT --stages "
            "clean");
}

/// One that can do all goes on alone; but samples that another one holds would wait for ever.
TEST(StageMonitor, AWorkerThatCanDoAllIsEnoughUnlessAnotherHoldsSamples) {
  StageMonitor monitor(Duration::zero());
  const StageNode all = node(3, all_stages(), false);
  EXPECT_EQ(monitor.look(Instant{}, {node(1, kAsks), all}), std::nullopt);
  EXPECT_TRUE(monitor.look(Instant{}, {node(1, kAsks, false, true), all}));
}

}  // namespace
}  // namespace fd
