#include "coordinator/replay/fresh.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// What a teacher does with a call: nothing leaves it under way.
using Teacher = std::function<std::optional<ChatResult>(const ChatCall&)>;

ChatResult result_of(const ChatCall& call) {
  ChatResult result;
  result.tag = call.tag;
  result.call.sample_id = call.sample_id;
  result.call.call_key = call.call_key;
  result.call.candidate = call.candidate;
  result.call.endpoint = "local";
  result.call.attempts = 1;
  return result;
}

ChatResult answered(const ChatCall& call, const std::string& text) {
  ChatResult result = result_of(call);
  result.call.http_status = 200;
  result.answer.sample_id = call.sample_id;
  result.answer.call_key = call.call_key;
  result.answer.candidate = call.candidate;
  result.answer.model = "served";
  result.answer.text = text;
  result.answer.finish_reason = "stop";
  return result;
}

ChatResult refused(const ChatCall& call, std::uint32_t status, const std::string& error,
                   CallEnd end = CallEnd::refused) {
  ChatResult result = result_of(call);
  result.failure = Reason::provider_rejected;
  result.call.http_status = status;
  result.call.end = end;
  result.call.error = error;
  return result;
}

/// Asks a teacher in this process; what it leaves under way comes back only as cancelled.
class TeacherGateway final : public Gateway {
 public:
  TeacherGateway(Teacher teacher, std::vector<SampleId>& asked, ChatCallback callback)
      : teacher_(std::move(teacher)), asked_(asked), callback_(std::move(callback)) {}
  void submit(ChatCall call) override {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(call.sample_id);
    }
    if (auto result = teacher_(call)) {
      callback_(std::move(*result));
    } else {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(result_of(call));
      waiting_.back().call.end = CallEnd::cancelled;
    }
  }
  void set_shares(const std::vector<Share>&) override {}
  [[nodiscard]] CallLoad load() const override { return {}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override {
    std::vector<ChatResult> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (ChatResult& result : waiting) {
      result.failure = Reason::internal;
      result.call.error = "cancelled";
      callback_(std::move(result));
    }
  }

 private:
  Teacher teacher_;
  std::vector<SampleId>& asked_;
  ChatCallback callback_;
  std::mutex mutex_;
  std::vector<ChatResult> waiting_;
};

class ReplayFresh : public testing::Test {
 protected:
  Result<Asked> ask(
      ShardReplay& replay, Teacher teacher, std::function<int()> signal = [] { return 0; }) {
    AskOptions options;
    options.slots = 2;  // so that a call left under way keeps no other waiting
    options.journal_folder = replay_journal(replay.shard().folder);
    options.incarnation = ++incarnation_;
    options.signal = [signal = std::move(signal)](std::size_t) { return signal(); };
    options.make_gateway = [this, teacher = std::move(teacher)](ChatCallback callback) {
      return std::make_unique<TeacherGateway>(teacher, asked_, std::move(callback));
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
  const auto asked = ask(replay, [](const ChatCall& call) { return answered(call, "good"); });
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_EQ(asked_, std::vector<SampleId>{rules_sample(1).id});
  EXPECT_EQ(asked->calls, 1u);
  EXPECT_EQ(asked->answers, 1u);
  EXPECT_TRUE(replay.missing().empty());
}

TEST_F(ReplayFresh, CallsNobodyWhenAllAnswersAreThere) {
  ShardReplay replay = open_replay(shard_of_run({{"good"}}));
  const auto asked = ask(replay, [](const ChatCall& call) { return answered(call, "good"); });
  ASSERT_TRUE(asked.ok());
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(asked->calls, 0u);
}

TEST_F(ReplayFresh, FindsWhatAnEarlierReplayPaidFor) {
  const std::string folder = shard_of_run({{std::nullopt}, {std::nullopt}});
  {
    ShardReplay first = open_replay(folder);
    const auto asked = ask(first, [](const ChatCall& call) {
      return call.sample_id == rules_sample(0).id ? answered(call, "paid for")
                                                  : refused(call, 400, "no");
    });
    ASSERT_TRUE(asked.ok());
    EXPECT_EQ(asked->answers, 1u);
  }  // and dies before it commits
  asked_.clear();
  ShardReplay second = open_replay(folder);
  const auto asked = ask(second, [](const ChatCall& call) { return answered(call, "good"); });
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
  const auto asked = ask(replay, [](const ChatCall& call) {
    ChatResult result = refused(call, 503, "HTTP 503");
    result.failure = Reason::attempts_exhausted;
    return result;
  });
  ASSERT_TRUE(asked.ok());
  EXPECT_FALSE(asked->no_endpoint.has_value());
  for (const Outcome& outcome : replay.result().outcomes) {
    EXPECT_EQ(outcome.reason, Reason::attempts_exhausted);
  }
}

TEST_F(ReplayFresh, GivesUpWhenNoEndpointTakesCalls) {
  for (const auto& [end, status] : std::map<CallEnd, std::uint32_t>{
           {CallEnd::failed, 0}, {CallEnd::unauthorized, 401}, {CallEnd::outage, 503}}) {
    const std::string error = "said " + std::to_string(status);
    ShardReplay replay = open_replay(shard_of_run({{std::nullopt}, {std::nullopt}}));
    std::size_t calls = 0;
    const auto asked = ask(replay, [&, end = end, status = status](const ChatCall& call) {
      return calls++ == 0 ? std::optional(refused(call, status, error, end)) : std::nullopt;
    });
    ASSERT_TRUE(asked.ok());
    ASSERT_TRUE(asked->no_endpoint.has_value());
    EXPECT_EQ(asked->no_endpoint->message, "endpoint local: " + error);
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
      [&under_way](const ChatCall& call) {
        const bool answers = call.sample_id == rules_sample(0).id;
        ++under_way;
        return answers ? std::optional(answered(call, "good")) : std::nullopt;
      },
      [&under_way] { return under_way == 2 ? 15 : 0; });
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->signal, 15);
  EXPECT_EQ(asked->answers, 1u);
  ASSERT_EQ(replay.missing().size(), 1u);
  EXPECT_EQ(replay.missing().front().sample_id, rules_sample(1).id);
}

}  // namespace
}  // namespace fd
