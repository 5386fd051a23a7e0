#include "actors/stages/call_stage.hpp"

#include <utility>

#include <gtest/gtest.h>

#include "actors/stages/teacher.hpp"
#include "tests/actors/stages/made_up_judge.hpp"

namespace fd {
namespace {

using testing_support::answered;
using testing_support::failed;
using testing_support::item_with_candidates;
using testing_support::MadeUpJudge;

CallStage teacher(std::uint32_t candidates, std::uint32_t count_max = 1) {
  RunConfig config;
  config.contract.fields = {"q"};
  config.teacher.prompt = "{{q}}";
  config.teacher.decode.n = candidates;
  return CallStage(make_teacher(config).value(), count_max);
}

CallStage judge() {
  return CallStage(std::make_unique<MadeUpJudge>());
}

CalledSample asked(std::string question = "how many?") {
  CalledSample sample;
  sample.item.shard = 3;
  sample.item.fence = 7;
  sample.item.era = 9;
  sample.item.sample.canonical_input = R"({"q":")" + question + R"("})";
  return sample;
}

/// Returns the answer of a purchase's candidate, `offset` behind the first, while it goes on.
ChatResult part(const CallStage& single, const CalledSample& sample, std::uint32_t candidate) {
  WorkItem bare;
  bare.sample = sample.item.sample;
  ChatResult result = answered(single.plan(bare).at(candidate), std::to_string(candidate));
  result.partial = true;
  result.call = {};
  return result;
}

/// First candidate and count of each call.
std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges(const std::vector<ChatCall>& calls) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  for (const ChatCall& call : calls) {
    ranges.emplace_back(call.candidate, call.count);
  }
  return ranges;
}

using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

TEST(CallStage, EveryCandidateIsACallUnderTheLeaseOfItsSample) {
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = teacher(2).begin(sample);
  EXPECT_EQ(ranges(calls), (Ranges{{0, 1}, {1, 1}}));
  for (const ChatCall& call : calls) {
    EXPECT_EQ(call.shard, 3u);
    EXPECT_EQ(call.fence, 7u);
    EXPECT_EQ(call.era, 9u);
  }
  EXPECT_EQ(sample.open, 2u);
}

TEST(CallStage, AnAnswerOnRecordIsNotBoughtAndOneThatNobodyAskedForIsDropped) {
  const CallStage stage = teacher(2);
  CalledSample sample = asked();
  const std::vector<ChatCall> all = stage.plan(sample.item);
  sample.item.answers = {answered(all[1], "one").answer, Answer{}};
  sample.item.answers[1].text = "of another prompt";
  const std::vector<ChatCall> calls = stage.begin(sample);
  EXPECT_EQ(ranges(calls), (Ranges{{0, 1}}));
  std::vector<ChatCall> more;
  EXPECT_EQ(stage.take(sample, answered(calls[0], "zero"), more), CallProgress::done);
  EXPECT_TRUE(more.empty());
  ASSERT_EQ(sample.item.answers.size(), 2u);
  EXPECT_EQ(sample.item.answers[0].text, "zero");
  EXPECT_EQ(sample.item.answers[1].text, "one");
}

TEST(CallStage, ASampleWithAllItsAnswersNeedsNoCallAndTakesNoTime) {
  const CallStage stage = teacher(1);
  CalledSample sample = asked();
  sample.item.answers = {answered(stage.plan(sample.item).at(0), "zero").answer};
  EXPECT_TRUE(stage.begin(sample).empty());
  EXPECT_EQ(sample.item.answers.size(), 1u);
  EXPECT_TRUE(sample.item.times.empty());
}

TEST(CallStage, NothingIsBoughtForASampleThatHasFailed) {
  CalledSample sample = asked();
  sample.item.failure = Reason::internal;
  EXPECT_TRUE(teacher(2).begin(sample).empty());
}

TEST(CallStage, NothingIsBoughtForASampleWhoseGoldDoesNotRunAndItsRecordedAnswersStay) {
  const CallStage stage = teacher(2);
  CalledSample sample = asked();
  sample.item.answers = {answered(stage.plan(sample.item).at(1), "one").answer};
  sample.item.gold_failed = true;
  EXPECT_TRUE(stage.plan(sample.item).empty());
  EXPECT_TRUE(stage.begin(sample).empty());
  ASSERT_EQ(sample.item.answers.size(), 1u);
  EXPECT_EQ(sample.item.answers[0].text, "one");
}

TEST(CallStage, ASampleThatIsBegunIsNotOnItsWayAnyMore) {
  CalledSample sample = asked();
  sample.item.to_ask = std::make_shared<CallsToCome>();
  teacher(1).begin(sample);
  EXPECT_EQ(sample.item.to_ask, nullptr);
}

TEST(CallStage, AFailedSampleHasTheReasonOfItsLowestCandidateWhicheverFailedFirst) {
  for (const bool turned : {false, true}) {
    const CallStage stage = teacher(2);
    CalledSample sample = asked();
    const std::vector<ChatCall> calls = stage.begin(sample);
    std::vector<ChatResult> results{failed(calls[0], Reason::provider_rejected),
                                    failed(calls[1], Reason::attempts_exhausted)};
    if (turned) {
      std::swap(results[0], results[1]);
    }
    std::vector<ChatCall> more;
    EXPECT_EQ(stage.take(sample, results[0], more), CallProgress::waiting);
    EXPECT_EQ(stage.take(sample, results[1], more), CallProgress::done);
    EXPECT_EQ(sample.item.failure, Reason::provider_rejected);
  }
}

TEST(CallStage, ACancelledCallDropsItsSampleOnceTheOthersHaveEnded) {
  const CallStage stage = teacher(2);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = stage.begin(sample);
  std::vector<ChatCall> more;
  const ChatResult cancelled = failed(calls[0], Reason::internal, CallEnd::cancelled);
  EXPECT_EQ(stage.take(sample, cancelled, more), CallProgress::waiting);
  EXPECT_EQ(stage.take(sample, answered(calls[1], "one"), more), CallProgress::dropped);
  EXPECT_FALSE(sample.item.failure.has_value());
}

TEST(CallStage, TheTimesAreThoseOfTheLongestCall) {
  const CallStage stage = teacher(3);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = stage.begin(sample);
  const std::uint64_t queue_us[] = {5, 40, 6};
  const std::uint64_t service_us[] = {900, 1000, 800};
  std::vector<ChatCall> more;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    ChatResult result = answered(calls[i], "some");
    result.call.queue_us = queue_us[i];
    result.call.service_us = service_us[i];
    stage.take(sample, result, more);
  }
  EXPECT_EQ(sample.item.times, (std::vector<StageTime>{{StageId::teacher, 40, 1000}}));
}

