#include "actors/gateway/journaled_gateway.hpp"

#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "actors/journal/answer_journal.hpp"
#include "tests/actors/journal/faulty_files.hpp"
#include "tests/actors/journal/journal_calls.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::FaultyFiles;
using testing_support::identity_of;
using testing_support::TempFolder;

constexpr std::uint64_t kFirstTag = 1000;

ChatCall call_of(std::uint32_t index) {
  ChatCall call;
  call.tag = kFirstTag + index;
  call.sample_id = sha256("sample " + std::to_string(index));
  call.call_key = sha256("key " + std::to_string(index));
  call.candidate = index % 4;
  call.messages = {{"system", "12345"}, {"user", "678"}};
  call.decode.max_tokens = 77;
  call.shard = index % 7;
  call.fence = 40 + index;
  return call;
}

ChatResult result_of(const ChatCall& call) {
  ChatResult result;
  result.tag = call.tag;
  result.answer = Answer{call, "m", "SELECT 1", "", "stop"};
  result.call = begun(call);
  result.call.attempts = 1;
  return result;
}

ChatResult failure_of(const ChatCall& call) {
  ChatResult result = result_of(call);
  result.answer = {};
  result.failure = Reason::provider_error;
  result.call.end = CallEnd::failed;
  result.call.error = "http 500";
  return result;
}

ChatResult cancelled_after(std::uint32_t attempts, const ChatCall& call) {
  ChatResult result = failure_of(call);
  result.failure = Reason::internal;
  result.call.attempts = attempts;
  result.call.end = CallEnd::cancelled;
  return result;
}

/// Keeps the calls until the test answers them.
class HeldGateway final : public Gateway {
 public:
  explicit HeldGateway(ChatCallback callback) : callback_(std::move(callback)) {}
  void submit(ChatCall call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    changed_.notify_all();
  }
  void set_shares(const std::vector<Share>& shares) override { slots_ = shares.at(0).calls; }
  [[nodiscard]] CallLoad load() const override { return {{{"a", 5}}, 0, 3}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override { ++cancels_; }

  /// Returns the calls once there are `count`.
  std::vector<ChatCall> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
    return calls_;
  }
  [[nodiscard]] std::size_t submitted() { return wait(0).size(); }
  void reply(ChatResult result) { callback_(std::move(result)); }
  [[nodiscard]] std::uint32_t slots() const { return slots_; }
  [[nodiscard]] std::uint32_t cancels() const { return cancels_; }

 private:
  ChatCallback callback_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ChatCall> calls_;
  std::atomic<std::uint32_t> slots_ = 0;
  std::atomic<std::uint32_t> cancels_ = 0;
};

/// Answers from threads of its own, in any order; drops what waits when it is told to.
class ThreadedGateway final : public Gateway {
 public:
  ThreadedGateway(ChatCallback callback, std::size_t threads) : callback_(std::move(callback)) {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { run(); });
    }
  }
  ~ThreadedGateway() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  ThreadedGateway(const ThreadedGateway&) = delete;
  ThreadedGateway& operator=(const ThreadedGateway&) = delete;

  void submit(ChatCall call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    changed_.notify_one();
  }
  void set_shares(const std::vector<Share>&) override {}
  [[nodiscard]] CallLoad load() const override { return {}; }
  void set_send_deadline(Instant) override {}
  void cancel_waiting() override {
    std::vector<ChatCall> dropped;
    {
      const std::lock_guard lock(mutex_);
      dropped.swap(calls_);
    }
    for (const ChatCall& call : dropped) {
      callback_(cancelled_after(0, call));
    }
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !calls_.empty(); });
      if (stopping_) {
        return;
      }
      const ChatCall call = std::move(calls_.back());
      calls_.pop_back();
      lock.unlock();
      callback_(call.candidate == 3 ? failure_of(call) : result_of(call));
      lock.lock();
    }
  }
  ChatCallback callback_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ChatCall> calls_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

