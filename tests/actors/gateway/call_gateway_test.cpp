#include "actors/gateway/call_gateway.hpp"

#include <map>
#include <thread>

#include "tests/actors/gateway/call_gateway_fixture.hpp"

namespace fd {
namespace {

using testing_support::answered_attempt;
using testing_support::refused_attempt;

TEST_F(CallGatewayTest, CallIsSentOnlyOnceItsIntentIsOnDisk) {
  start();
  files.hold_syncs();
  gateway->submit(call_of(1));
  files.wait_for_held_sync();
  EXPECT_EQ(senders->sent(), 0u);
  files.let_syncs();
  const ChatCall sent = senders->wait(1)[0];
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
  intent.endpoint = "a";
  EXPECT_EQ(left.in_doubt[0], intent);
  EXPECT_TRUE(results.empty());
}

TEST_F(CallGatewayTest, ResultIsHandedOnOnlyOnceItIsOnDiskAndWithItsNumber) {
  start();
  gateway->submit(call_of(1));
  senders->wait(1);
  files.hold_syncs();
  senders->answer(0);
  files.wait_for_held_sync();
  EXPECT_TRUE(wait(0).empty());
  files.let_syncs();
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.tag, call_of(1).tag);
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(result.answer.text, "SELECT 1");
  EXPECT_EQ(result.call.end, CallEnd::answered);
  EXPECT_EQ(result.call.attempts, 1u);
  EXPECT_EQ(result.journal_seq, 1u);
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended, (std::vector<Record>{{1, 41, result.answer, result.call, {}, {}}}));
  EXPECT_TRUE(left.in_doubt.empty());
}

TEST_F(CallGatewayTest, CallThatIsTriedAgainHasOneIntent) {
  start();
  gateway->submit(call_of(1));
  senders->wait(1);
  senders->end(0, refused_attempt(500, "HTTP 500"));
  senders->wait(2);
  senders->answer(1);
  EXPECT_EQ(wait(1)[0].call.attempts, 2u);
  journal->flush();
  EXPECT_EQ(load(), (CallLoad{{{"a", 0}}, 0, 0, {}, 0}));
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended.size(), 1u);
  EXPECT_TRUE(left.in_doubt.empty());
}

TEST_F(CallGatewayTest, EachAnswerOfAPurchaseGoesOnUnderItsOwnNumber) {
  start();
  ChatCall call = call_of(0);
  call.count = 3;
  gateway->submit(call);
  senders->wait(1);
  senders->answer(0, {"first", "second", "third"});
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
  EXPECT_EQ(left.ended[2].call, got[2].call);
  EXPECT_TRUE(left.in_doubt.empty());
}

TEST_F(CallGatewayTest, OfAPurchaseThatCouldNotBeKeptOnlyTheFailureGoesOn) {
  start();
  ChatCall call = call_of(0);
  call.count = 2;
  gateway->submit(call);
  senders->wait(1);
  files.fail_sync(1);
  senders->answer(0, {"first", "second"});
  const std::vector<ChatResult> got = wait(1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].call.end, CallEnd::journal_failed);
  EXPECT_FALSE(got[0].partial);
}

TEST_F(CallGatewayTest, FailedCallEndsWithoutAnAnswer) {
  start();
  gateway->submit(call_of(1));
  senders->wait(1);
  senders->end(0, refused_attempt(400, "HTTP 400: no"));
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.failure, Reason::provider_rejected);
  EXPECT_EQ(result.journal_seq, 1u);
  EXPECT_EQ(read().ended, (std::vector<Record>{{1, 41, {}, result.call, {}, {}}}));
}

// --- cancelling ---------------------------------------------------------------------------------

TEST_F(CallGatewayTest, CallsThatWaitForTheDiskComeBackAsCancelled) {
  start(1);
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
  files.let_syncs();
  journal->flush();
  EXPECT_EQ(senders->sent(), 0u);
  const RecoveredJournal left = read();
  EXPECT_EQ(left.last_seq(), 0u);
  EXPECT_TRUE(left.in_doubt.empty());
  EXPECT_EQ(results.size(), 2u);
}

TEST_F(CallGatewayTest, ACallOfASampleFromBeforeACancelIsCancelledHoweverLateItComes) {
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
  EXPECT_EQ(senders->wait(1)[0].call_key, later.call_key);
  EXPECT_EQ(read().in_doubt.size(), 1u);
}

/// It was sent, so it may have been paid for.
TEST_F(CallGatewayTest, CallThatIsCancelledAfterAnAttemptEndsWithItsCallOnDisk) {
  start();
  gateway->submit(call_of(1));
  senders->wait(1);
  gateway->cancel_waiting();
  senders->end(0, refused_attempt(500, "HTTP 500"));
  const ChatResult result = wait(1)[0];
  EXPECT_EQ(result.call.end, CallEnd::cancelled);
  EXPECT_EQ(result.call.attempts, 1u);
  EXPECT_EQ(result.journal_seq, 1u);
  EXPECT_EQ(read().ended, (std::vector<Record>{{1, 41, {}, result.call, {}, {}}}));
}

// --- the disk fails -----------------------------------------------------------------------------

