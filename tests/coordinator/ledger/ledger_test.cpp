#include "coordinator/ledger/ledger.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "coordinator/ledger/reader.hpp"
#include "coordinator/ledger/rows.hpp"
#include "protocol/base/coding.hpp"
#include "protocol/base/crc32c.hpp"
#include "tests/coordinator/ledger/ledger_driver.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

static_assert(static_cast<int>(DecisionKind::share) == 1);  // ledgers have the number

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : path_(folder_.at("ledger.sqlite")) {}

  [[nodiscard]] LedgerOptions options() const {
    LedgerOptions options;
    options.path = path_;
    options.run_id = "r1";
    options.gather = Duration::zero();
    options.busy_timeout = Duration::zero();
    return options;
  }
  std::unique_ptr<Ledger> open(LedgerStart& start) {
    auto ledger = Ledger::open(options(), start);
    EXPECT_TRUE(ledger.ok()) << (ledger.ok() ? "" : ledger.error().message);
    return std::move(ledger).value();
  }
  /// Waits until everything queued is committed.
  static void settle(Ledger& ledger) {
    std::promise<void> done;
    ledger.append({}, [&done] { done.set_value(); });
    done.get_future().wait();
  }
  void sql(const std::string& statements) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, statements.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  static std::string hex_literal(std::string_view bytes) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text = "x'";
    for (const char c : bytes) {
      text += kHex[static_cast<unsigned char>(c) >> 4];
      text += kHex[static_cast<unsigned char>(c) & 0xF];
    }
    return text + "'";
  }

  TempFolder folder_;
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

TEST_F(LedgerTest, EachStartIsKeptWithTheFenceBeforeIt) {
  LedgerStart start;
  open(start)->append({LeaseGranted{0, 1, "w1"}, LeaseGranted{1, 2, "w2"}}, [] {});
  open(start);  // gives no lease
  open(start)->append({LeaseGranted{0, 3, "w1"}}, [] {});
  open(start);
  const auto starts = read_starts(path_, options().run_id);
  ASSERT_TRUE(starts.ok()) << starts.error().message;
  EXPECT_EQ(*starts, (std::vector<StartMade>{{1, 0}, {2, 2}, {3, 2}, {4, 3}}));
}

TEST_F(LedgerTest, RecordsComeBackByShardInTheOrderOfTheirCommits) {
  LedgerStart start;
  {
    const auto ledger = open(start);
    ledger->append({answer_record(7, "a"), answer_record(8, "x")}, [] {});
    ledger->append({answer_record(7, "b")}, [] {});
    ASSERT_TRUE(ledger->flush().ok());
    const auto records = ledger->records(7);
    ASSERT_TRUE(records.ok());
    EXPECT_EQ(records->size(), 2u);
  }
  const auto ledger = open(start);
  const auto records = ledger->records(7);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0], answer_record(7, "a"));
  EXPECT_EQ((*records)[1], answer_record(7, "b"));
  EXPECT_TRUE(ledger->records(9)->empty());
}

TEST_F(LedgerTest, LateRecordsAreHandedOverShardByShard) {
  Record ended;
  ended.outcome.emplace();
  LedgerStart start;
  {
    const auto ledger = open(start);
    for (const std::uint32_t shard : {0, 1, 2, 3}) {
      ended.shard = shard;
      ledger->append({answer_record(shard, "a"), ended}, {});
    }
    ledger->append({answer_record(2, "late"), answer_record(0, "late")}, {});
  }
  std::vector<std::pair<std::uint32_t, std::size_t>> taken;
  const auto read = [&](std::size_t limit) {
    taken.clear();
    return read_late_facts(
        path_, "r1", 4, [&](std::uint32_t shard, const std::vector<Record>& records) {
          taken.emplace_back(shard, records.size());
          return taken.size() == limit ? Result<void>(Error{Errc::corrupt, "enough"})
                                       : Result<void>();
        });
  };
  using Taken = std::vector<std::pair<std::uint32_t, std::size_t>>;
  EXPECT_EQ(read(3).value(), 0u);
  EXPECT_EQ(taken, (Taken{{0, 3}, {2, 3}}));
  const auto ended_early = read(1);
  ASSERT_FALSE(ended_early.ok());
  EXPECT_EQ(ended_early.error().message, "enough");
  EXPECT_EQ(taken, (Taken{{0, 3}})) << "the next one was read before this one was taken";
}