class JournaledGatewayTest : public testing::Test {
 protected:
  JournaledGatewayTest() {
    AnswerJournalOptions options;
    options.files = &files;
    options.gather = std::chrono::microseconds(50);
    auto opened = AnswerJournal::open(folder.root(), identity_of(), {}, options);
    FD_CHECK(opened.ok());
    journal = std::move(opened).value();
  }

  static constexpr std::uint32_t kSlots = 8;  // intents for eight calls more, at least

  void start() {
    gateway = std::make_unique<JournaledGateway>(
        *journal, kSlots,
        [this](ChatCallback callback) {
          auto made = std::make_unique<HeldGateway>(std::move(callback));
          inner = made.get();
          return made;
        },
        collector());
  }
  ChatCallback collector() {
    return [this](ChatResult result) {
      const std::lock_guard lock(mutex);
      results.push_back(std::move(result));
      changed.notify_all();
    };
  }
  std::vector<ChatResult> wait(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return results.size() >= count; });
    return results;
  }
  RecoveredJournal read() {
    gateway.reset();
    journal.reset();
    auto read = read_journal(folder.root(), "run-1");
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
    return read.ok() ? std::move(read).value() : RecoveredJournal();
  }

  TempFolder folder;
  FaultyFiles files;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ChatResult> results;
  std::unique_ptr<AnswerJournal> journal;
  HeldGateway* inner = nullptr;
  std::unique_ptr<JournaledGateway> gateway;
};

TEST_F(JournaledGatewayTest, CallGoesOutOnlyOnceItsIntentIsOnDisk) {
  start();
  files.hold_syncs();
  gateway->submit(call_of(1));
  files.wait_for_held_sync();
  EXPECT_EQ(inner->submitted(), 0u);
  files.let_syncs();
  const ChatCall sent = inner->wait(1)[0];
  EXPECT_EQ(sent.call_key, call_of(1).call_key);
  EXPECT_EQ(sent.messages, call_of(1).messages);
  const RecoveredJournal left = read();
  ASSERT_EQ(left.in_doubt.size(), 1u);
  JournalIntent intent;
  static_cast<CallIdentity&>(intent) = call_of(1);
  intent.shard = 1;
  intent.fence = 41;
  intent.estimated_prompt_tokens = 2;
  intent.max_tokens = 77;
  EXPECT_EQ(left.in_doubt[0], intent);
  EXPECT_TRUE(results.empty());
}

TEST_F(JournaledGatewayTest, ResultGoesOnOnlyOnceItIsOnDiskAndWithItsNumber) {
  start();
  gateway->submit(call_of(1));
  const ChatResult reply = result_of(inner->wait(1)[0]);
  files.hold_syncs();
  inner->reply(reply);
  files.wait_for_held_sync();
  EXPECT_TRUE(wait(0).empty());
  files.let_syncs();
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.tag, call_of(1).tag);
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(result.answer, reply.answer);
  EXPECT_EQ(result.call, reply.call);
  EXPECT_EQ(result.journal_seq, 1u);
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended, (std::vector<Record>{{1, 41, reply.answer, reply.call, {}, {}}}));
  EXPECT_TRUE(left.in_doubt.empty());
}

TEST_F(JournaledGatewayTest, EachAnswerOfAPurchaseGoesOnUnderItsOwnNumber) {
  start();
  ChatCall call = call_of(0);
  call.count = 3;
  gateway->submit(call);
  ChatResult reply = result_of(inner->wait(1)[0]);
  reply.answer.text = "third";
  for (const char* text : {"first", "second"}) {
    reply.before.push_back(reply.answer);
    reply.before.back().text = text;
  }
  inner->reply(reply);
  const std::vector<ChatResult> got = wait(3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(got[i].tag, call.tag);
    EXPECT_EQ(got[i].journal_seq, i + 1);
    EXPECT_EQ(got[i].partial, i < 2) << i;
    EXPECT_TRUE(got[i].before.empty());
  }
  EXPECT_EQ(got[0].answer.text, "first");
  EXPECT_EQ(got[1].answer.text, "second");
  EXPECT_EQ(got[2].answer.text, "third");
  EXPECT_EQ(got[2].call.count, 3u);
  const RecoveredJournal left = read();
  ASSERT_EQ(left.ended.size(), 3u);
  EXPECT_FALSE(left.ended[0].call.has_value());
  EXPECT_EQ(left.ended[2].call, reply.call);
  EXPECT_TRUE(left.in_doubt.empty());
}

