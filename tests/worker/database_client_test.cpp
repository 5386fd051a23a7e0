#include "worker/database_client.hpp"

#include <deque>

#include "tests/support/hand_clock.hpp"
#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using Presence = DatabaseClient::Presence;
using std::chrono::seconds;
using testing_support::HandClock;
using testing_support::WorkerCoreTest;

/// Keeps what it is asked, and files in memory.
class MemoryStore final : public DatabaseStore {
 public:
  void list() override {}
  void look(const Digest& digest, std::uint64_t look) override {
    looks_.push_back(digest);
    look_of_[digest] = look;
  }
  void add(DatabaseChunk chunk) override { adds_.push_back(std::move(chunk)); }
  void remove(const Digest& digest) override { removed_.push_back(digest); }
  std::deque<Digest> looks_;
  std::map<Digest, std::uint64_t> look_of_;  ///< the last one
  std::deque<DatabaseChunk> adds_;
  std::vector<Digest> removed_;
};

class DatabaseClientTest : public WorkerCoreTest {
 protected:
  /// What was asked for since the last time.
  std::vector<FetchDatabase> asked() { return std::exchange(asked_, {}); }
  /// The store has found nothing of what it looked for.
  void find_nothing() {
    for (const Digest& digest : std::exchange(store_.looks_, {})) {
      found(digest, {});
    }
  }
  /// The store answers the last look for a database.
  void found(const Digest& digest, std::optional<std::uint64_t> bytes, std::uint64_t received = 0) {
    client_.take(DatabaseLooked{digest, store_.look_of_.at(digest), bytes, received});
  }
  /// Brings a whole database in one piece, and the store takes it.
  void bring(const std::string& bytes) {
    const Digest digest = sha256(bytes);
    client_.want(digest.hex());
    find_nothing();
    client_.take(DatabaseChunk{digest, 0, bytes.size(), bytes});
    take_adds();
  }
  void take_adds() {
    for (const DatabaseChunk& chunk : std::exchange(store_.adds_, {})) {
      const std::uint64_t received = chunk.offset + chunk.bytes.size();
      client_.take(DatabaseAdded{chunk.digest, received, received == chunk.total, {}});
    }
  }
  void damage() {
    for (const DatabaseChunk& chunk : std::exchange(store_.adds_, {})) {
      client_.take(DatabaseAdded{chunk.digest, 0, false, Error{Errc::corrupt, "another digest"}});
    }
  }
  /// A piece that was asked for is known to be lost.
  void lose() {
    clock_.now_ += seconds(3);
    now_ += seconds(3);
    hear({});
    step(WorkerTicked{client_.asking()});
    hear_flush_marker();
    now_ += seconds(1);
    step(WorkerTicked{client_.asking()});
    hear_flush_marker();
    client_.ask();
  }

  HandClock clock_;
  Log log_{std::nullopt, "test"};
  MemoryStore store_;
  std::vector<FetchDatabase> asked_;
  DatabaseClient client_{store_, 20,
                         core_,  clock_,
                         log_,   [this](const FetchDatabase& fetch) { asked_.push_back(fetch); }};
  const std::string first_ = "the first";
  const std::string second_ = "the second";
};

TEST_F(DatabaseClientTest, ASampleThatNamesNoDatabaseWaitsForNone) {
  EXPECT_EQ(client_.want(""), Presence::here);
  EXPECT_TRUE(store_.looks_.empty());
}

TEST_F(DatabaseClientTest, B10OneDatabaseIsAskedForAtATime) {
  const Digest first = sha256(first_);
  const Digest second = sha256(second_);
  EXPECT_EQ(client_.want(first.hex()), Presence::coming);
  EXPECT_EQ(client_.want(second.hex()), Presence::coming);
  EXPECT_EQ(client_.want(first.hex()), Presence::coming);
  EXPECT_EQ(store_.looks_.size(), 2u);
  find_nothing();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 0})});
  client_.take(DatabaseChunk{first, 0, first_.size(), first_.substr(0, 5)});
  EXPECT_TRUE(asked().empty());  // the disk has it first
  take_adds();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 5})});
  client_.take(DatabaseChunk{first, 0, first_.size(), first_.substr(0, 5)});  // repeated
  EXPECT_TRUE(store_.adds_.empty());
  client_.take(DatabaseChunk{first, 5, first_.size(), first_.substr(5)});
  take_adds();
  EXPECT_EQ(client_.news().arrived, std::vector{first});
  EXPECT_EQ(client_.want(first.hex()), Presence::here);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{second, 0})});
}

