#include "actors/stages/select.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/stages/score.hpp"

namespace fd {
namespace {

Candidate candidate(Reason rule, ExecStatus exec, std::optional<bool> match) {
  Candidate made;
  made.rule = rule;
  made.exec = exec;
  made.gold_match = match;
  return made;
}

const Candidate kMatch = candidate(Reason::none, ExecStatus::ok, true);
const Candidate kMismatch = candidate(Reason::none, ExecStatus::ok, false);
const Candidate kRan = candidate(Reason::none, ExecStatus::ok, std::nullopt);
const Candidate kParse = candidate(Reason::none, ExecStatus::parse_error, false);
const Candidate kBanned = candidate(Reason::banned_pattern, ExecStatus::not_run, false);

class Select : public testing::Test {
 protected:
  Outcome decide(std::vector<Candidate> candidates, bool has_gold = true) {
    WorkItem item;
    item.sample.id = sha256("sample");
    item.candidates = std::move(candidates);
    for (std::uint32_t i = 0; i < item.candidates.size(); ++i) {
      item.candidates[i].index = i;
      item.candidates[i].text = "text " + std::to_string(i);
    }
    if (has_gold) {
      item.sample.gold = "SELECT 1";
    }
    item.gold_failed = gold_failed_;
    item.failure = failure_;
    make_score_stage(config_)->process(item);
    make_select_stage(config_)->process(item);
    EXPECT_TRUE(item.outcome);
    EXPECT_EQ(item.outcome->sample_id, item.sample.id);
    EXPECT_EQ(item.outcome->candidates, item.candidates);
    return *item.outcome;
  }

  Reason reason(std::vector<Candidate> candidates, bool has_gold = true) {
    const Outcome outcome = decide(std::move(candidates), has_gold);
    EXPECT_EQ(outcome.verdict == Verdict::kept, outcome.reason == Reason::none);
    EXPECT_EQ(outcome.chosen.has_value(), outcome.verdict == Verdict::kept);
    EXPECT_TRUE(outcome.deciding);
    return outcome.reason;
  }

