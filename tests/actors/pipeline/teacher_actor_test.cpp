#include "actors/pipeline/teacher_actor.hpp"

#include <future>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/base/digest.hpp"

namespace fd {
namespace {

/// Keeps the calls; the test says how they end.
class ScriptedGateway final : public Gateway {
 public:
  explicit ScriptedGateway(std::size_t expected) : expected_(expected) {}
  void submit(ChatCall call) override {
    calls_.push_back(std::move(call));
    if (calls_.size() == expected_) {
      all_.set_value(calls_);
    }
  }
  void set_shares(const std::vector<Share>&) override {}
  [[nodiscard]] CallLoad load() const override { return {}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override {}
  void close() override {}
  std::vector<ChatCall> calls() { return all_.get_future().get(); }

 private:
  std::size_t expected_;
  std::vector<ChatCall> calls_;
  std::promise<std::vector<ChatCall>> all_;
};

/// Returns the failure that a sample of two candidates goes on with, when their calls end so, in
/// this order.
std::optional<Reason> failure_after(std::vector<std::pair<std::uint32_t, Reason>> ends) {
  caf::actor_system_config config;
  act::configure(config, 1);
  caf::actor_system system(config);
  SystemClock clock;
  std::promise<std::optional<Reason>> passed;
  const caf::actor next = system.spawn([&passed](caf::event_based_actor*) -> caf::behavior {
    return {[&passed](const WorkBatch& batch) { passed.set_value(batch.items->at(0).failure); }};
  });
  const caf::actor recorder = system.spawn(
      [](caf::event_based_actor*) -> caf::behavior { return {[](const CallDone&) {}}; });
  RunConfig run;
  run.contract.fields = {"q"};
  run.teacher.prompt = "{{q}}";
  run.teacher.decode.n = 2;
  const caf::actor teacher =
      spawn_teacher(system, PromptStage::make(run).value(), 2, recorder, Route({next}), clock);
  auto gateway = std::make_shared<ScriptedGateway>(ends.size());
  act::post(teacher, UseGateway{gateway});
  auto items = std::make_shared<std::vector<WorkItem>>(1);
  items->at(0).sample.canonical_input = R"({"q":"how many?"})";
  act::post(teacher, WorkBatch{items, clock.now()});
  const std::vector<ChatCall> calls = gateway->calls();
  auto inbox = std::make_shared<ChatInbox>();
  for (const auto& [candidate, reason] : ends) {
    ChatResult result;
    result.tag = calls.at(candidate).tag;
    result.failure = reason;
    result.call = begun(calls.at(candidate));
    result.call.end = CallEnd::failed;
    inbox->add(std::move(result));
  }
  act::post(teacher, ChatDone{inbox});
  return passed.get_future().get();
}

TEST(Teacher, AFailedSampleHasTheReasonOfItsLowestCandidateWhicheverFailedFirst) {
  const std::pair<std::uint32_t, Reason> first{0, Reason::provider_rejected};
  const std::pair<std::uint32_t, Reason> second{1, Reason::attempts_exhausted};
  EXPECT_EQ(failure_after({first, second}), Reason::provider_rejected);
  EXPECT_EQ(failure_after({second, first}), Reason::provider_rejected);
}

}  // namespace
}  // namespace fd
