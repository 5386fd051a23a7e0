#include "actors/stages/exec.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/sandbox/result_compare.hpp"

namespace fd {
namespace {

/// What the scripted databases were asked, in order.
struct Asked {
  std::vector<std::string> opened;
  std::vector<std::string> ran;
  SqlLimits limits;    ///< of the last one
  std::string sample;  ///< likewise
  /// What the next runs come to instead of a result, first first.
  std::vector<Errc> troubles;
};

/// A sandbox that answers "rows a,b" with the rows a and b, "none" with no row, "fail STATUS" with
/// that status, and anything else with one row: the text itself.
class ScriptedSandbox final : public SqlSandbox {
 public:
  explicit ScriptedSandbox(Asked& asked) : asked_(asked) {}

  Result<SqlResult> run(std::string_view sql, const SqlLimits& limits,
                        std::string_view sample) override {
    asked_.ran.emplace_back(sql);
    asked_.limits = limits;
    asked_.sample = sample;
    if (!asked_.troubles.empty()) {
      const Errc code = asked_.troubles.front();
      asked_.troubles.erase(asked_.troubles.begin());
      return Error{code, "scripted"};
    }
    SqlResult result;
    const std::string text(sql);
    if (text.substr(0, 5) == "fail ") {
      result.status = *from_name<ExecStatus>(text.substr(5));
      result.error_class = "scripted";
      result.columns = 1;
      return result;
    }
    result.status = ExecStatus::ok;
    result.columns = 1;
    if (text == "none") {
      return result;
    }
    std::string list = text.substr(0, 5) == "rows " ? text.substr(5) : text;
    for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',')) {
      result.rows.push_back(list.substr(0, comma));
      list = list.substr(comma + 1);
    }
    result.rows.push_back(list);
    return result;
  }

 private:
  Asked& asked_;
};

class Exec : public testing::Test {
 protected:
  Exec() { restart(); }

  void restart() {
    stage_ = make_exec_stage(
        config_, [this](const std::string& database) -> Result<std::unique_ptr<SqlSandbox>> {
          asked_.opened.push_back(database);
          if (database == "missing") {
            return Error{Errc::not_found, "no such database"};
          }
          return Result<std::unique_ptr<SqlSandbox>>(std::make_unique<ScriptedSandbox>(asked_));
        });
  }

  static WorkItem item(std::optional<std::string> gold, std::vector<std::string> texts,
                       const std::string& database = "db") {
    WorkItem made;
    made.sample.gold = std::move(gold);
    made.sample.database = database;
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      Candidate candidate;
      candidate.index = i;
      candidate.text = texts[i];
      made.candidates.push_back(candidate);
    }
    return made;
  }

  Candidate one(std::optional<std::string> gold, const std::string& text) {
    WorkItem work = item(std::move(gold), {text});
    stage_->process(work);
    return work.candidates.at(0);
  }

  RunConfig config_;
  Asked asked_;
  std::unique_ptr<Stage> stage_;
};

TEST_F(Exec, ComparesWithTheGold) {
  EXPECT_EQ(one("rows a,b", "rows b,a").gold_match, true);
  EXPECT_EQ(one("rows a,b", "rows b,c").gold_match, false);
  EXPECT_EQ(one("rows b ORDER BY x,a", "rows a,b ORDER BY x").gold_match, false);
  EXPECT_EQ(one(std::nullopt, "rows a").gold_match, std::nullopt);
}

TEST_F(Exec, UsesTheConfiguredWayToMatch) {
  config_.gates.exec.match = MatchMode::ordered;
  restart();
  EXPECT_EQ(one("rows a,b", "rows b,a").gold_match, false);
}

TEST_F(Exec, RunsGoldAndCandidatesUnderTheConfiguredLimits) {
  config_.gates.exec.max_steps = 11;
  config_.gates.exec.max_rows = 12;
  config_.gates.exec.max_result_bytes = 13;
  config_.gates.exec.max_heap_bytes = 14;
  config_.gates.exec.max_value_bytes = 15;
  restart();
  const auto expect_configured = [&] {
    EXPECT_EQ(asked_.limits.max_steps, 11u);
    EXPECT_EQ(asked_.limits.max_rows, 12u);
    EXPECT_EQ(asked_.limits.max_result_bytes, 13u);
    EXPECT_EQ(asked_.limits.max_heap_bytes, 14u);
    EXPECT_EQ(asked_.limits.max_value_bytes, 15u);
  };
  one(std::nullopt, "rows a");
  expect_configured();
  asked_.limits = {};
  one("rows b", "rows b");
  expect_configured();
}

