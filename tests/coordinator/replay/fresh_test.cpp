#include "coordinator/replay/fresh.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/shards/replace.hpp"
#include "tests/actors/gateway/scripted_senders.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// What becomes of an attempt; nothing: it is left under way.
using Teacher = ScriptedSenders::Script;

std::optional<Attempt> answer(Job& job, const std::string& text) {
  job.result.answer.model = "served";
  job.result.answer.text = text;
  job.result.answer.finish_reason = "stop";
  return answered_attempt();
}

class ReplayFresh : public testing::Test {
 protected:
  Result<Asked> ask(
      ShardReplay& replay, Teacher teacher, std::function<int()> signal = [] { return 0; }) {
    AskOptions options;
    // Two slots, so that a call left under way keeps no other waiting.
    options.gateway.slots = 2;
    options.gateway.config.providers.resize(1);
    options.gateway.config.providers[0].name = "local";
    options.gateway.config.retry = {1, 1, 1};
    options.gateway.config.outage_timeout_s = 0;
    options.gateway.config.startup_timeout_s = 0;
    options.drain = std::chrono::seconds(1);
    options.journal_folder = replay_journal(replay.shard().folder);
    options.incarnation = ++incarnation_;
    options.signal = [signal = std::move(signal)](std::size_t) { return signal(); };
    options.make_senders = [this, teacher = std::move(teacher)](
                               CallExchange& exchange) -> std::unique_ptr<CallSenders> {
      return std::make_unique<ScriptedSenders>(exchange, [this, teacher](Job& job) {
        asked_.push_back(job.call.sample_id);
        return teacher(job);
      });
    };
    return ask_for_missing(replay, options);
  }
  std::string shard_of_run(const Texts& texts) {
    return RunDir(write_rules_run(config_, texts, 1)).shard(0);
  }

  RunConfig config_ = rules_config();
  std::vector<SampleId> asked_;
  std::uint64_t incarnation_ = 0;
};

TEST_F(ReplayFresh, AsksOnlyForWhatIsMissing) {
  const std::string folder = shard_of_run({{"good"}, {std::nullopt}, {"bad"}});
  ShardReplay replay = open_replay(folder);
  const auto asked = ask(replay, [](Job& job) { return answer(job, "good"); });
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_EQ(asked_, std::vector<SampleId>{rules_sample(1).id});
  EXPECT_EQ(asked->calls, 1u);
  EXPECT_EQ(asked->answers, 1u);
  EXPECT_TRUE(replay.missing().empty());
}

TEST_F(ReplayFresh, CallsNobodyWhenAllAnswersAreThere) {
  ShardReplay replay = open_replay(shard_of_run({{"good"}}));
  const auto asked = ask(replay, [](Job& job) { return answer(job, "good"); });
  ASSERT_TRUE(asked.ok());
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(asked->calls, 0u);
}

TEST_F(ReplayFresh, FindsWhatAnEarlierReplayPaidFor) {
  const std::string folder = shard_of_run({{std::nullopt}, {std::nullopt}});
  {
    ShardReplay first = open_replay(folder);
    const auto asked = ask(first, [](Job& job) {
      return job.call.sample_id == rules_sample(0).id ? answer(job, "paid for")
                                                      : refused_attempt(400, "no");
    });
    ASSERT_TRUE(asked.ok());
    EXPECT_EQ(asked->answers, 1u);
  }  // and dies before it commits
  asked_.clear();
  ShardReplay second = open_replay(folder);
  const auto asked = ask(second, [](Job& job) { return answer(job, "good"); });
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_EQ(asked->recovered, 1u);
  EXPECT_EQ(asked_, std::vector<SampleId>{rules_sample(1).id});
  const ShardResult result = second.result();
  ASSERT_EQ(result.answers.size(), 2u);
  EXPECT_EQ(result.calls.size(), 3u) << "the refused call was made, too";
  for (const Answer& answer : result.answers) {
    EXPECT_EQ(answer.text, answer.sample_id == rules_sample(0).id ? "paid for" : "good");
  }
}

TEST_F(ReplayFresh, NotesWhyACallFailed) {
  ShardReplay replay = open_replay(shard_of_run({{std::nullopt}, {std::nullopt}}));
  const auto asked = ask(replay, [](Job&) { return refused_attempt(500, "HTTP 500"); });
  ASSERT_TRUE(asked.ok());
  EXPECT_FALSE(asked->no_endpoint.has_value());
  for (const Outcome& outcome : replay.result().outcomes) {
    EXPECT_EQ(outcome.reason, Reason::attempts_exhausted);
  }
}

TEST_F(ReplayFresh, GivesUpWhenNoEndpointTakesCalls) {
  Attempt timed_out;
  timed_out.end = AttemptEnd::timed_out;
  timed_out.sent = true;
  timed_out.error = "too late";
  Attempt unreachable;
  unreachable.end = AttemptEnd::unreachable;
  unreachable.error = "nobody there";
  for (const Attempt& attempt : {timed_out, refused_attempt(401, "who?"), unreachable}) {
    ShardReplay replay = open_replay(shard_of_run({{std::nullopt}, {std::nullopt}}));
    const auto asked = ask(replay, [&](Job&) { return attempt; });
    ASSERT_TRUE(asked.ok());
    ASSERT_TRUE(asked->no_endpoint.has_value());
    EXPECT_EQ(asked->no_endpoint->message, "endpoint local: " + attempt.error);
    for (const Outcome& outcome : replay.result().outcomes) {
      EXPECT_EQ(outcome.reason, Reason::provider_rejected) << "nothing failed anew";
    }
  }
}

TEST_F(ReplayFresh, ASignalKeepsTheAnswersThatCame) {
  std::atomic<int> under_way = 0;
  ShardReplay replay = open_replay(shard_of_run({{std::nullopt}, {std::nullopt}}));
  const auto asked = ask(
      replay,
      [&under_way](Job& job) {
        const bool answers = job.call.sample_id == rules_sample(0).id;
        ++under_way;
        return answers ? answer(job, "good") : std::nullopt;
      },
      [&under_way] { return under_way == 2 ? 15 : 0; });
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->signal, 15);
  EXPECT_EQ(asked->answers, 1u);
  EXPECT_EQ(asked->in_flight, 1u);
  ASSERT_EQ(replay.missing().size(), 1u);
  EXPECT_EQ(replay.missing().front().sample_id, rules_sample(1).id);
}

}  // namespace
}  // namespace fd
