#include "coordinator/ledger.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

namespace fd {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    path_ = testing::TempDir() + "fd_ledger_" + std::to_string(getpid()) + "_" +
            testing::UnitTest::GetInstance()->current_test_info()->name() + ".sqlite";
    remove();
  }
  ~LedgerTest() override { remove(); }
  void remove() const {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      ::unlink((path_ + suffix).c_str());
    }
  }
  std::unique_ptr<Ledger> open(LedgerStart& start) {
    auto ledger = Ledger::open(path_, start);
    EXPECT_TRUE(ledger.ok()) << (ledger.ok() ? "" : ledger.error().message);
    return std::move(ledger).value();
  }
  static Record answer(std::uint32_t shard, const std::string& text) {
    Record record;
    record.shard = shard;
    record.answer.emplace();
    record.answer->text = text;
    return record;
  }
  /// Waits until everything queued is committed.
  static void settle(Ledger& ledger) {
    std::promise<void> done;
    ledger.append({}, [&done] { done.set_value(); });
    done.get_future().wait();
  }
  void sql(const std::string& statement) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }

  std::string path_;
};

TEST_F(LedgerTest, EpochRisesWithEveryStartAndFencesAreRemembered) {
  LedgerStart start;
  {
    const auto ledger = open(start);
    EXPECT_EQ(start.epoch, 1u);
    EXPECT_EQ(start.last_fence, 0u);
    ledger->append({LeaseGranted{0, 1, "w1"}, LeaseGranted{1, 2, "w2"}}, [] {});
  }
  open(start);
  EXPECT_EQ(start.epoch, 2u);
  EXPECT_EQ(start.last_fence, 2u);
}

TEST_F(LedgerTest, RecordsComeBackByShardInTheOrderOfTheirCommits) {
  LedgerStart start;
  {
    const auto ledger = open(start);
    ledger->append({answer(7, "a"), answer(8, "x")}, [] {});
    ledger->append({answer(7, "b")}, [] {});
    const auto records = ledger->records(7);  // waits for what is queued
    ASSERT_TRUE(records.ok());
    EXPECT_EQ(records->size(), 2u);
  }
  const auto ledger = open(start);
  const auto records = ledger->records(7);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0], answer(7, "a"));
  EXPECT_EQ((*records)[1], answer(7, "b"));
  EXPECT_TRUE(ledger->records(9)->empty());
}

TEST_F(LedgerTest, CallbacksComeInOrderAndAfterTheCommit) {
  LedgerStart start;
  const auto ledger = open(start);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    ledger->append(
        i % 3 == 0 ? std::vector<LedgerEvent>{answer(1, "a")} : std::vector<LedgerEvent>{},
        [&order, i] { order.push_back(i); });
  }
  settle(*ledger);
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(LedgerTest, ARowThatIsNoRecordIsCorruptionAndNamed) {
  LedgerStart start;
  {
    const auto ledger = open(start);
    ledger->append({answer(1, "a")}, [] {});
  }
  sql("UPDATE records SET body = x'00'");
  const auto ledger = open(start);
  const auto records = ledger->records(1);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::corrupt);
  EXPECT_EQ(records.error().message, path_ + ": records row 1: record: field 0 is no map");
}

TEST_F(LedgerTest, C20NewerSchemaIsRefusedAndTheFileStays) {
  LedgerStart start;
  open(start);
  sql("PRAGMA user_version=2");
  const auto ledger = Ledger::open(path_, start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::unsupported);
}

TEST_F(LedgerTest, AFailedCommitIsReportedAndNothingIsAcknowledgedAfterIt) {
  LedgerStart start;
  const auto ledger = open(start);
  std::promise<Error> failure;
  ledger->on_failure([&failure](Error error) { failure.set_value(std::move(error)); });
  settle(*ledger);
  sql("DROP TABLE records");
  std::atomic<bool> acknowledged = false;
  ledger->append({answer(1, "a")}, [&acknowledged] { acknowledged = true; });
  EXPECT_EQ(failure.get_future().get().code, Errc::storage);
  ledger->append({LeaseGranted{0, 1, "w"}}, [&acknowledged] { acknowledged = true; });
  EXPECT_FALSE(ledger->records(1).ok());  // waits for the queue to run dry
  EXPECT_FALSE(acknowledged);
}

}  // namespace
}  // namespace fd
