// What a merge takes from the ledger: late calls, those in doubt, and those that nobody knows.

#include <memory>

#include <gtest/gtest.h>

#include "coordinator/ledger/ledger.hpp"
#include "coordinator/merge/merge.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class LateFactsTest : public testing::Test {
 protected:
  LateFactsTest() : ingest_(write_run(dir_, config_, samples_, 1)) {
    for (const FinishedSample& one : samples_) {
      record(one.answers.front(), one.calls.front());
    }
    for (const FinishedSample& one : samples_) {
      Record& end = std::get<Record>(events_.emplace_back(Record()));
      end.outcome = one.outcome;
    }
  }

  void record(std::optional<Answer> answer, std::optional<Call> call) {
    Record& made = std::get<Record>(events_.emplace_back(Record()));
    made.answer = std::move(answer);
    made.call = std::move(call);
  }
  /// Another call of the first sample.
  [[nodiscard]] Call another() const {
    Call call = samples_.front().calls.front();
    call.candidate = 1;
    call.call_key = sha256("another");
    return call;
  }
  RunSummary merged() {
    {
      LedgerOptions options;
      options.path = dir_.ledger();
      options.run_id = ingest_.run_id;
      LedgerStart start;
      auto ledger = Ledger::open(options, start);
      EXPECT_TRUE(ledger.ok());
      (*ledger)->append(events_, {});
      EXPECT_TRUE((*ledger)->flush().ok());
    }
    const auto summary = merge_run(dir_, config_, ingest_, {});
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return summary.ok() ? *summary : RunSummary{};
  }
  [[nodiscard]] std::string reported(const char* key) const {
    const auto report = json::parse(bytes_of(dir_.report("cost_report.json")));
    EXPECT_TRUE(report.ok());
    return json::canonical(*report->find(key));
  }

  RunDir dir_{fresh_folder()};
  RunConfig config_ = artifacts_config();
  std::vector<FinishedSample> samples_ = {kept_sample(1),
                                          rejected_sample(2, Reason::gold_mismatch)};
  IngestSummary ingest_;
  std::vector<LedgerEvent> events_;
};

TEST_F(LateFactsTest, WithoutAnyTheFilesSayItAll) {
  const RunSummary summary = merged();
  EXPECT_EQ(summary.calls, 2u);
  EXPECT_EQ(summary.late, 0u);
  EXPECT_EQ(summary.unknown, 0u);
}

TEST_F(LateFactsTest, ALateCallIsInTheTotalAndApart) {
  record(std::nullopt, another());
  const RunSummary summary = merged();
  EXPECT_EQ(summary.calls, 3u);
  EXPECT_EQ(summary.late, 1u);
  EXPECT_EQ(reported("late"), R"({"attempts":1,"calls":1})");
  EXPECT_DOUBLE_EQ(summary.cost, 3 * (100 * 1.0 + 20 * 2.0) / 1e6);
}

TEST_F(LateFactsTest, OneInDoubtIsCountedApartOnly) {
  Call call = another();
  call.end = CallEnd::in_doubt;
  record(std::nullopt, call);
  const RunSummary summary = merged();
  EXPECT_EQ(summary.calls, 2u);
  EXPECT_EQ(summary.late, 0u);
  EXPECT_EQ(summary.in_doubt, 1u);
  EXPECT_EQ(reported("in_doubt"), R"({"calls":1,"estimated_prompt_tokens":100})");
}

/// The coordinator ended before it had written the shard: its next start wrote all that was there.
TEST_F(LateFactsTest, ACallBehindTheOutcomesThatTheFilesHaveIsCountedOnce) {
  const Call call = another();
  record(std::nullopt, call);
  ShardResult result = shard_result(samples_, 0, 1);
  result.calls.push_back(call);
  ASSERT_TRUE(replace_shard(dir_.shard(0), config_, result).ok());
  const RunSummary summary = merged();
  EXPECT_EQ(summary.calls, 3u);
  EXPECT_EQ(summary.late, 0u);
}

TEST_F(LateFactsTest, ACallIsOnTheBillOfTheStartThatGaveItsLease) {
  Call late = another();
  late.fence = 1;
  record(std::nullopt, late);
  merged();
  const auto starts = json::parse(reported("by_start"));
  ASSERT_TRUE(starts.ok());
  EXPECT_EQ(starts->find("1")->find("calls")->as_uint(), 1u);
  EXPECT_EQ(starts->find("none")->find("calls")->as_uint(), 2u) << "the fixture's have no lease";
}

TEST_F(LateFactsTest, SharesThatWereNotSettledAreCallsThatNobodyKnows) {
  for (const ShareGranted& share :
       {ShareGranted{"a", 1, 4}, ShareGranted{"b", 2, 8}, ShareGranted{"c", 3, 2},
        ShareGranted{"b", 2, 5}, ShareGranted{"c", 3, 0}}) {
    events_.emplace_back(decision(share));
  }
  EXPECT_EQ(merged().unknown, 9u);
  EXPECT_EQ(reported("unknown"), R"({"calls":9})");
}

}  // namespace
}  // namespace fd
