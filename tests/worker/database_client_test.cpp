#include "worker/database_client.hpp"

#include "tests/support/temp_folder.hpp"
#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using std::chrono::seconds;
using testing_support::TempFolder;
using testing_support::WorkerCoreTest;

class HandClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  Instant now_{};
};

class DatabaseClientTest : public WorkerCoreTest {
 protected:
  DatabaseClientTest()
      : cache_(folder_.root(), 1u << 20),
        scheduler_(cache_, core_, clock_, log_,
                   [this](const FetchDatabase& fetch) { asked_.push_back(fetch); }) {}

  /// What was asked for since the last time.
  std::vector<FetchDatabase> asked() { return std::exchange(asked_, {}); }

  TempFolder folder_;
  HandClock clock_;
  Log log_{LogLevel::error, "test"};
  DatabaseCache cache_;
  std::vector<FetchDatabase> asked_;
  DatabaseClient scheduler_;
  const std::string first_ = "the first database";
  const std::string second_ = "the second one";
};

TEST_F(DatabaseClientTest, B10OneDatabaseIsAskedForAtATime) {
  const Digest first = sha256(first_);
  const Digest second = sha256(second_);
  EXPECT_EQ(scheduler_.missing(first.hex()), first);
  EXPECT_EQ(scheduler_.missing(second.hex()), second);
  EXPECT_EQ(scheduler_.missing(first.hex()), first);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 0})});
  const auto half = scheduler_.take({first, 0, first_.size(), first_.substr(0, 5)});
  ASSERT_TRUE(half.ok());
  EXPECT_EQ(*half, std::nullopt);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 5})});
  const auto whole = scheduler_.take({first, 5, first_.size(), first_.substr(5)});
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, first);
  EXPECT_EQ(scheduler_.missing(first.hex()), std::nullopt);
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{second, 0})});
}

TEST_F(DatabaseClientTest, B10APieceThatMayStillBeOnItsWayIsNotAskedForAgain) {
  join();
  const Digest first = sha256(first_);
  EXPECT_EQ(scheduler_.missing(first.hex()), first);
  ASSERT_EQ(asked().size(), 1u);
  clock_.now_ += seconds(60);
  scheduler_.ask();
  EXPECT_TRUE(asked().empty());
  hear({});
  step(WorkerTicked{scheduler_.asking()});
  now_ += seconds(1);
  step(WorkerTicked{scheduler_.asking()});  // a flush marker leaves
  hear_flush_marker();
  scheduler_.ask();
  EXPECT_EQ(asked(), std::vector{(FetchDatabase{first, 0})});
  clock_.now_ += seconds(1);
  now_ += seconds(1);
  step(WorkerTicked{scheduler_.asking()});
  hear_flush_marker();
  scheduler_.ask();
  EXPECT_TRUE(asked().empty());  // not yet
}

}  // namespace
}  // namespace fd
