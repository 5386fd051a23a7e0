#include "coordinator/control/shard_loader.hpp"

#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using testing_support::FinishedSample;

/// A run of one shard of three samples; its ledger has the first one's answer.
class ShardLoaderTest : public testing::Test {
 protected:
  ShardLoaderTest() : dir_(testing_support::fresh_folder()) {
    write_inputs(dir_, testing_support::artifacts_config(), samples_, 1);
    LedgerOptions options;
    options.path = dir_.ledger();
    options.run_id = "run";
    options.gather = Duration::zero();
    LedgerStart start;
    ledger_ = Ledger::open(options, start).value();
    Record record;
    record.answer = samples_[0].answers.at(0);
    ledger_->append({record}, {});
    EXPECT_TRUE(ledger_->flush().ok());
  }
  static Record beside() {
    Record record;
    record.answer.emplace();
    record.answer->text = "beside";
    return record;
  }

  RunDir dir_;
  std::vector<FinishedSample> samples_ = testing_support::mixed_samples(3);
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(ShardLoaderTest, BringsSamplesRecordsAndWhatLiesBeside) {
  std::size_t asked = 0;
  const ShardLoader loader(
      dir_, ledger_.get(),
      [&](std::uint32_t shard, const std::vector<Sample>& samples) -> Result<std::vector<Record>> {
        EXPECT_EQ(shard, 0u);
        asked = samples.size();
        return std::vector<Record>{beside()};
      });
  const auto loaded = loader.load(0);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->shard, 0u);
  EXPECT_EQ(loaded->samples.size(), 3u);
  ASSERT_EQ(loaded->recorded.size(), 1u);
  EXPECT_EQ(loaded->recorded[0].answer, samples_[0].answers.at(0));
  ASSERT_EQ(loaded->beside.size(), 1u);
  EXPECT_EQ(asked, 3u);
}

TEST_F(ShardLoaderTest, AsksNoLedgerOnAFirstStart) {
  const auto loaded = ShardLoader(dir_, nullptr, {}).load(0);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->samples.size(), 3u);
  EXPECT_TRUE(loaded->recorded.empty());
  EXPECT_TRUE(loaded->beside.empty());
}

TEST_F(ShardLoaderTest, PassesOnWhatCannotBeRead) {
  const ShardLoader beside_fails(
      dir_, nullptr, [](std::uint32_t, const std::vector<Sample>&) -> Result<std::vector<Record>> {
        return Error{Errc::corrupt, "an earlier run"};
      });
  EXPECT_EQ(beside_fails.load(0).error().message, "an earlier run");
  const std::string input = dir_.shard_file(0, RunDir::kInput);
  testing_support::put_bytes(input, testing_support::bytes_of(input) + "x");
  EXPECT_EQ(ShardLoader(dir_, nullptr, {}).load(0).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace fd