TEST_F(DatabaseClientTest, WhatAnEarlierProcessLeftIsUsed) {
  const Digest first = sha256(first_);
  const Digest second = sha256(second_);
  client_.want(first.hex());
  client_.want(second.hex());
  found(first, first_.size());
  found(second, {}, 4);
  EXPECT_EQ(client_.news().arrived, std::vector{first});
  EXPECT_EQ(client_.want(first.hex()), Presence::here);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{second, 4})});
}

TEST_F(DatabaseClientTest, B10APieceThatMayStillBeOnItsWayIsNotAskedForAgain) {
  join();
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  ASSERT_EQ(asked().size(), 1u);
  clock_.now_ += seconds(60);
  client_.ask();
  EXPECT_TRUE(asked().empty());
  lose();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 0})});
  clock_.now_ += seconds(1);
  now_ += seconds(1);
  step(WorkerTicked{client_.asking()});
  hear_flush_marker();
  client_.ask();
  EXPECT_TRUE(asked().empty());  // not yet
}

TEST_F(DatabaseClientTest, ARequestWithoutAnAnswerHasAnEnd) {
  join();
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  for (std::uint32_t i = 1; i < DatabaseClient::kAsksMax; ++i) {
    ASSERT_EQ(asked().size(), 1u) << i;
    ASSERT_TRUE(client_.news().given_up.empty()) << i;
    lose();
  }
  ASSERT_EQ(asked().size(), 1u);
  lose();
  EXPECT_TRUE(asked().empty());
  const DatabaseNews news = client_.news();
  ASSERT_EQ(news.given_up.size(), 1u);
  EXPECT_EQ(news.given_up[0].first, first);
  EXPECT_NE(news.given_up[0].second.find("without an answer"), std::string::npos);
  EXPECT_EQ(client_.want(first.hex()), Presence::given_up);
  client_.forget();
  EXPECT_EQ(client_.want(first.hex()), Presence::coming);
}

TEST_F(DatabaseClientTest, ADatabaseThatArrivesDamagedIsGivenUpInTheEnd) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  for (std::uint32_t i = 1; i < DatabaseClient::kDamagedMax; ++i) {
    client_.take(DatabaseChunk{first, 0, first_.size(), first_});
    damage();
    EXPECT_EQ(client_.want(first.hex()), Presence::coming) << i;
  }
  client_.take(DatabaseChunk{first, 0, first_.size(), first_});
  damage();
  EXPECT_EQ(client_.want(first.hex()), Presence::given_up);
  EXPECT_EQ(client_.news().given_up.size(), 1u);
}

TEST_F(DatabaseClientTest, LeastRecentlyUsedGoesFirst) {
  const std::string a(8, 'a');
  const std::string b(8, 'b');
  bring(a);
  bring(b);
  client_.want(sha256(a).hex());
  bring(std::string(5, 'c'));
  EXPECT_EQ(store_.removed_, std::vector{sha256(b)});
  EXPECT_EQ(client_.want(sha256(a).hex()), Presence::here);
  EXPECT_EQ(client_.bytes(), 13u);
}

TEST_F(DatabaseClientTest, WhatDoesNotFitBesideWhatIsInUseWaits) {
  const std::string a(10, 'a');
  const std::string b(11, 'b');
  bring(a);
  client_.pin(sha256(a).hex());
  client_.want(sha256(b).hex());
  find_nothing();
  static_cast<void>(asked());
  client_.take(DatabaseChunk{sha256(b), 0, b.size(), b});
  EXPECT_TRUE(store_.adds_.empty());
  client_.ask();
  EXPECT_TRUE(asked().empty());  // not before there is room
  client_.unpin(sha256(a).hex());
  client_.ask();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{sha256(b), 0})});
  client_.take(DatabaseChunk{sha256(b), 0, b.size(), b});
  take_adds();
  EXPECT_EQ(client_.want(sha256(b).hex()), Presence::here);
  EXPECT_EQ(store_.removed_, std::vector{sha256(a)});
}