TEST_F(CallGatewayTest, C05CallsComeBackAsFailedWhenTheDiskFails) {
  start();
  gateway->submit(call_of(1));
  senders->wait(1);
  files.fail_sync(1);
  senders->answer(0);
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
  EXPECT_EQ(senders->sent(), 1u);
  gateway.reset();
  journal.reset();
  files.lose_unsynced(0);
  EXPECT_EQ(read().in_doubt.size(), 1u);
}

/// An answer that was lost frees no slot: whatever is paid after it would be lost too.
TEST_F(CallGatewayTest, C05NoCallThatWaitsForASlotIsSentOnceTheDiskFailed) {
  start();
  submit(1, 11);
  senders->wait(8);
  files.fail_sync(1);
  senders->answer(0);
  const std::vector<ChatResult> ended = wait(4);
  std::map<std::string, int> errors;
  for (const ChatResult& result : ended) {
    EXPECT_EQ(result.call.end, CallEnd::journal_failed);
    ++errors[result.call.error];
  }
  EXPECT_EQ(errors["the disk failed, so the result could not be kept"], 1);
  EXPECT_EQ(errors["the disk failed, so the call was not sent"], 3);
  gateway->set_shares({{"a", 17}});
  EXPECT_EQ(senders->sent(), 8u);
}

TEST_F(CallGatewayTest, C05CallWhoseIntentIsLostIsNotSent) {
  start();
  files.fail_sync(1);
  gateway->submit(call_of(1));
  EXPECT_EQ(wait(1)[0].call.error, "the disk failed, so the call was not sent");
  EXPECT_EQ(senders->sent(), 0u);
}

// --- what may be in doubt -----------------------------------------------------------------------

TEST_F(CallGatewayTest, OnlyCallsInFlightAreInDoubtAfterAnOrderlyEnd) {
  start(2);
  gateway->submit(call_of(1));
  senders->wait(1);
  files.hold_syncs();
  submit(2, 3);
  files.wait_for_held_sync();
  std::thread ending([this] { gateway->close(); });
  files.let_syncs();
  ending.join();
  gateway->submit(call_of(4));  // nobody is there any more
  const RecoveredJournal left = read();
  EXPECT_TRUE(left.ended.empty());
  // The second was sent, or not, before the end came.
  ASSERT_GE(left.in_doubt.size(), 1u);
  EXPECT_LE(left.in_doubt.size(), 2u);
  EXPECT_EQ(left.in_doubt[0].call_key, call_of(1).call_key);
  EXPECT_TRUE(results.empty());
}

/// What a crash leaves in doubt must be about what was in flight, not all that was submitted.
TEST_F(CallGatewayTest, IntentsAreWrittenForAdmittedCallsOnly) {
  start();
  submit(1, 40);
  EXPECT_EQ(senders->wait(8).size(), 8u);
  journal->flush();
  EXPECT_EQ(load(), (CallLoad{{{"a", 8}}, 0, 32, {}, 0}));
  gateway->cancel_waiting();
  EXPECT_EQ(wait(32).size(), 32u);
  EXPECT_EQ(senders->sent(), 8u);
  EXPECT_EQ(read().in_doubt.size(), 8u);
}

/// P2: no more than in_doubt_max(slots) calls can be lost with the process, so an answer that is
/// not on disk yet counts still.
TEST_F(CallGatewayTest, OneMoreIsAdmittedOnceAnAnswerIsOnDisk) {
  start();
  ASSERT_EQ(in_doubt_max(kSlots), 9u);
  submit(1, 12);
  senders->wait(8);
  journal->flush();
  files.hold_syncs();
  senders->answer(0);
  files.wait_for_held_sync();  // of the ninth's intent, or of the end
  senders->answer(1);
  while (gateway->load().settling < 2) {
    std::this_thread::yield();
  }
  EXPECT_EQ(load(), (CallLoad{{{"a", 7}}, 2, 3, {}, 0}));
  EXPECT_EQ(senders->sent(), 8u);
  files.let_syncs();
  EXPECT_EQ(senders->wait(10).size(), 10u);
  EXPECT_EQ(wait(2).size(), 2u);
}

TEST_F(CallGatewayTest, MoreSlotsSendWhatWaits) {
  start(0);
  submit(1, 12);
  EXPECT_EQ(gateway->load().waiting, 12u);
  gateway->set_shares({{"a", 5}});
  EXPECT_EQ(senders->wait(5).size(), 5u);
  EXPECT_EQ(senders->room(), 5u);
  gateway->set_shares({{"a", 12}});
  EXPECT_EQ(senders->wait(12).size(), 12u);
}

TEST_F(CallGatewayTest, CountsTheTimeInWhichAsManyCallsAreUnderWayAsMayBe) {
  start(1);
  EXPECT_EQ(gateway->load().full_ms, 0u);
  gateway->submit(call_of(1));
  senders->wait(1);
  while (gateway->load().full_ms < 3) {
    std::this_thread::yield();
  }
  senders->answer(0);
  wait(1);
  journal->flush();
  const std::uint64_t full = gateway->load().full_ms;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(gateway->load().full_ms, full);
}

TEST_F(CallGatewayTest, EveryCallComesBackOnceWhateverIsCancelledMeanwhile) {
  constexpr std::uint32_t kThreads = 4;
  constexpr std::uint32_t kCalls = 500;
  start(kThreads, [](Job& job) {
    return job.call.candidate == 3 ? refused_attempt(400, "no") : answered_attempt();
  });
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
