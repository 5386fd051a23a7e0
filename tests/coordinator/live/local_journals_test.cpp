#include "coordinator/live/local_journals.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "actors/journal/answer_journal.hpp"
#include "actors/storage/files.hpp"
#include "coordinator/merge/merge.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// A run whose one shard is written, and what a local worker of an earlier start left behind.
class LocalJournals : public testing::Test {
 protected:
  LocalJournals() : ingest_(write_run(dir_, config_, {sample_}, 1)) {
    LedgerOptions options;
    options.path = dir_.ledger();
    options.run_id = ingest_.run_id;
    auto ledger = Ledger::open(options, start_);
    EXPECT_TRUE(ledger.ok());
    ledger_ = std::move(ledger).value();
    Record answered;
    answered.answer = sample_.answers.front();
    answered.call = sample_.calls.front();
    Record end;
    end.outcome = sample_.outcome;
    ledger_->append({answered, end, decision(ShareGranted{"local-0", 7, 4})}, {});
    open_[7] = {"local-0", 7, 4};
  }

  JournalIntent intent(std::uint32_t candidate) const {
    JournalIntent made;
    static_cast<CallIdentity&>(made) = sample_.calls.front();
    made.candidate = candidate;
    made.call_key = sha256("candidate " + std::to_string(candidate));
    made.fence = 1;
    made.endpoint = "local";
    made.estimated_prompt_tokens = 77;
    return made;
  }
  /// One call that ended, and one that was in flight.
  void leave_journal() const {
    const std::string folder = dir_.workers() + "/0";
    ASSERT_TRUE(make_directories(folder).ok());
    auto journal = AnswerJournal::open(folder, {ingest_.run_id, "local-0", 8}, {});
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    const auto then = [](AnswerJournal::Written written) { EXPECT_TRUE(written.durable); };
    const std::uint32_t ticket = (*journal)->append_intent(intent(1), then);
    (*journal)->append_intent(intent(2), then);
    Record end;
    end.fence = 1;
    end.call = sample_.calls.front();
    static_cast<CallIdentity&>(*end.call) = intent(1);
    (*journal)->append_end(ticket, end, then);
  }

  RunDir dir_{fresh_folder()};
  RunConfig config_ = artifacts_config();
  FinishedSample sample_ = kept_sample(1);
  IngestSummary ingest_;
  LedgerStart start_;
  std::unique_ptr<Ledger> ledger_;
  OpenShares open_;
};

TEST_F(LocalJournals, WhatIsLeftForAWrittenShardIsCountedAndItsProcessSettled) {
  leave_journal();
  const auto imported = import_local_journals(dir_, ingest_.run_id, *ledger_, open_);
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  EXPECT_EQ(imported->calls, 1u);
  EXPECT_EQ(imported->in_doubt, 1u);
  EXPECT_TRUE(open_.empty());
  ledger_.reset();
  const auto summary = merge_run(dir_, config_, ingest_, {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->calls, 2u);
  EXPECT_EQ(summary->late, 1u);
  EXPECT_EQ(summary->in_doubt, 1u);
  EXPECT_EQ(summary->unknown, 0u);
}

TEST_F(LocalJournals, WithoutAJournalItIsNotKnownWhatTheProcessDid) {
  const auto imported = import_local_journals(dir_, ingest_.run_id, *ledger_, open_);
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  EXPECT_EQ(open_.size(), 1u);
  ledger_.reset();
  const auto summary = merge_run(dir_, config_, ingest_, {});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->calls, 1u);
  EXPECT_EQ(summary->unknown, 4u);
}

/// Its journal was released and removed: all of it is on record.
TEST_F(LocalJournals, AProcessWhoseJournalIsEmptyIsSettled) {
  ASSERT_TRUE(make_directories(dir_.workers() + "/0").ok());
  open_[9] = {"local-1", 9, 4};
  const auto imported = import_local_journals(dir_, ingest_.run_id, *ledger_, open_);
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  ASSERT_EQ(open_.size(), 1u);
  EXPECT_EQ(open_.begin()->second.worker, "local-1") << "of which nothing was found";
}

}  // namespace
}  // namespace fd
