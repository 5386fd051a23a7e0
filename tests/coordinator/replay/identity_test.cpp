// Calls that differ in nothing but role, vote or round, and a purchase of several candidates, on
// their way from the ledger to a shard's files and back.

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "coordinator/control/shard_progress.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/shards/record_fold.hpp"
#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class Identity : public testing::Test {
 protected:
  Identity() {
    for (std::uint32_t candidate = 0; candidate < 3; ++candidate) {
      add(rules_answer(config_, sample_, candidate, "good " + std::to_string(candidate)));
    }
    // The purchase is known by its first candidate, and comes with the last one's answer.
    records_.back().call = answered_call(*records_.front().answer);
    records_.back().call->count = 8;
    for (std::uint32_t vote = 0; vote < 2; ++vote) {
      paid(answer_of(Role::judge, vote, 0));
    }
    paid(answer_of(Role::teacher, 0, 1));
    Record& end = records_.emplace_back();
    end.outcome.emplace();
    end.outcome->sample_id = sample_.id;
    end.outcome->verdict = Verdict::kept;
    end.outcome->reason = Reason::none;
    end.outcome->chosen = end.outcome->deciding = 0;
    end.outcome->candidates.emplace_back();
  }

  /// Another answer about candidate 0 than the teacher's first.
  Answer answer_of(Role role, std::uint32_t vote, std::uint32_t round) const {
    Answer answer = rules_answer(config_, sample_, 0, "10");
    answer.role = role;
    answer.vote = vote;
    answer.round = round;
    answer.call_key = sha256(std::string(name(role)) + std::to_string(vote));
    return answer;
  }
  void add(Answer answer) { records_.emplace_back().answer = std::move(answer); }
  void paid(const Answer& answer) {
    add(answer);
    records_.back().call = answered_call(answer);
  }

  /// Which answers they are, in order: "teacher 0", "judge 0 vote 1", "teacher 0 try 1".
  template <class Identified>
  static std::vector<std::string> names(const std::vector<Identified>& all) {
    std::vector<std::string> found;
    for (const CallIdentity& one : all) {
      found.push_back(std::string(name(one.role)) + " " + std::to_string(one.candidate) +
                      (one.vote == 0 ? "" : " vote " + std::to_string(one.vote)) +
                      (one.round == 0 ? "" : " try " + std::to_string(one.round)));
    }
    return found;
  }
  [[nodiscard]] ShardResult recorded() const {
    auto result = recorded_result(0, {sample_}, records_);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(result).value();
  }
  /// Writes a run with the recorded shard; returns its folder.
  [[nodiscard]] std::string written() const {
    const std::string root = write_rules_run(config_, {{"good"}}, 1, {0});
    ShardResult result = recorded();
    std::ranges::reverse(result.answers);  // as they come is not as they are written
    const auto manifest = write_shard(RunDir(root), config_, std::move(result));
    EXPECT_TRUE(manifest.ok()) << manifest.error().message;
    return root;
  }

  const std::vector<std::string> answers_ = {"teacher 0", "teacher 0 try 1", "teacher 1",
                                             "teacher 2", "judge 0",         "judge 0 vote 1"};
  const std::vector<std::string> calls_ = {"teacher 0", "teacher 0 try 1", "judge 0",
                                           "judge 0 vote 1"};
  RunConfig config_ = rules_config(8);
  Sample sample_ = rules_sample(0);
  std::vector<Record> records_;
};

TEST_F(Identity, EachIsRecordedOnce) {
  ShardProgress progress({sample_.id}, {});
  for (const bool fresh : {true, false}) {
    for (const Record& record : records_) {
      EXPECT_TRUE(!record.answer || progress.record_answer(0, *record.answer) == fresh);
      EXPECT_TRUE(!record.call || progress.record_call(*record.call) == fresh);
    }
  }
  std::vector<Answer> on_record;
  for (const auto& [place, answer] : progress.answers_at(0)) {
    on_record.push_back(answer);
  }
  EXPECT_EQ(names(on_record), answers_);
}

TEST_F(Identity, AllOfThemAreInTheRecordedResult) {
  const std::vector<Record> once = records_;
  records_.insert(records_.end() - 1, once.begin(), once.end() - 1);  // a journal offers it again
  const ShardResult result = recorded();
  EXPECT_EQ(names(result.answers), answers_);
  EXPECT_EQ(result.calls.size(), calls_.size());
}

TEST_F(Identity, AShardsFilesHaveThemInTheirOrder) {
  const auto rows = read_shard_rows(RunDir(written()).shard(0));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(names(rows->answers), answers_);
  EXPECT_EQ(names(rows->calls), calls_);
  EXPECT_EQ(rows->calls.front().count, 8u);
  EXPECT_EQ(rows->answers, recorded().answers);
}

TEST_F(Identity, AReplayTakesThemAsksForNothingAndWritesThemBack) {
  const std::string folder = RunDir(written()).shard(0);
  ShardReplay replay = open_replay(folder);
  EXPECT_TRUE(replay.missing().empty());
  ShardResult result = replay.result();
  std::ranges::sort(result.answers, {}, &Answer::order);
  std::ranges::sort(result.calls, {}, &Call::order);
  EXPECT_EQ(result.answers, recorded().answers);
  EXPECT_EQ(names(result.calls), calls_);
}

TEST_F(Identity, AnotherRunFindsTheTeachersFirstAnswers) {
  const std::string own = std::filesystem::canonical(fresh_folder()).string();
  const auto index = ReuseIndex::open({written()}, own, config_);
  ASSERT_TRUE(index.ok()) << index.error().message;
  const auto found = (*index)->answers_for(0, {sample_});
  ASSERT_TRUE(found.ok()) << found.error().message;
  std::vector<Answer> answers;
  for (const Record& record : *found) {
    answers.push_back(*record.answer);
  }
  EXPECT_EQ(names(answers), (std::vector<std::string>{"teacher 0", "teacher 1", "teacher 2"}));
}

}  // namespace
}  // namespace fd