TEST_F(DatabaseClientTest, WhatFitsIntoNoCacheIsGivenUpAtOnce) {
  const std::string large(21, 'x');
  const Digest digest = sha256(large);
  client_.want(digest.hex());
  find_nothing();
  client_.take(DatabaseChunk{digest, 0, 20, large.substr(0, 5)});
  EXPECT_TRUE(client_.news().given_up.empty());  // it fits exactly
  client_.forget();
  client_.want(digest.hex());
  find_nothing();
  client_.take(DatabaseChunk{digest, 0, 21, large.substr(0, 5)});
  const DatabaseNews news = client_.news();
  ASSERT_EQ(news.given_up.size(), 1u);
  EXPECT_NE(news.given_up[0].second.find(digest.hex()), std::string::npos);
  EXPECT_NE(news.given_up[0].second.find("--cache-mb"), std::string::npos);
}

TEST_F(DatabaseClientTest, ADiskThatFailsIsTheWorkersEnd) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  client_.take(DatabaseChunk{first, 0, first_.size(), first_});
  client_.take(DatabaseAdded{first, 0, false, Error{Errc::storage, "no space left"}});
  ASSERT_TRUE(client_.news().disk_failed.has_value());
}

TEST_F(DatabaseClientTest, AnAnswerToAnEarlierSessionMeansNothing) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  client_.take(DatabaseChunk{first, 0, first_.size(), first_.substr(0, 5)});
  client_.forget();
  client_.want(first.hex());
  take_adds();  // of the session before
  static_cast<void>(asked());
  found(first, {}, 5);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 5})});
}

// --- what lies there and nobody wants -----------------------------------------------------------

TEST_F(DatabaseClientTest, FilesOfEarlierProcessesCountAndGoFirst) {
  const std::string a(8, 'a');
  bring(a);
  const Digest left = sha256("left");
  client_.take(DatabasesListed{{{left, 10}}});
  EXPECT_EQ(client_.bytes(), 18u);
  bring("bcd");
  EXPECT_EQ(store_.removed_, std::vector{left});
  EXPECT_EQ(client_.bytes(), 11u);
}

TEST_F(DatabaseClientTest, FilesOfEarlierProcessesBeyondTheLimitGoAtOnce) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  client_.take(DatabasesListed{{{sha256("x"), 11}, {first, 9}}});
  EXPECT_TRUE(store_.removed_.empty());  // exactly the limit
  client_.take(DatabasesListed{{{sha256("x"), 12}}});
  EXPECT_EQ(store_.removed_, std::vector{sha256("x")});
  found(first, first_.size());
  EXPECT_EQ(client_.want(first.hex()), Presence::here);
}

TEST_F(DatabaseClientTest, FilesOfAnEndedSessionCountAndGoFirst) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  find_nothing();
  client_.take(DatabaseChunk{first, 0, 15, "12345"});
  take_adds();
  client_.take(DatabaseChunk{first, 5, 15, "67890"});
  client_.forget();
  EXPECT_EQ(client_.bytes(), 5u);
  take_adds();  // the piece that was on its way to the disk
  EXPECT_EQ(client_.bytes(), 10u);
  bring(std::string(11, 'b'));
  EXPECT_EQ(store_.removed_, std::vector{first});
  EXPECT_EQ(client_.bytes(), 11u);
}

TEST_F(DatabaseClientTest, WhatIsBeingLookedAtIsNotRemoved) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  client_.take(DatabasesListed{{{first, 21}}});
  EXPECT_TRUE(store_.removed_.empty());
}

/// One is on its way, and another is found on the disk: together they would not fit.
TEST_F(DatabaseClientTest, WhatIsFoundDoesNotTakeTheRoomOfWhatIsOnItsWay) {
  const Digest first = sha256(first_);
  const std::string large(15, 'x');
  client_.want(sha256(large).hex());
  find_nothing();
  client_.take(DatabaseChunk{sha256(large), 0, 15, large.substr(0, 5)});
  client_.want(first.hex());
  found(first, first_.size());
  EXPECT_EQ(store_.removed_, std::vector{first});
  take_adds();
  client_.take(DatabaseChunk{sha256(large), 5, 15, large.substr(5)});
  take_adds();
  EXPECT_EQ(client_.news().arrived, std::vector{sha256(large)});
  EXPECT_LE(client_.bytes(), 20u);
  EXPECT_EQ(asked().back(), (FetchDatabase{first, 0}));  // once there is room for it
}