TEST_F(JournaledGatewayTest, OfAPurchaseThatCouldNotBeKeptOnlyTheFailureGoesOn) {
  start();
  ChatCall call = call_of(0);
  call.count = 2;
  gateway->submit(call);
  ChatResult reply = result_of(inner->wait(1)[0]);
  reply.before.push_back(reply.answer);
  files.fail_sync(1);
  inner->reply(reply);
  const std::vector<ChatResult> got = wait(1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].call.end, CallEnd::journal_failed);
  EXPECT_FALSE(got[0].partial);
}

TEST_F(JournaledGatewayTest, ACallOfASampleFromBeforeACancelIsCancelledHoweverLateItComes) {
  start();
  gateway->cancel_waiting();
  gateway->submit(call_of(1));
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.tag, call_of(1).tag);
  EXPECT_EQ(result.call.end, CallEnd::cancelled);
  EXPECT_EQ(result.call.attempts, 0u);
  ChatCall later = call_of(2);
  later.era = 1;
  gateway->submit(later);
  EXPECT_EQ(inner->wait(1)[0].call_key, later.call_key);
  EXPECT_EQ(read().in_doubt.size(), 1u);
}

TEST_F(JournaledGatewayTest, FailedCallEndsWithoutAnAnswer) {
  start();
  gateway->submit(call_of(1));
  const ChatResult reply = failure_of(inner->wait(1)[0]);
  inner->reply(reply);
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.failure, Reason::provider_error);
  EXPECT_EQ(result.journal_seq, 1u);
  EXPECT_EQ(read().ended, (std::vector<Record>{{1, 41, {}, reply.call, {}, {}}}));
}

TEST_F(JournaledGatewayTest, CallsThatWaitForTheDiskComeBackAsCancelled) {
  start();
  files.hold_syncs();
  gateway->submit(call_of(1));
  files.wait_for_held_sync();
  gateway->submit(call_of(2));
  gateway->cancel_waiting();
  ASSERT_EQ(wait(2).size(), 2u);
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(results[i].tag, call_of(i + 1).tag);
    EXPECT_EQ(results[i].failure, Reason::internal);
    EXPECT_EQ(results[i].call.end, CallEnd::cancelled);
    EXPECT_EQ(results[i].call.attempts, 0u);
    EXPECT_EQ(results[i].call.call_key, call_of(i + 1).call_key);
    EXPECT_EQ(results[i].call.fence, call_of(i + 1).fence);
    EXPECT_EQ(results[i].journal_seq, 0u);
  }
  EXPECT_EQ(inner->cancels(), 1u);
  files.let_syncs();
  journal->flush();
  EXPECT_EQ(inner->submitted(), 0u);
  EXPECT_EQ(read().last_seq(), 0u);
  EXPECT_EQ(results.size(), 2u);
}

TEST_F(JournaledGatewayTest, CallThatIsCancelledBeforeAnythingWasSentIsHandedOnWithoutTheDisk) {
  start();
  gateway->submit(call_of(1));
  const ChatCall sent = inner->wait(1)[0];
  files.hold_syncs();
  inner->reply(cancelled_after(0, sent));
  EXPECT_EQ(wait(1)[0].tag, call_of(1).tag);
  files.let_syncs();
  EXPECT_EQ(read().last_seq(), 0u);
}

/// It was sent, so it may have been paid for.
TEST_F(JournaledGatewayTest, CallThatIsCancelledAfterAnAttemptEndsWithItsCallOnDisk) {
  start();
  gateway->submit(call_of(1));
  const ChatResult reply = cancelled_after(1, inner->wait(1)[0]);
  inner->reply(reply);
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.call, reply.call);
  EXPECT_EQ(result.journal_seq, 1u);
  EXPECT_EQ(read().ended, (std::vector<Record>{{1, 41, {}, reply.call, {}, {}}}));
}