TEST_F(LedgerTest, CallbacksComeInOrderAndAfterTheCommit) {
  LedgerStart start;
  const auto ledger = open(start);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    ledger->append(
        i % 3 == 0 ? std::vector<LedgerEvent>{answer_record(1, "a")} : std::vector<LedgerEvent>{},
        [&order, i] { order.push_back(i); });
  }
  settle(*ledger);
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(LedgerTest, TheWriteAheadLogStaysSmall) {
  LedgerStart start;
  LedgerOptions few_pages = options();
  few_pages.checkpoint_pages = 10;
  const auto ledger = Ledger::open(few_pages, start);
  ASSERT_TRUE(ledger.ok()) << ledger.error().message;
  constexpr std::size_t kPage = 4096;
  constexpr std::uint32_t kCommits = 200;
  for (std::uint32_t commit = 0; commit < kCommits; ++commit) {
    (*ledger)->append({answer_record(commit, std::string(kPage, 'a'))}, {});
    settle(**ledger);
  }
  // Each commit fills a page and changes a few others.
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 50 * kPage);
  EXPECT_GT(std::filesystem::file_size(path_), (kCommits - 50) * kPage);
}

TEST_F(LedgerTest, ACommitThatBringsALeaseWaitsForNoCompany) {
  LedgerStart start;
  LedgerOptions patient = options();
  patient.gather = std::chrono::hours(1);
  const auto ledger = Ledger::open(patient, start);
  ASSERT_TRUE(ledger.ok()) << ledger.error().message;
  std::promise<void> leased;
  (*ledger)->append({answer_record(0, "a")}, {});  // gathers
  (*ledger)->append({LeaseGranted{0, 1, "w1"}}, [&leased] { leased.set_value(); });
  leased.get_future().wait();  // else for an hour
  EXPECT_EQ((*ledger)->counts().records, 1u);
  EXPECT_EQ((*ledger)->counts().leases, 1u);
}

TEST_F(LedgerTest, ReadingAShardWaitsForNothingThatIsQueued) {
  LedgerStart start;
  LedgerOptions patient = options();
  patient.gather = std::chrono::hours(1);
  const auto ledger = Ledger::open(patient, start).value();
  std::atomic<bool> committed = false;
  ledger->append({answer_record(7, "a")}, [&committed] { committed = true; });
  EXPECT_TRUE(ledger->records(8)->empty());
  EXPECT_FALSE(committed);
}

TEST_F(LedgerTest, RecordsOfManyShardsKeepTheirNumbersOverRestarts) {
  LedgerStart start;
  for (int life = 0; life < 3; ++life) {
    const auto ledger = open(start);
    for (const std::uint32_t shard : {3u, 0u, (1u << 31) - 1}) {
      ledger->append({answer_record(shard, std::to_string(life))}, {});
    }
  }
  const auto ledger = open(start);
  for (const std::uint32_t shard : {3u, 0u, (1u << 31) - 1}) {
    const auto records = ledger->records(shard);
    ASSERT_TRUE(records.ok()) << records.error().message;
    ASSERT_EQ(records->size(), 3u);
    EXPECT_EQ(records->at(2), answer_record(shard, "2"));
  }
}

TEST_F(LedgerTest, AShardThatHasNoKeysIsNotCommitted) {
  LedgerStart start;
  const auto ledger = open(start);
  LedgerDriver driver(*ledger);
  EXPECT_EQ(driver.commit({{answer_record(1u << 31, "x")}}), 0u);
  ASSERT_TRUE(driver.failure().has_value());
  EXPECT_EQ(driver.failure()->code, Errc::exhausted);
}

TEST_F(LedgerTest, TheLastLeaseOfEachShardIsKnownAtTheNextStart) {
  LedgerStart start;
  {
    const auto ledger = open(start);
    EXPECT_TRUE(start.leases.empty());
    ledger->append({LeaseGranted{5, 1, "w1", 11}, LeaseGranted{2, 2, "w2", 22}}, {});
    ledger->append({LeaseGranted{5, 3, "w2", UINT64_MAX}}, {});
  }
  open(start);
  EXPECT_EQ(start.last_fence, 3u);
  ASSERT_EQ(start.leases.size(), 2u);
  EXPECT_EQ(start.leases[0].shard, 2u);
  EXPECT_EQ(start.leases[0].fence, 2u);
  EXPECT_EQ(start.leases[0].worker, "w2");
  EXPECT_EQ(start.leases[0].incarnation, 22u);
  EXPECT_EQ(start.leases[1].shard, 5u);
  EXPECT_EQ(start.leases[1].fence, 3u);
  EXPECT_EQ(start.leases[1].incarnation, UINT64_MAX);
}

TEST_F(LedgerTest, WhatWasCommittedIsCounted) {
  LedgerStart start;
  const auto ledger = open(start);
  LedgerDriver driver(*ledger);
  EXPECT_EQ(driver.commit(
                {{answer_record(1, "a"), LeaseGranted{1, 1, "w", 1}}, {}, {answer_record(1, "b")}}),
            3u);
  EXPECT_EQ(ledger->counts().commits, 1u);
  EXPECT_EQ(ledger->counts().records, 2u);
  EXPECT_EQ(ledger->counts().leases, 1u);
}