TEST(CallStage, TheTimesOfAStageThatASamplePassesTwiceAddUp) {
  WorkItem item;
  add_time(item, {StageId::exec, 5, 10});
  add_time(item, {StageId::teacher, 1, 2});
  add_time(item, {StageId::exec, 30, 400});
  EXPECT_EQ(item.times,
            (std::vector<StageTime>{{StageId::exec, 35, 410}, {StageId::teacher, 1, 2}}));
}

// --- purchases ----------------------------------------------------------------------------------

TEST(CallStage, ConsecutiveMissingCandidatesAreOnePurchaseUpToItsMaximum) {
  CalledSample sample = asked();
  EXPECT_EQ(ranges(teacher(5, 3).begin(sample)), (Ranges{{0, 3}, {3, 2}}));
  EXPECT_EQ(sample.open, 5u);
}

TEST(CallStage, CandidatesThatAreNotConsecutiveArePurchasesOfTheirOwn) {
  const CallStage stage = teacher(5, 8);
  CalledSample sample = asked();
  sample.item.answers = {answered(teacher(5).plan(sample.item).at(2), "two").answer};
  EXPECT_EQ(ranges(stage.begin(sample)), (Ranges{{0, 2}, {3, 2}}));
}

TEST(CallStage, CandidatesThatAreAskedOtherwiseAreNoPurchase) {
  CalledSample sample;
  sample.item = item_with_candidates({"SELECT 1", "SELECT 2"});
  const CallStage many(std::make_unique<MadeUpJudge>(), 8);
  EXPECT_EQ(many.begin(sample).size(), 4u);
}