TEST_F(Exec, SignsResultsThatRan) {
  SqlResult result;
  result.status = ExecStatus::ok;
  result.columns = 1;
  result.rows = {"b", "a"};
  const Candidate ran = one(std::nullopt, "rows a,b");
  EXPECT_EQ(ran.exec, ExecStatus::ok);
  EXPECT_EQ(ran.signature, result_signature(result));
  EXPECT_EQ(ran.error_class, "");
}

TEST_F(Exec, RecordsHowACandidateFailed) {
  const Candidate failed = one("rows a", "fail heap_limit");
  EXPECT_EQ(failed.exec, ExecStatus::heap_limit);
  EXPECT_EQ(failed.error_class, "scripted");
  EXPECT_EQ(failed.signature, "");
  EXPECT_EQ(failed.gold_match, false);
}

TEST_F(Exec, AGoldThatFailsLeavesTheMatchOpen) {
  WorkItem work = item("fail parse_error", {"rows a", "fail parse_error"});
  stage_->process(work);
  EXPECT_TRUE(work.gold_failed);
  EXPECT_EQ(work.candidates[0].exec, ExecStatus::ok);
  EXPECT_EQ(work.candidates[0].gold_match, std::nullopt);
  EXPECT_EQ(work.candidates[1].exec, ExecStatus::parse_error);
  EXPECT_EQ(work.candidates[1].gold_match, std::nullopt);
}

TEST_F(Exec, SkipsCandidatesThatTheRulesRefused) {
  WorkItem work = item("rows a", {"rows a", "rows b"});
  work.candidates[0].rule = Reason::too_long;
  stage_->process(work);
  EXPECT_EQ(work.candidates[0].exec, ExecStatus::not_run);
  EXPECT_EQ(work.candidates[0].gold_match, false);
  EXPECT_EQ(asked_.ran, (std::vector<std::string>{"rows a", "rows b"}));
}

TEST_F(Exec, RunsGoldOncePerDatabaseAndText) {
  for (const char* database : {"db", "db", "other", "db"}) {
    WorkItem work = item("rows a", {"rows b"}, database);
    stage_->process(work);
  }
  EXPECT_EQ(std::count(asked_.ran.begin(), asked_.ran.end(), "rows a"), 2);
  EXPECT_EQ(asked_.opened, (std::vector<std::string>{"db", "other"}));
}

TEST_F(Exec, RunsNothingTwiceThatIsEqualToTheGoldOrToAnEarlierCandidate) {
  WorkItem work = item("rows a ;", {"rows a", "rows c", " rows a;", "rows c"});
  stage_->process(work);
  EXPECT_EQ(asked_.ran, (std::vector<std::string>{"rows a ;", "rows c"}));
  EXPECT_EQ(work.candidates[0].gold_match, true);
  EXPECT_EQ(work.candidates[2].gold_match, true);
  EXPECT_EQ(work.candidates[0].exec, ExecStatus::ok);
  EXPECT_FALSE(work.candidates[0].signature.empty());
  EXPECT_EQ(work.candidates[3].signature, work.candidates[1].signature);
  EXPECT_EQ(work.candidates[3].gold_match, false);
}

TEST_F(Exec, ForgetsTheGoldThatWasNotUsedForLongest) {
  const auto ask = [&](std::size_t i) {
    WorkItem work = item("gold " + std::to_string(i), {});
    stage_->process(work);
    return asked_.ran.size();
  };
  for (std::size_t i = 0; i < kGoldCacheMax; ++i) {
    ask(i);
  }
  EXPECT_EQ(ask(0), kGoldCacheMax);                  // all are kept; this makes 1 the oldest
  EXPECT_EQ(ask(kGoldCacheMax), kGoldCacheMax + 1);  // pushes 1 out
  EXPECT_EQ(ask(0), kGoldCacheMax + 1);
  EXPECT_EQ(ask(1), kGoldCacheMax + 2);
}