TEST_F(LedgerTest, ACleanCloseLeavesOneFile) {
  LedgerStart start;
  open(start)->append({answer_record(1, "a")}, {});
  EXPECT_EQ(folder_.names(), std::set<std::string>{"ledger.sqlite"});
  const std::string before = folder_.bytes("ledger.sqlite");
  const auto verified = verify_ledger(path_, "r1");
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(folder_.names(), std::set<std::string>{"ledger.sqlite"});
  EXPECT_EQ(folder_.bytes("ledger.sqlite"), before);
}

TEST_F(LedgerTest, ALedgerInUseIsVerifiedAsOfNow) {
  LedgerStart start;
  const auto ledger = open(start);
  LedgerDriver driver(*ledger);
  driver.commit({{answer_record(1, "a")}});
  const auto verified = verify_ledger(path_, "r1");
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(driver.commit({{answer_record(1, "b")}}), 1u);
}

TEST_F(LedgerTest, TheExampleOfTheDocumentationHolds) {
  // docs/protocol.md, Ledger: the first record of shard 3, an empty record under fence 7.
  Record record;
  record.shard = 3;
  record.fence = 7;
  const auto key = ledger_key(3, 0);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(*key, 12884901888u);
  EXPECT_EQ(hex_literal(encode_ledger_row(*key, record)), "x'82010302073e296b30'");
  const auto back = decode_ledger_row(*key, encode_ledger_row(*key, record));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, record);
}

TEST_F(LedgerTest, C09ARowWithAWrongChecksumIsNamedWithItsByte) {
  LedgerStart start;
  open(start)->append({answer_record(1, "a"), answer_record(1, std::string(100, 'b'))}, {});
  std::string bytes = folder_.bytes("ledger.sqlite");
  const std::size_t text = bytes.find("bbbb");
  ASSERT_NE(text, std::string::npos);
  bytes[text] = 'c';
  folder_.put("ledger.sqlite", bytes);
  // The byte that is named is the first of the row's body.
  Record record = answer_record(1, "c" + std::string(99, 'b'));
  const std::size_t body = bytes.find(encode(record));
  ASSERT_NE(body, std::string::npos);
  const std::string message = path_ +
                              ": records row 4294967297: the checksum does not match (byte " +
                              std::to_string(body) + ")";
  const auto verified = verify_ledger(path_, "r1");
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, Errc::corrupt);
  EXPECT_EQ(verified.error().message, message);
  const auto records = open(start)->records(1);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::corrupt);
  EXPECT_EQ(records.error().message, message);
}

/// A record with a member of a later version cannot be written again without losing it.
TEST_F(LedgerTest, ARowOfALaterProgramIsRefusedByName) {
  LedgerStart start;
  open(start);
  std::string record = encode(answer_record(1, "a"));
  ++record[0];  // a map of one member more
  record += "\x7f\x01";
  std::string key;
  append_big_endian(std::uint64_t{1} << 32, 8, key);
  std::string row = record;
  append_big_endian(crc32c(record, crc32c(key)), 4, row);
  sql("INSERT INTO records VALUES(4294967296, " + hex_literal(row) + ")");
  const auto records = open(start)->records(1);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::unsupported);
  EXPECT_NE(records.error().message.find("go on with the program that wrote it"),
            std::string::npos);
}

TEST_F(LedgerTest, ADecisionOfALaterProgramIsRefusedByName) {
  LedgerStart start;
  open(start);
  std::string bytes;
  append_big_endian(2, 8, bytes);
  append_big_endian(3, 1, bytes);
  sql("INSERT INTO decisions VALUES(2, 3, X'80', " + std::to_string(crc32c("\x80", crc32c(bytes))) +
      ")");
  const auto ledger = Ledger::open(options(), start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::unsupported);
  EXPECT_EQ(ledger.error().message,
            path_ +
                ": decisions row 2: is of kind 3, which this program does not have: go on "
                "with the program that wrote it");
}

TEST_F(LedgerTest, C09ARowThatIsMissingIsNamed) {
  LedgerStart start;
  open(start)->append({answer_record(1, "a"), answer_record(1, "b"), answer_record(1, "c")}, {});
  sql("DELETE FROM records WHERE seq = 4294967297");
  const auto records = open(start)->records(1);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, Errc::corrupt);
  EXPECT_EQ(records.error().message,
            path_ + ": records row 4294967298: a row of its shard is missing, number 1");
}

TEST_F(LedgerTest, C09ALeaseThatWasEditedIsNamed) {
  LedgerStart start;
  open(start)->append({LeaseGranted{1, 1, "w1", 5}}, {});
  sql("UPDATE leases SET worker = 'w2'");
  const auto ledger = Ledger::open(options(), start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::corrupt);
  EXPECT_EQ(ledger.error().message, path_ + ": leases row 1: the checksum does not match");
}

