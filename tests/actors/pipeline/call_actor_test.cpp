#include "actors/pipeline/call_actor.hpp"

#include <future>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/stages/teacher.hpp"
#include "tests/actors/stages/made_up_judge.hpp"

namespace fd {
namespace {

using testing_support::answered;
using testing_support::failed;

/// Says at once how a call ends.
using Script = std::function<ChatResult(const ChatCall&)>;

class ScriptedGateway final : public Gateway {
 public:
  ScriptedGateway(Script script, std::function<void(ChatResult)> give)
      : script_(std::move(script)), give_(std::move(give)) {}
  void submit(ChatCall call) override { give_(script_(call)); }
  void set_shares(const std::vector<Share>&) override {}
  [[nodiscard]] CallLoad load() const override { return {}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override {}
  void close() override {}

 private:
  Script script_;
  std::function<void(ChatResult)> give_;
};

/// What became of one sample.
struct Seen {
  WorkItem item;
  bool dropped = false;
  std::vector<Record> records;
};

/// Has one sample pass the actor of a call stage.
Seen pass(CallStage stage, WorkItem item, Script script) {
  caf::actor_system_config config;
  act::configure(config, 1);
  caf::actor_system system(config);
  SystemClock clock;
  std::promise<Seen> over;
  Seen seen;  // of the one thread of the actors
  const auto end = [&](const std::shared_ptr<std::vector<WorkItem>>& items, bool dropped) {
    seen.item = items->at(0);
    seen.dropped = dropped;
    over.set_value(seen);
  };
  const caf::actor sink = system.spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {[&](const CallDone& done) { seen.records.push_back(*done.record); },
            [&](const WorkDropped& dropped) { end(dropped.items, true); },
            [&](const WorkBatch& batch) { end(batch.items, false); }};
  });
  const caf::actor calls = spawn_call_stage(system, std::move(stage), sink, clock);
  auto inbox = std::make_shared<ChatInbox>();
  auto gateway = std::make_shared<ScriptedGateway>(std::move(script), [&](ChatResult result) {
    if (inbox->add(std::move(result))) {
      act::post(calls, ChatDone{inbox});
    }
  });
  act::post(calls, StartCalls{gateway, std::make_shared<Route>(sink)});
  act::post(calls,
            WorkBatch{std::make_shared<std::vector<WorkItem>>(1, std::move(item)), clock.now()});
  return over.get_future().get();
}

Seen pass_judge(Script script) {
  return pass(CallStage(std::make_unique<testing_support::MadeUpJudge>()),
              testing_support::item_with_candidates({"SELECT 1"}), std::move(script));
}

TEST(CallActor, ASampleGoesOnWithAllItsAnswersAndEachIsRecordedBefore) {
  RunConfig config;
  config.contract.fields = {"q"};
  config.teacher.prompt = "{{q}}";
  config.teacher.decode.n = 2;
  WorkItem item;
  item.sample.canonical_input = R"({"q":"how many?"})";
  const Seen seen = pass(CallStage(make_teacher(config).value()), item, [](const ChatCall& call) {
    return answered(call, std::to_string(call.candidate));
  });
  EXPECT_FALSE(seen.dropped);
  EXPECT_EQ(seen.item.answers.size(), 2u);
  EXPECT_EQ(seen.records.size(), 2u);
}

TEST(CallActor, ARepairOfAnotherRoleIsAskedAndRecordedLikeAnyCall) {
  const Seen seen = pass_judge([](const ChatCall& call) {
    return answered(call, call.vote == 1 && call.round == 0 ? "good" : "4");
  });
  EXPECT_EQ(seen.item.candidates.at(0).judge, 8.0);
  ASSERT_EQ(seen.records.size(), 3u);
  EXPECT_EQ(seen.records[2].answer->round, 1u);
}

TEST(CallActor, ASampleOfACancelledCallIsDroppedAndNothingOfItRecorded) {
  const Seen seen = pass_judge(
      [](const ChatCall& call) { return failed(call, Reason::internal, CallEnd::cancelled); });
  EXPECT_TRUE(seen.dropped);
  EXPECT_TRUE(seen.records.empty());
}

TEST(CallActor, AFailedSampleGoesOn) {
  const Seen seen =
      pass_judge([](const ChatCall& call) { return failed(call, Reason::provider_rejected); });
  EXPECT_FALSE(seen.dropped);
  EXPECT_EQ(seen.item.failure, Reason::provider_rejected);
  EXPECT_EQ(seen.records.size(), 2u);
}

}  // namespace
}  // namespace fd
