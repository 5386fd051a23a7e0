#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/ledger/ledger.hpp"
#include "tests/coordinator/ledger/ledger_driver.hpp"
#include "tests/support/fdsim_vfs.hpp"

namespace fd {
namespace {

using testing_support::FdsimVfs;
using testing_support::SimulatedDisk;

constexpr std::uint32_t kShards = 4;
constexpr const char* kPath = "ledger.sqlite";

/// One ledger over many lives of its coordinator, on a disk that fails.
class Lives {
 public:
  Lives(std::uint64_t seed, int checkpoint_pages)
      : disk(seed), vfs(disk), events(seed + 1, kShards) {
    options_.path = kPath;
    options_.run_id = "r1";
    options_.vfs = vfs.name();
    options_.gather = Duration::zero();
    options_.random = [this] { return events.below(UINT64_MAX); };
    options_.checkpoint_pages = checkpoint_pages;
  }

  /// Opens the ledger and checks that it holds a prefix of what was committed, with everything that
  /// was acknowledged. Returns nothing when the disk failed before that.
  std::unique_ptr<Ledger> open() {
    LedgerStart start;
    auto ledger = Ledger::open(options_, start);
    if (!ledger.ok()) {
      EXPECT_TRUE(disk.faulted()) << ledger.error().message;
      EXPECT_EQ(ledger.error().code, Errc::storage) << ledger.error().message;
      return nullptr;
    }
    EXPECT_GT(start.epoch, epoch_) << "an epoch came back";
    epoch_ = start.epoch;
    auto image = read_image(**ledger, start, kShards);
    EXPECT_TRUE(image.ok()) << image.error().message;
    const auto prefix = prefix_of(batches, acknowledged, *image);
    EXPECT_TRUE(prefix.has_value())
        << "not a prefix with the " << acknowledged << " batches that were acknowledged";
    // What was lost was never acknowledged: it does not come back, either.
    batches.resize(prefix.value_or(batches.size()));
    acknowledged = batches.size();
    std::uint64_t fence = 0;
    for (const LeaseGranted& lease : start.leases) {
      fence = std::max(fence, lease.fence);
    }
    EXPECT_EQ(start.last_fence, fence);
    return std::move(ledger).value();
  }

  /// Commits up to `groups` transactions of random batches; stops when one fails.
  void work(Ledger& ledger, std::uint64_t groups) {
    LedgerDriver driver(ledger);
    for (; groups > 0 && !driver.failure(); --groups) {
      std::vector<LedgerBatch> group;
      for (std::uint64_t left = 1 + events.below(3); left > 0; --left) {
        group.push_back(events.batch());
      }
      batches.insert(batches.end(), group.begin(), group.end());
      acknowledged += driver.commit(group);
    }
    if (const auto failure = driver.failure()) {
      EXPECT_TRUE(disk.faulted()) << failure->message;
      EXPECT_EQ(failure->code, Errc::storage);
      EXPECT_EQ(driver.commit({{answer_record(0, "after the failure")}}), 0u);
    }
  }

  /// Opens once more without faults, closes, and checks that all is in the one file.
  void finish() {
    ASSERT_NE(open(), nullptr);
    const auto verified = verify_ledger(kPath, "r1", vfs.name());
    EXPECT_TRUE(verified.ok()) << verified.error().message;
    EXPECT_EQ(disk.find("ledger.sqlite-wal"), nullptr);
  }

  SimulatedDisk disk;
  FdsimVfs vfs;
  LedgerEvents events;
  std::vector<LedgerBatch> batches;  ///< in the order of their commits
  std::size_t acknowledged = 0;      ///< batches, from the first on