TEST_F(JournaledGatewayTest, C05CallsComeBackAsFailedWhenTheDiskFails) {
  start();
  gateway->submit(call_of(1));
  const ChatCall sent = inner->wait(1)[0];
  files.fail_sync(1);
  inner->reply(result_of(sent));
  const ChatResult unkept = wait(1)[0];
  EXPECT_EQ(unkept.failure, Reason::internal);
  EXPECT_EQ(unkept.call.end, CallEnd::journal_failed);
  EXPECT_EQ(unkept.call.attempts, 1u);
  EXPECT_EQ(unkept.call.error, "the disk failed, so the result could not be kept");
  EXPECT_EQ(unkept.answer, Answer());
  EXPECT_EQ(unkept.journal_seq, 0u);
  gateway->submit(call_of(2));
  const ChatResult unsent = wait(2)[1];
  EXPECT_EQ(unsent.tag, call_of(2).tag);
  EXPECT_EQ(unsent.failure, Reason::internal);
  EXPECT_EQ(unsent.call.end, CallEnd::journal_failed);
  EXPECT_EQ(unsent.call.attempts, 0u);
  EXPECT_EQ(unsent.call.error, "the disk failed, so the call was not sent");
  EXPECT_EQ(inner->submitted(), 1u);
  gateway.reset();
  journal.reset();
  files.lose_unsynced(0);
  EXPECT_EQ(read().in_doubt.size(), 1u);
}

/// An answer that was lost frees no slot: whatever is paid after it would be lost too.
TEST_F(JournaledGatewayTest, C05NoCallThatWaitsForASlotIsSentOnceTheDiskFailed) {
  start();
  for (std::uint32_t i = 1; i <= 11; ++i) {
    gateway->submit(call_of(i));
  }
  const ChatCall first = inner->wait(9)[0];
  journal->flush();  // the last two have their intents, and have to wait
  files.fail_sync(1);
  inner->reply(result_of(first));
  const std::vector<ChatResult> ended = wait(3);
  EXPECT_EQ(ended[0].call.error, "the disk failed, so the result could not be kept");
  for (const std::uint32_t i : {10u, 11u}) {
    EXPECT_EQ(ended[i - 9].tag, call_of(i).tag);
    EXPECT_EQ(ended[i - 9].call.error, "the disk failed, so the call was not sent");
  }
  gateway->set_shares({{"a", 17}});
  EXPECT_EQ(inner->submitted(), 9u);
}

TEST_F(JournaledGatewayTest, OnlyCallsInFlightAreInDoubtAfterAnOrderlyEnd) {
  start();
  gateway->submit(call_of(1));
  inner->wait(1);
  files.hold_syncs();
  gateway->submit(call_of(2));
  files.wait_for_held_sync();
  std::thread ending([this] { gateway.reset(); });
  files.let_syncs();
  ending.join();
  const RecoveredJournal left = read();
  EXPECT_TRUE(left.ended.empty());
  // The second was passed on, or not, before the end came.
  ASSERT_GE(left.in_doubt.size(), 1u);
  EXPECT_EQ(left.in_doubt[0].call_key, call_of(1).call_key);
}

TEST_F(JournaledGatewayTest, ItsLoadIsThatOfTheOneThatSendsAndWhatWaitsForTheDisk) {
  start();
  for (std::uint32_t i = 1; i <= 10; ++i) {
    gateway->submit(call_of(i));
  }
  const ChatCall first = inner->wait(9)[0];
  EXPECT_EQ(gateway->load(), (CallLoad{{{"a", 5}}, 0, 3 + 1}));
  journal->flush();
  files.hold_syncs();
  inner->reply(result_of(first));
  files.wait_for_held_sync();
  EXPECT_EQ(gateway->load(), (CallLoad{{{"a", 5}}, 1, 3 + 1}));
  files.let_syncs();
  inner->wait(10);
  wait(1);
  journal->flush();
  EXPECT_EQ(gateway->load(), (CallLoad{{{"a", 5}}, 0, 3}));
}