TEST(CallStage, APurchaseNamesTheKeyOfEachOfItsCandidates) {
  CalledSample sample = asked();
  const std::vector<ChatCall> single = teacher(3).plan(sample.item);
  const ChatCall purchase = teacher(3, 3).begin(sample).at(0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(identity_of(purchase, i), static_cast<const CallIdentity&>(single[i])) << i;
  }
}

/// Questions whose candidates have the seeds that the test says.
class SeededQuestions final : public Questions {
 public:
  explicit SeededQuestions(std::vector<std::int64_t> seeds) : seeds_(std::move(seeds)) {}
  [[nodiscard]] StageId stage() const override { return StageId::teacher; }
  [[nodiscard]] Role role() const override { return Role::teacher; }
  [[nodiscard]] std::vector<ChatCall> first(const WorkItem&) const override {
    std::vector<ChatCall> calls;
    for (const std::int64_t seed : seeds_) {
      ChatCall& call = calls.emplace_back();
      call.candidate = static_cast<std::uint32_t>(calls.size() - 1);
      call.call_key = sha256(std::to_string(seed));
      call.decode.seed = seed;
    }
    return calls;
  }

 private:
  std::vector<std::int64_t> seeds_;
};

TEST(CallStage, APurchaseHasTheSeedsThatFollowThatOfItsFirst) {
  const CallStage stage(std::make_unique<SeededQuestions>(std::vector<std::int64_t>{7, 8, 7, 9}),
                        8);
  CalledSample sample = asked();
  EXPECT_EQ(ranges(stage.begin(sample)), (Ranges{{0, 2}, {2, 1}, {3, 1}}));
}

TEST(CallStage, WhatAPurchaseDidNotBringIsBoughtAgain) {
  const CallStage stage = teacher(4, 4);
  const CallStage single = teacher(4);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = stage.begin(sample);
  std::vector<ChatCall> more;
  EXPECT_EQ(stage.take(sample, part(single, sample, 0), more), CallProgress::waiting);
  EXPECT_TRUE(more.empty());
  ChatResult end = answered(calls[0], "");
  end.answer = part(single, sample, 2).answer;
  EXPECT_EQ(stage.take(sample, end, more), CallProgress::waiting);
  EXPECT_EQ(ranges(more), (Ranges{{1, 1}, {3, 1}}));
  EXPECT_EQ(more[0].fence, 7u);
  EXPECT_EQ(stage.take(sample, answered(more[1], "3"), more), CallProgress::waiting);
  EXPECT_EQ(stage.take(sample, answered(more[0], "1"), more), CallProgress::done);
  ASSERT_EQ(sample.item.answers.size(), 4u);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(sample.item.answers[i].text, std::to_string(i));
  }
}

TEST(CallStage, APurchaseThatFailsHalfwayFailsTheCandidatesThatDidNotCome) {
  const CallStage stage = teacher(4, 3);
  const CallStage single = teacher(4);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = stage.begin(sample);
  ASSERT_EQ(ranges(calls), (Ranges{{0, 3}, {3, 1}}));
  std::vector<ChatCall> more;
  EXPECT_EQ(stage.take(sample, part(single, sample, 0), more), CallProgress::waiting);
  const ChatResult lost = failed(calls[0], Reason::attempts_exhausted);
  EXPECT_EQ(stage.take(sample, lost, more), CallProgress::waiting);
  EXPECT_TRUE(more.empty());
  EXPECT_EQ(sample.open, 1u);
  const ChatResult last = failed(calls[1], Reason::provider_rejected);
  EXPECT_EQ(stage.take(sample, last, more), CallProgress::done);
  EXPECT_EQ(sample.item.failure, Reason::attempts_exhausted);
}

TEST(CallStage, APurchaseThatFailsBehindItsLastAnswerFailsNothing) {
  const CallStage stage = teacher(2, 2);
  const CallStage single = teacher(2);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = stage.begin(sample);
  std::vector<ChatCall> more;
  stage.take(sample, part(single, sample, 0), more);
  stage.take(sample, part(single, sample, 1), more);
  const ChatResult end = failed(calls[0], Reason::attempts_exhausted);
  EXPECT_EQ(stage.take(sample, end, more), CallProgress::done);
  EXPECT_FALSE(sample.item.failure.has_value());
}