TEST_F(LedgerTest, C14TheLedgerOfAnotherRunIsRefusedAndStays) {
  LedgerStart start;
  open(start)->append({answer_record(1, "a")}, {});
  const std::string before = folder_.bytes("ledger.sqlite");
  LedgerOptions other = options();
  other.run_id = "r2";
  const auto ledger = Ledger::open(other, start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::corrupt);
  EXPECT_EQ(ledger.error().message, path_ + ": is the ledger of run 'r1', not of 'r2'");
  EXPECT_EQ(folder_.bytes("ledger.sqlite"), before);
  EXPECT_EQ(verify_ledger(path_, "r2").error().code, Errc::corrupt);
}

TEST_F(LedgerTest, ADatabaseThatIsNoLedgerIsRefused) {
  sql("CREATE TABLE other(x)");
  LedgerStart start;
  const auto ledger = Ledger::open(options(), start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::corrupt);
  EXPECT_EQ(ledger.error().message, path_ + ": is a database, but no ledger");
  folder_.put("ledger.sqlite", std::string(5000, 'x'));
  EXPECT_EQ(Ledger::open(options(), start).error().code, Errc::corrupt);
  EXPECT_EQ(verify_ledger(folder_.at("missing"), "r1").error().code, Errc::not_found);
}

TEST_F(LedgerTest, C19ALedgerThatAnotherProcessHoldsIsBusy) {
  LedgerStart start;
  open(start);
  sqlite3* holder = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &holder), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(holder, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto ledger = Ledger::open(options(), start);
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code, Errc::busy);
  EXPECT_EQ(ledger.error().message, path_ + ": another process holds it (database is locked)");
  sqlite3_close(holder);
  open(start);
  EXPECT_EQ(start.epoch, 2u);
}

/// Also that of an earlier version: its records would be read as something else.
TEST_F(LedgerTest, C20ALedgerOfAnotherSchemaIsRefusedByNameAndTheFileStays) {
  LedgerStart start;
  open(start);
  for (const std::string schema : {"1", "2", "4"}) {
    sql("PRAGMA user_version=" + schema);
    const std::string before = folder_.bytes("ledger.sqlite");
    const std::vector<Error> refusals = {
        Ledger::open(options(), start).error(), verify_ledger(path_, "r1").error(),
        read_earlier_ledger(path_, "r1", 0).error(), read_late_facts(path_, "r1", 1, {}).error()};
    for (const Error& error : refusals) {
      EXPECT_EQ(error.code, Errc::unsupported);
      EXPECT_EQ(error.message, path_ + ": is a ledger of schema " + schema +
                                   ", this program reads 3: go on with the version that began "
                                   "the run, or begin a new one");
    }
    EXPECT_EQ(folder_.bytes("ledger.sqlite"), before);
    EXPECT_EQ(folder_.names(), std::set<std::string>{"ledger.sqlite"});
  }
}

/// As the first two versions wrote it: other tables under the old number.
TEST_F(LedgerTest, C20AnOldLedgerIsRefusedBeforeItsTablesAreRead) {
  for (const std::string schema : {"1", "2"}) {
    sql("DROP TABLE IF EXISTS records; DROP TABLE IF EXISTS epochs;"
        "CREATE TABLE records(seq INTEGER PRIMARY KEY, shard INTEGER NOT NULL, body BLOB NOT NULL);"
        "CREATE TABLE epochs(epoch INTEGER PRIMARY KEY); INSERT INTO epochs VALUES(1), (2);"
        "PRAGMA user_version=" +
        schema);
    const std::string before = folder_.bytes("ledger.sqlite");
    LedgerStart start;
    EXPECT_EQ(Ledger::open(options(), start).error().code, Errc::unsupported);
    EXPECT_EQ(folder_.bytes("ledger.sqlite"), before);
  }
}

TEST_F(LedgerTest, AFailedCommitIsReportedAndNothingIsAcknowledgedAfterIt) {
  LedgerStart start;
  const auto ledger = open(start);
  std::promise<Error> failure;
  ledger->on_failure([&failure](Error error) { failure.set_value(std::move(error)); });
  settle(*ledger);
  sql("DROP TABLE records");
  std::atomic<bool> acknowledged = false;
  ledger->append({answer_record(1, "a")}, [&acknowledged] { acknowledged = true; });
  EXPECT_EQ(failure.get_future().get().message, path_ + ": no such table: records");
  ledger->append({LeaseGranted{0, 1, "w"}}, [&acknowledged] { acknowledged = true; });
  EXPECT_FALSE(ledger->flush().ok());
  EXPECT_FALSE(acknowledged);
}

}  // namespace
}  // namespace fd