  RunConfig config_;
  bool gold_failed_ = false;
  std::optional<Reason> failure_;
};

TEST_F(Select, KeepsTheBestCandidateTiesByIndex) {
  EXPECT_EQ(decide({kMatch}).chosen, 0u);
  EXPECT_EQ(decide({kParse, kMismatch, kMatch, kMatch}).chosen, 2u);
  config_.gates.select.require_gold_match = false;
  EXPECT_EQ(decide({kMismatch, kMatch}).chosen, 1u);
  EXPECT_EQ(decide({kMismatch, kMismatch}).chosen, 0u);
}

TEST_F(Select, ScoresFromTheEvidence) {
  const Outcome outcome = decide({kMatch, kMismatch, kParse, kBanned});
  EXPECT_EQ(outcome.candidates[0].score, 1.0);
  EXPECT_EQ(outcome.candidates[1].score, 0.5);
  EXPECT_EQ(outcome.candidates[2].score, 0.0);
  EXPECT_EQ(outcome.candidates[3].score, 0.0);
}

TEST_F(Select, RejectsForWhatTheFurthestCandidateMet) {
  EXPECT_EQ(reason({kBanned, kParse, kMismatch}), Reason::gold_mismatch);
  EXPECT_EQ(reason({kBanned, kParse}), Reason::parse_error);
  EXPECT_EQ(reason({kParse, candidate(Reason::none, ExecStatus::step_limit, false)}),
            Reason::parse_error);
  EXPECT_EQ(reason({kBanned, candidate(Reason::too_long, ExecStatus::not_run, false)}),
            Reason::banned_pattern);
}

TEST_F(Select, NamesTheCandidateThatTheVerdictSpeaksOf) {
  EXPECT_EQ(decide({kParse, kMismatch, kMatch, kMatch}).deciding, 2u);
  EXPECT_EQ(decide({kBanned, kParse, kMismatch, kMismatch}).deciding, 2u);
  EXPECT_EQ(decide({kBanned, kBanned}).deciding, 0u);
  gold_failed_ = true;
  EXPECT_EQ(decide({kBanned, kRan}).deciding, 1u);
  gold_failed_ = false;
  EXPECT_EQ(decide({}).deciding, std::nullopt);
  failure_ = Reason::attempts_exhausted;
  EXPECT_EQ(decide({kMatch}).deciding, std::nullopt);
}

TEST_F(Select, NamesEveryWayToFail) {
  const std::vector<std::pair<ExecStatus, Reason>> cases = {
      {ExecStatus::parse_error, Reason::parse_error}, {ExecStatus::denied, Reason::exec_error},
      {ExecStatus::error, Reason::exec_error},        {ExecStatus::step_limit, Reason::step_limit},
      {ExecStatus::row_limit, Reason::row_limit},     {ExecStatus::byte_limit, Reason::exec_error},
      {ExecStatus::heap_limit, Reason::exec_error},   {ExecStatus::timeout, Reason::timeout},
      {ExecStatus::not_run, Reason::exec_error}};
  for (const auto& [status, expected] : cases) {
    EXPECT_EQ(reason({candidate(Reason::none, status, false)}), expected) << name(status);
  }
}

TEST_F(Select, RowsWithoutGoldNeedNoMatch) {
  EXPECT_EQ(reason({kRan}, false), Reason::none);
  EXPECT_EQ(reason({kRan}, true), Reason::gold_mismatch);
}

TEST_F(Select, ScoresBelowTheMinimumAreRejected) {
  config_.gates.select.min_score = 0.5;
  EXPECT_EQ(reason({kRan}, false), Reason::none);
  config_.gates.select.min_score = 0.51;
  EXPECT_EQ(reason({kRan}, false), Reason::score_low);
  EXPECT_EQ(reason({kMatch}), Reason::none);
}

TEST_F(Select, EachRequirementCanBeLeftOut) {
  config_.gates.select.require_exec = false;
  config_.gates.select.min_score = 0;
  EXPECT_EQ(reason({kParse}, true), Reason::parse_error);  // no match without a result
  EXPECT_EQ(reason({kParse}, false), Reason::none);
  config_.gates.select.require_gold_match = false;
  EXPECT_EQ(reason({kParse}, true), Reason::none);
  EXPECT_EQ(reason({kBanned}, true), Reason::banned_pattern);  // rules cannot be left out
  config_.gates.select.min_score = 0.1;
  EXPECT_EQ(reason({kParse}, true), Reason::score_low);
}

TEST_F(Select, AGoldThatFailedRejectsTheSampleWhateverTheCandidates) {
  gold_failed_ = true;
  const Outcome outcome = decide({kRan});
  EXPECT_EQ(outcome.verdict, Verdict::rejected);
  EXPECT_EQ(outcome.reason, Reason::gold_error);
  EXPECT_TRUE(outcome.gold_failed);
  EXPECT_FALSE(outcome.chosen);
  EXPECT_EQ(reason({kBanned}), Reason::gold_error);
}

TEST_F(Select, AFailureStaysAFailure) {
  failure_ = Reason::attempts_exhausted;
  const Outcome outcome = decide({kMatch});
  EXPECT_EQ(outcome.verdict, Verdict::failed);
  EXPECT_EQ(outcome.reason, Reason::attempts_exhausted);
  EXPECT_FALSE(outcome.chosen);
}

TEST_F(Select, ASampleWithoutCandidatesFails) {
  const Outcome outcome = decide({});
  EXPECT_EQ(outcome.verdict, Verdict::failed);
  EXPECT_EQ(outcome.reason, Reason::internal);
}

TEST_F(Select, TasksWithoutExecutionKeepWhatPassesTheRules) {
  config_.gates.exec.kind = ExecKind::none;
  const Candidate text = candidate(Reason::none, ExecStatus::not_run, std::nullopt);
  EXPECT_EQ(reason({text}, true), Reason::none);
  EXPECT_EQ(decide({text}).candidates[0].score, 0.5);
  EXPECT_EQ(reason({kBanned}, true), Reason::banned_pattern);
}

}  // namespace
}  // namespace fd