// --- another role -------------------------------------------------------------------------------

TEST(CallStage, ARoleOfVotesAndRepairsIsOnlyOtherData) {
  const CallStage stage = judge();
  CalledSample sample;
  sample.item = item_with_candidates({"SELECT 1", "SELECT 2"});
  const std::vector<ChatCall> calls = stage.begin(sample);
  ASSERT_EQ(calls.size(), 4u);
  std::vector<ChatCall> more;
  stage.take(sample, answered(calls[0], "3"), more);
  stage.take(sample, answered(calls[2], "good"), more);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].round, 1u);
  EXPECT_EQ(more[0].vote, 1u);
  EXPECT_EQ(more[0].messages.at(0).content, "a digit, not: good");
  stage.take(sample, answered(calls[1], "5"), more);
  EXPECT_EQ(stage.take(sample, answered(calls[3], "2"), more), CallProgress::waiting);
  EXPECT_EQ(stage.take(sample, answered(more[0], "4"), more), CallProgress::done);
  EXPECT_EQ(sample.item.candidates[0].judge, 7.0);
  EXPECT_EQ(sample.item.candidates[1].judge, 7.0);
  EXPECT_EQ(sample.item.answers.size(), 7u) << "those of the teacher stay";
}

TEST(CallStage, ARepairGoesOnFromTheRecord) {
  const CallStage stage = judge();
  CalledSample sample;
  sample.item = item_with_candidates({"SELECT 1"});
  const std::vector<ChatCall> calls = stage.plan(sample.item);
  sample.item.answers.push_back(answered(calls[0], "good").answer);
  sample.item.answers.push_back(answered(calls[1], "2").answer);
  const std::vector<ChatCall> rest = stage.begin(sample);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].round, 1u);
  std::vector<ChatCall> more;
  EXPECT_EQ(stage.take(sample, answered(rest[0], "none"), more), CallProgress::done);
  EXPECT_TRUE(more.empty()) << "the rounds have an end";
  EXPECT_EQ(sample.item.candidates[0].judge, 2.0);
}

TEST(CallStage, AFailedVoteFailsItsSampleAndNothingIsConcluded) {
  const CallStage stage = judge();
  CalledSample sample;
  sample.item = item_with_candidates({"SELECT 1"});
  const std::vector<ChatCall> calls = stage.begin(sample);
  std::vector<ChatCall> more;
  stage.take(sample, failed(calls[0], Reason::provider_rejected), more);
  EXPECT_EQ(stage.take(sample, answered(calls[1], "2"), more), CallProgress::done);
  EXPECT_EQ(sample.item.failure, Reason::provider_rejected);
  EXPECT_FALSE(sample.item.candidates[0].judge.has_value());
}

// --- what is recorded ---------------------------------------------------------------------------

TEST(CallStage, AResultIsRecordedWithItsCallAndAPartOfAPurchaseWithout) {
  const CallStage single = teacher(2);
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = single.begin(sample);
  const auto whole = record_of(sample.item, answered(calls[1], "one"));
  ASSERT_TRUE(whole && whole->answer && whole->call);
  EXPECT_EQ(whole->answer->text, "one");
  EXPECT_EQ(whole->shard, 3u);
  EXPECT_EQ(whole->fence, 7u);
  const auto partly = record_of(sample.item, part(single, sample, 0));
  ASSERT_TRUE(partly && partly->answer);
  EXPECT_FALSE(partly->call.has_value());
}

TEST(CallStage, ACancelledCallIsRecordedOnlyIfItWasSent) {
  CalledSample sample = asked();
  const std::vector<ChatCall> calls = teacher(1).begin(sample);
  ChatResult cancelled = failed(calls[0], Reason::internal, CallEnd::cancelled);
  EXPECT_FALSE(record_of(sample.item, cancelled).has_value());
  cancelled.call.attempts = 1;
  const auto sent = record_of(sample.item, cancelled);
  ASSERT_TRUE(sent && sent->call);
  EXPECT_FALSE(sent->answer.has_value());
}

}  // namespace
}  // namespace fd