TEST_F(Exec, KeepsNoMoreDatabasesOpenThanItMay) {
  const auto ask = [&](std::size_t i) {
    WorkItem work = item(std::nullopt, {"rows a"}, "db" + std::to_string(i));
    stage_->process(work);
    return asked_.opened.size();
  };
  for (std::size_t i = 0; i < kOpenDatabasesMax; ++i) {
    ask(i);
  }
  EXPECT_EQ(ask(0), kOpenDatabasesMax);
  EXPECT_EQ(ask(kOpenDatabasesMax), kOpenDatabasesMax + 1);
  EXPECT_EQ(ask(0), kOpenDatabasesMax + 1);
  EXPECT_EQ(ask(1), kOpenDatabasesMax + 2);
}

TEST_F(Exec, ASampleWithoutADatabaseIsAnExecError) {
  WorkItem work = item("rows a", {"rows a", "rows b"}, "");
  work.candidates[1].rule = Reason::refusal;
  stage_->process(work);
  EXPECT_FALSE(work.failure);
  EXPECT_FALSE(work.gold_failed);
  EXPECT_EQ(work.candidates[0].exec, ExecStatus::error);
  EXPECT_EQ(work.candidates[0].error_class, "no_database");
  EXPECT_EQ(work.candidates[0].gold_match, false);
  EXPECT_EQ(work.candidates[1].exec, ExecStatus::not_run);
  EXPECT_TRUE(asked_.opened.empty());
}

TEST_F(Exec, ADatabaseThatDoesNotOpenFailsTheSampleAndIsTriedAgain) {
  for (int i = 0; i < 2; ++i) {
    WorkItem work = item("rows a", {"rows a"}, "missing");
    stage_->process(work);
    EXPECT_EQ(work.failure, Reason::internal);
    EXPECT_EQ(work.candidates[0].exec, ExecStatus::not_run);
  }
  EXPECT_EQ(asked_.opened.size(), 2u * kReadTriesMax);
}

TEST_F(Exec, TroubleIsTriedAgainOnADatabaseThatIsOpenedAnew) {
  for (std::size_t troubles = 0; troubles < kReadTriesMax; ++troubles) {
    restart();
    asked_ = {};
    asked_.troubles.assign(troubles, troubles == 1 ? Errc::corrupt : Errc::storage);
    WorkItem work = item("rows a", {"rows a ", "rows b"});
    work.sample.id = *Digest::from_hex(std::string(64, 'e'));
    stage_->process(work);
    EXPECT_FALSE(work.failure);
    EXPECT_FALSE(work.gold_failed);
    EXPECT_EQ(work.candidates[0].gold_match, true);
    EXPECT_EQ(work.candidates[1].gold_match, false);
    EXPECT_EQ(asked_.opened.size(), 1 + troubles);
    EXPECT_EQ(asked_.sample, std::string(64, 'e'));
  }
}

TEST_F(Exec, TroubleThatStaysFailsTheSampleAndLeavesNoEvidence) {
  WorkItem work = item("fail error", {"rows a", "rows b"});
  stage_->process(work);  // the gold is known now: it failed, and that is evidence
  EXPECT_TRUE(work.gold_failed);
  asked_.troubles.assign(kReadTriesMax, Errc::storage);
  WorkItem troubled = item("fail error", {"fail error", "rows b"});
  stage_->process(troubled);
  EXPECT_EQ(troubled.failure, Reason::internal);
  EXPECT_FALSE(troubled.interrupted);
  EXPECT_FALSE(troubled.gold_failed);
  for (const Candidate& candidate : troubled.candidates) {
    EXPECT_EQ(candidate.exec, ExecStatus::not_run);
    EXPECT_EQ(candidate.error_class, "");
    EXPECT_EQ(candidate.gold_match, std::nullopt);
  }
}

TEST_F(Exec, TroubleOfAGoldIsNotKept) {
  asked_.troubles.assign(kReadTriesMax, Errc::storage);
  WorkItem first = item("rows a", {"rows a"});
  stage_->process(first);
  EXPECT_EQ(first.failure, Reason::internal);
  EXPECT_EQ(one("rows a", "rows a").gold_match, true);
}

TEST_F(Exec, AnInterruptedStatementDecidesNothingAndIsNotTriedAgain) {
  asked_.troubles = {Errc::stale};
  WorkItem work = item("rows a", {"rows a"});
  stage_->process(work);
  EXPECT_TRUE(work.interrupted);
  EXPECT_EQ(work.candidates[0].exec, ExecStatus::not_run);
  EXPECT_EQ(asked_.ran.size(), 1u);
}