TEST_F(JournaledGatewayTest, SharesPassThrough) {
  start();
  gateway->set_shares({{"a", 17}});
  EXPECT_EQ(inner->slots(), 17u);
}

/// What a crash leaves in doubt must be about what was in flight, not all that was submitted.
TEST_F(JournaledGatewayTest, IntentsAreWrittenForTheCallsThatAreNextOnly) {
  start();
  for (std::uint32_t i = 1; i <= 40; ++i) {
    gateway->submit(call_of(i));
  }
  EXPECT_EQ(inner->wait(9).size(), 9u);
  journal->flush();
  gateway->cancel_waiting();
  EXPECT_EQ(wait(31).size(), 31u);
  EXPECT_EQ(inner->submitted(), 9u);
  EXPECT_EQ(read().in_doubt.size(), 9u);
}

/// P2: no more than in_doubt_max(slots) calls can be lost with the process, so an answer that is
/// not on disk yet counts still.
TEST_F(JournaledGatewayTest, OneMoreIsPassedOnOnceAnAnswerIsOnDisk) {
  start();
  for (std::uint32_t i = 1; i <= 10; ++i) {
    gateway->submit(call_of(i));
  }
  const ChatCall first = inner->wait(9)[0];
  journal->flush();  // the tenth has its intent
  files.hold_syncs();
  inner->reply(result_of(first));
  files.wait_for_held_sync();
  EXPECT_EQ(inner->submitted(), 9u);
  files.let_syncs();
  EXPECT_EQ(inner->wait(10).size(), 10u);
  EXPECT_EQ(wait(1).size(), 1u);
}

TEST_F(JournaledGatewayTest, MoreSlotsPassOnWhatIsReady) {
  start();
  for (std::uint32_t i = 1; i <= 12; ++i) {
    gateway->submit(call_of(i));
  }
  EXPECT_EQ(inner->wait(9).size(), 9u);
  gateway->set_shares({{"a", 12}});
  EXPECT_EQ(inner->wait(12).size(), 12u);
}

TEST_F(JournaledGatewayTest, EveryCallComesBackOnceWhateverIsCancelledMeanwhile) {
  constexpr std::uint32_t kThreads = 4;
  constexpr std::uint32_t kCalls = 500;
  gateway = std::make_unique<JournaledGateway>(
      *journal, kThreads,
      [](ChatCallback callback) {
        return std::make_unique<ThreadedGateway>(std::move(callback), 3);
      },
      collector());
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      for (std::uint32_t i = 0; i < kCalls; ++i) {
        gateway->submit(call_of(thread * kCalls + i));
        if (i % 50 == thread) {
          gateway->cancel_waiting();
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  wait(kThreads * kCalls);
  const RecoveredJournal left = read();
  ASSERT_EQ(results.size(), kThreads * kCalls);
  std::map<std::uint64_t, std::uint32_t> seen;
  std::uint64_t seq = 0;
  for (const ChatResult& result : results) {
    EXPECT_EQ(++seen[result.tag], 1u);
    EXPECT_EQ(result.call.call_key,
              call_of(static_cast<std::uint32_t>(result.tag - kFirstTag)).call_key);
    if (result.call.end == CallEnd::cancelled) {
      EXPECT_EQ(result.journal_seq, 0u);
      continue;
    }
    ASSERT_EQ(result.journal_seq, ++seq);
    EXPECT_EQ(left.ended.at(seq - 1).call, result.call);
    EXPECT_EQ(left.ended.at(seq - 1).answer.has_value(), result.failure == Reason::none);
  }
  EXPECT_EQ(seen.size(), kThreads * kCalls);
  EXPECT_EQ(left.ended.size(), seq);
  EXPECT_TRUE(left.in_doubt.empty());
}

}  // namespace
}  // namespace fd