 private:
  LedgerOptions options_;
  std::uint64_t epoch_ = 0;
};

TEST(LedgerPowerCut, C08NothingAcknowledgedIsLost) {
  constexpr std::uint64_t kLedgers = 250;
  constexpr std::uint64_t kLivesEach = 10;
  std::uint64_t cuts = 0;
  std::uint64_t cuts_while_opening = 0;
  std::uint64_t lost = 0;
  std::uint64_t kept = 0;
  for (std::uint64_t seed = 0; seed < kLedgers && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    // From a checkpoint after every commit to none before the close.
    Lives lives(seed, static_cast<int>(1 + (seed % 4) * 12));
    for (std::uint64_t life = 0; life < kLivesEach && !testing::Test::HasFailure(); ++life) {
      SCOPED_TRACE("life " + std::to_string(life));
      lives.disk.power_off_after(lives.events.below(life % 3 == 0 ? 12 : 80));
      const std::size_t before = lives.batches.size();
      if (auto ledger = lives.open()) {
        lost += before - lives.batches.size();
        lives.work(*ledger, 12);
      } else {
        ++cuts_while_opening;
      }
      kept += lives.batches.size() - lives.acknowledged;
      cuts += lives.disk.faulted() ? 1 : 0;
      lives.disk.power_cut();
    }
    lives.finish();
  }
  // The test is worth something: cuts everywhere, and something was there to be lost.
  EXPECT_GE(cuts, 2000u);
  EXPECT_GE(cuts_while_opening, 100u);
  EXPECT_GE(lost, 100u);
  EXPECT_GE(kept, lost);
  RecordProperty("cuts", std::to_string(cuts));
}

TEST(LedgerPowerCut, TheSameSeedGivesTheSameBytes) {
  const auto bytes_after = [](std::uint64_t seed) {
    Lives lives(seed, 8);
    for (int life = 0; life < 3; ++life) {
      lives.disk.power_off_after(60);
      if (auto ledger = lives.open()) {
        lives.work(*ledger, 12);
      }
      lives.disk.power_cut();
    }
    const auto wal = lives.disk.find("ledger.sqlite-wal");
    return lives.disk.bytes(kPath) + (wal == nullptr ? "" : wal->current);
  };
  const std::string first = bytes_after(5);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(bytes_after(5), first);
  EXPECT_NE(bytes_after(6), first);
}

/// Lets one life go on beside a fault at every possible place, then cuts the power and looks.
template <class Plan>
std::uint64_t at_every_place(Plan plan) {
  constexpr std::uint64_t kGroups = 12;
  std::uint64_t places = 0;
  for (std::uint64_t nth = 1; !testing::Test::HasFailure(); ++nth) {
    SCOPED_TRACE("fault " + std::to_string(nth));
    Lives lives(nth, 8);
    plan(lives.disk, nth);
    if (auto ledger = lives.open()) {
      lives.work(*ledger, kGroups);
    }
    const bool faulted = lives.disk.faulted();
    lives.disk.power_cut();
    lives.finish();
    if (!faulted) {
      return places;
    }
    ++places;
  }
  return places;
}

TEST(LedgerFaults, C04AfterAnySyncThatFailsNothingIsAcknowledged) {
  EXPECT_GE(at_every_place([](SimulatedDisk& disk, std::uint64_t nth) { disk.fail_sync(nth); }),
            15u);
}

TEST(LedgerFaults, C04AfterAnyWriteThatFailsNothingIsAcknowledged) {
  EXPECT_GE(at_every_place([](SimulatedDisk& disk, std::uint64_t nth) { disk.fail_write(nth); }),
            80u);
}

TEST(LedgerFaults, C01AfterTheDiskIsFullNothingIsAcknowledgedAndWhatWasStays) {
  constexpr std::uint64_t kStep = 896;
  EXPECT_GE(at_every_place([](SimulatedDisk& disk, std::uint64_t nth) {
              disk.limit_space((nth - 1) * kStep);
            }),
            80u);
}

TEST(LedgerFaults, C01AFullDiskIsNamedAsSuch) {
  Lives lives(1, 1000);
  const auto ledger = lives.open();
  ASSERT_NE(ledger, nullptr);
  lives.disk.limit_space(0);
  LedgerDriver driver(*ledger);
  EXPECT_EQ(driver.commit({{answer_record(1, std::string(100000, 'x'))}}), 0u);
  ASSERT_TRUE(driver.failure().has_value());
  EXPECT_EQ(driver.failure()->code, Errc::storage);
  EXPECT_EQ(driver.failure()->message, "ledger.sqlite: database or disk is full");
  // Space is free again; this process acknowledges nothing any more.
  lives.disk.limit_space(std::nullopt);
  EXPECT_EQ(driver.commit({{answer_record(1, "x")}}), 0u);
  const auto flushed = ledger->flush();
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().message, "ledger.sqlite: database or disk is full");
}

}  // namespace
}  // namespace fd