TEST_F(DatabaseClientTest, WhatIsFoundAndFitsIntoNoCacheIsGivenUp) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  found(first, 21);
  EXPECT_EQ(client_.want(first.hex()), Presence::given_up);
  EXPECT_EQ(store_.removed_, std::vector{first});
}

/// It was there for the first look; then it was evicted.
TEST_F(DatabaseClientTest, TheAnswerToAnEarlierLookIsNotBelieved) {
  const Digest first = sha256(first_);
  client_.want(first.hex());
  const std::uint64_t earlier = store_.look_of_.at(first);
  client_.take(DatabasesListed{{{first, first_.size()}}});
  client_.unwant(first.hex());
  bring(std::string(15, 'x'));
  EXPECT_EQ(store_.removed_, std::vector{first});
  client_.want(first.hex());
  client_.take(DatabaseLooked{first, earlier, first_.size(), 0});
  EXPECT_EQ(client_.want(first.hex()), Presence::coming);
  found(first, {});
  EXPECT_EQ(asked().back(), (FetchDatabase{first, 0}));
}

TEST_F(DatabaseClientTest, WhatNobodyWaitsForAnyMoreIsNotFetched) {
  const Digest first = sha256(first_);
  const Digest second = sha256(second_);
  client_.want(first.hex());
  client_.want(first.hex());
  client_.want(second.hex());
  find_nothing();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 0})});
  client_.unwant(first.hex());
  client_.ask();
  EXPECT_TRUE(asked().empty());  // one still waits for the first
  client_.unwant(first.hex());
  client_.ask();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{second, 0})});
  client_.take(DatabaseChunk{first, 0, first_.size(), first_});
  EXPECT_TRUE(store_.adds_.empty());
}

TEST_F(DatabaseClientTest, APartThatWaitsForRoomMakesRoom) {
  const std::string a(10, 'a');
  const Digest part = sha256("part");
  bring(a);
  client_.pin(sha256(a).hex());
  client_.want(part.hex());
  found(part, {}, 5);
  client_.take(DatabaseChunk{part, 5, 11, "67"});  // it does not fit beside what is pinned
  bring("small one!");
  EXPECT_EQ(store_.removed_, std::vector{part});
  EXPECT_EQ(client_.bytes(), 20u);
}

// --- a copy that there was trouble with ----------------------------------------------------------

TEST_F(DatabaseClientTest, ADistrustedDatabaseIsLookedAtBeforeTheNextSampleUsesIt) {
  bring("whole");
  const Digest digest = sha256("whole");
  client_.distrust(digest.hex());
  EXPECT_EQ(client_.bytes(), 5u);  // the file stays
  EXPECT_EQ(client_.want(digest.hex()), Presence::coming);
  EXPECT_EQ(store_.looks_, std::deque<Digest>{digest});
  found(digest, 5);  // it is what it was
  EXPECT_EQ(client_.want(digest.hex()), Presence::here);
  EXPECT_EQ(client_.bytes(), 5u);
  EXPECT_TRUE(store_.removed_.empty());
}

TEST_F(DatabaseClientTest, ADamagedCopyIsFetchedAgainAlsoWhileItIsPinned) {
  for (const bool unpinned_first : {false, true}) {
    const std::string bytes = unpinned_first ? "first" : "other";
    bring(bytes);
    const std::uint64_t before = client_.bytes();
    const Digest digest = sha256(bytes);
    client_.pin(digest.hex());
    client_.distrust(digest.hex());
    static_cast<void>(asked());
    EXPECT_EQ(client_.want(digest.hex()), Presence::coming);
    if (unpinned_first) {
      client_.unpin(digest.hex());
    }
    bring(bytes);  // the store had found another digest, and nothing is left
    EXPECT_EQ(asked().size(), 1u);
    EXPECT_EQ(client_.want(digest.hex()), Presence::here);
    EXPECT_EQ(client_.bytes(), before);
    if (!unpinned_first) {
      client_.unpin(digest.hex());
    }
    EXPECT_EQ(client_.want(digest.hex()), Presence::here);
  }
}

}  // namespace
}  // namespace fd