TEST_F(Exec, PassesFailedSamplesAndOtherTasksThrough) {
  WorkItem failed = item("rows a", {"rows a"});
  failed.failure = Reason::provider_error;
  stage_->process(failed);
  config_.gates.exec.kind = ExecKind::none;
  restart();
  WorkItem other = item("rows a", {"rows a"});
  stage_->process(other);
  EXPECT_EQ(other.candidates[0].exec, ExecStatus::not_run);
  EXPECT_EQ(other.candidates[0].gold_match, std::nullopt);
  EXPECT_TRUE(asked_.ran.empty());
}

// --- golds --------------------------------------------------------------------------------------

TEST_F(Exec, OfASampleWithoutCandidatesTheGoldAloneRunsAndItsResultIsKept) {
  WorkItem good = item("rows a", {});
  stage_->process(good);
  EXPECT_FALSE(good.gold_failed);
  WorkItem bad = item("fail parse_error", {});
  stage_->process(bad);
  EXPECT_TRUE(bad.gold_failed);
  EXPECT_EQ(asked_.ran, (std::vector<std::string>{"rows a", "fail parse_error"}));
  EXPECT_EQ(one("rows a", "rows b").gold_match, false);
  EXPECT_EQ(asked_.ran.size(), 3u) << "the gold is not run again";
}

TEST_F(Exec, StagesThatShareACacheRunAGoldOnce) {
  const auto open = [this](const std::string&) -> Result<std::unique_ptr<SqlSandbox>> {
    return Result<std::unique_ptr<SqlSandbox>>(std::make_unique<ScriptedSandbox>(asked_));
  };
  const auto golds = std::make_shared<GoldCache>();
  for (int lane = 0; lane < 2; ++lane) {
    WorkItem work = item("rows a", {});
    make_exec_stage(config_, open, golds)->process(work);
  }
  EXPECT_EQ(asked_.ran.size(), 1u);
}

TEST_F(Exec, AMatchWithAnyGoldCounts) {
  const auto match = [&](std::vector<std::string> more, const std::string& text) {
    WorkItem work = item("rows a", {text});
    work.sample.more_golds = std::move(more);
    stage_->process(work);
    return work.candidates.at(0).gold_match;
  };
  EXPECT_EQ(match({"rows b", "rows c"}, "rows c,"), false);
  EXPECT_EQ(match({"rows b,c"}, "rows c,b"), true);
  EXPECT_EQ(match({"rows b,c"}, "rows b,c"), true) << "the same text";
  EXPECT_EQ(match({"fail error"}, "rows a"), true);
  EXPECT_EQ(match({"fail step_limit"}, "none"), false);
}

TEST_F(Exec, AGoldFailsWhenNoneOfARowsGoldsRuns) {
  const auto failed = [&](const std::string& gold, std::vector<std::string> more) {
    WorkItem work = item(gold, {});
    work.sample.more_golds = std::move(more);
    stage_->process(work);
    return work.gold_failed;
  };
  EXPECT_FALSE(failed("fail error", {"rows a"}));
  EXPECT_FALSE(failed("rows a", {"fail error"}));
  EXPECT_TRUE(failed("fail error", {"fail step_limit"}));
}

TEST_F(Exec, AnAnswerThatIsAGoldWhichDoesNotRunMatchesNothing) {
  WorkItem work = item("rows a", {"fail error"});
  work.sample.more_golds = {"fail error"};
  stage_->process(work);
  EXPECT_EQ(work.candidates.at(0).exec, ExecStatus::error);
  EXPECT_EQ(work.candidates.at(0).gold_match, false);
}

TEST_F(Exec, TheGoldComesFirstWhereItCanBeRunAndDecidesAlone) {
  const Sample with = item("rows a", {}).sample;
  EXPECT_TRUE(gold_comes_first(config_, with));
  EXPECT_FALSE(gold_comes_first(config_, item(std::nullopt, {}).sample));
  EXPECT_FALSE(gold_comes_first(config_, item("rows a", {}, "").sample));
  for (const BadGold other : {BadGold::ask, BadGold::refuse}) {
    config_.gates.exec.bad_gold = other;
    EXPECT_FALSE(gold_comes_first(config_, with));
  }
  config_.gates.exec.bad_gold = BadGold::reject;
  config_.gates.exec.kind = ExecKind::none;
  EXPECT_FALSE(gold_comes_first(config_, with));
}

}  // namespace
}  // namespace fd
