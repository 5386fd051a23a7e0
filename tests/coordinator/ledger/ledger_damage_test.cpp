#include <cstdint>
#include <map>
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
constexpr const char* kWal = "ledger.sqlite-wal";

class LedgerDamage : public testing::Test {
 protected:
  LedgerDamage() : disk_(1), vfs_(disk_), events_(2, kShards) {}

  std::unique_ptr<Ledger> open(LedgerStart& start, int checkpoint_pages = 1 << 30) {
    LedgerOptions options;
    options.path = kPath;
    options.run_id = "r1";
    options.vfs = vfs_.name();
    options.gather = Duration::zero();
    options.checkpoint_pages = checkpoint_pages;
    auto ledger = Ledger::open(options, start);
    refusal_ = ledger.ok() ? std::nullopt : std::optional(ledger.error());
    return ledger.ok() ? std::move(ledger).value() : nullptr;
  }
  /// Commits `count` transactions of one random batch each.
  void commit(Ledger& ledger, int count) {
    LedgerDriver driver(ledger);
    for (; count > 0; --count) {
      batches_.push_back(events_.batch());
      ASSERT_EQ(driver.commit({batches_.back()}), 1u);
    }
  }
  /// Puts these bytes there, as if a person had, and nothing else.
  void put(const std::string& bytes, const std::string& wal) {
    disk_.put(kPath, bytes);
    disk_.erase(kWal);
    disk_.erase("ledger.sqlite-journal");
    if (!wal.empty()) {
      disk_.put(kWal, wal);
    }
  }
  /// Returns what a coordinator would read; every refusal says that the bytes are no good. (Byte 18
  /// of a database says who may write it: SQLite takes a wrong one for a read-only file.)
  std::optional<LedgerImage> read() {
    LedgerStart start;
    const auto ledger = open(start);
    if (ledger == nullptr) {
      EXPECT_TRUE(refusal_->code == Errc::corrupt || refusal_->code == Errc::unsupported ||
                  refusal_->message.find("readonly") != std::string::npos)
          << refusal_->message;
      return std::nullopt;
    }
    auto image = read_image(*ledger, start, kShards);
    if (!image.ok()) {
      EXPECT_EQ(image.error().code, Errc::corrupt) << image.error().message;
      return std::nullopt;
    }
    return std::move(image).value();
  }
  /// Returns whether verify_ledger() finds nothing.
  bool verified() {
    const auto done = verify_ledger(kPath, "r1", vfs_.name());
    if (!done.ok()) {
      EXPECT_TRUE(done.error().code == Errc::corrupt || done.error().code == Errc::unsupported)
          << done.error().message;
      EXPECT_NE(done.error().message.find(kPath), std::string::npos) << done.error().message;
    }
    return done.ok();
  }
  /// Returns whether no record of `image` is other than it was written: each shard's are the first
  /// of those that it had.
  [[nodiscard]] bool unaltered(const LedgerImage& image) const {
    LedgerImage whole;
    for (const LedgerBatch& batch : batches_) {
      whole.add(batch);
    }
    for (const auto& [shard, records] : image.records) {
      const std::vector<Record>& written = whole.records[shard];
      if (records.size() > written.size() ||
          !std::equal(records.begin(), records.end(), written.begin())) {
        return false;
      }
    }
    return true;
  }

  SimulatedDisk disk_;
  FdsimVfs vfs_;
  LedgerEvents events_;
  std::vector<LedgerBatch> batches_;
  std::optional<Error> refusal_;
};

TEST_F(LedgerDamage, C09AFlippedByteIsFoundOrHarmless) {
  LedgerStart start;
  commit(*open(start), 20);
  const std::string sound = disk_.bytes(kPath);
  const auto original = read();
  ASSERT_TRUE(original.has_value());
  constexpr std::size_t kHeaderBytes = 100;
  std::uint64_t found = 0;
  std::uint64_t tried = 0;
  for (std::size_t at = 0; at < sound.size() && !HasFailure(); at += at < kHeaderBytes ? 1 : 7) {
    // One bit or all of them: either may turn a damaged number into one that looks right.
    const unsigned mask = at % 2 == 0 ? 1u << (at / 2 % 8) : 0xFFu;
    SCOPED_TRACE("byte " + std::to_string(at) + " xor " + std::to_string(mask));
    std::string damaged = sound;
    damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ mask);
    put(damaged, {});
    const bool clean = verified();
    EXPECT_EQ(disk_.bytes(kPath), damaged) << "verify changed the file";
    const auto image = read();
    if (image) {
      EXPECT_TRUE(unaltered(*image));
      EXPECT_TRUE(!clean || same(*image, *original)) << "other content, and nobody says so";
    }
    found += clean ? 0 : 1;
    ++tried;
  }
  EXPECT_GT(found, tried / 3);  // the rest is free space
}

TEST_F(LedgerDamage, C10AWriteAheadLogThatIsCutShortGivesAPrefix) {
  LedgerStart start;
  commit(*open(start), 8);  // closed: these are in the file
  std::string file;
  std::string wal;
  {
    const auto ledger = open(start);
    commit(*ledger, 8);
    file = disk_.bytes(kPath);
    wal = disk_.bytes(kWal);
  }
  std::size_t longest = 0;
  for (std::size_t size = 0; size <= wal.size() && !HasFailure(); size += 512) {
    SCOPED_TRACE("write-ahead log of " + std::to_string(size) + " bytes");
    put(file, wal.substr(0, size));
    const auto image = read();
    ASSERT_TRUE(image.has_value());
    const auto prefix = prefix_of(batches_, 8, *image);
    ASSERT_TRUE(prefix.has_value());
    EXPECT_GE(*prefix, longest);
    longest = *prefix;
    EXPECT_TRUE(verified());
  }
  put(file, wal);
  const auto image = read();
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(prefix_of(batches_, 16, *image), batches_.size());
}

TEST_F(LedgerDamage, C10AWriteAheadLogThatWasDeletedInTheMiddleOfItsCheckpointIsNoticed) {
  // The file is then neither of before nor of after: the one state that a lost log can make worse.
  std::uint64_t noticed = 0;
  std::uint64_t places = 0;
  for (std::uint64_t changes = 0; !HasFailure(); ++changes) {
    SCOPED_TRACE("killed after " + std::to_string(changes) + " changes of the checkpoint");
    for (const char* name : {kPath, kWal, "ledger.sqlite-journal"}) {
      disk_.erase(name);
    }
    batches_.clear();
    events_ = LedgerEvents(3, kShards);
    LedgerStart start;
    commit(*open(start), 8);
    {
      const auto ledger = open(start);
      commit(*ledger, 12);
      disk_.power_off_after(changes);  // closing is a checkpoint
    }
    const bool killed = disk_.faulted();
    std::string file;
    if (killed) {
      file = disk_.find(kPath)->current;
    }
    disk_.power_cut();
    if (!killed) {
      break;
    }
    ++places;
    put(file, {});
    const bool clean = verified();
    const auto image = read();
    if (image) {
      EXPECT_TRUE(unaltered(*image));
      EXPECT_TRUE(!clean || prefix_of(batches_, 8, *image).has_value());
    }
    noticed += clean ? 0 : 1;
  }
  EXPECT_GE(places, 8u);
  EXPECT_GE(noticed, 1u);
}

}  // namespace
}  // namespace fd
