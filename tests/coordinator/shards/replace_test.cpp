#include "coordinator/shards/replace.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

namespace fs = std::filesystem;

constexpr std::array<const char*, 6> kFiles = {"answers.jsonl", "calls.jsonl",   "config.json",
                                               "input.jsonl",   "manifest.json", "outcomes.jsonl"};

/// In the order in which they are moved.
constexpr std::array<const char*, 5> kMoved = {"answers.jsonl", "calls.jsonl", "config.json",
                                               "outcomes.jsonl", "manifest.json"};

class ShardReplace : public testing::Test {
 protected:
  std::map<std::string, std::string> files(const std::string& folder) const {
    std::map<std::string, std::string> found;
    for (const char* name : kFiles) {
      found[name] = bytes_of(folder + "/" + name);
    }
    return found;
  }
  /// Returns a shard whose replacement was cut off after the decision, when `moved` files have been
  /// moved already.
  std::string cut_off_after(std::size_t moved) const {
    const std::string folder = RunDir(write_rules_run(config_, failed_, 1)).shard(0);
    const std::string staging = folder + "/.replay/shard";
    fs::create_directories(staging);
    for (std::size_t i = 0; i < kMoved.size(); ++i) {
      const std::string name = kMoved.at(i);
      put_bytes((i < moved ? folder : staging) + "/" + name, bytes_of(reference_ + "/" + name));
    }
    put_bytes(folder + "/.replay/committed", "committed\n");
    return folder;
  }
  RunConfig config_ = rules_config();
  Texts failed_ = {{"good"}, {std::nullopt}};
  Texts whole_ = {{"good"}, {"better"}};
  std::string folder_ = RunDir(write_rules_run(config_, failed_, 1)).shard(0);
  std::string reference_ = RunDir(write_rules_run(config_, whole_, 1)).shard(0);
};

TEST_F(ShardReplace, LeavesTheNewFilesAndNothingElse) {
  const auto manifest = replace_shard(folder_, config_, rules_result(config_, whole_, 0, 1));
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(manifest->state, ShardFileState::committed);
  EXPECT_EQ(files(folder_), files(reference_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 6);
}

TEST_F(ShardReplace, ARunReplacesAFailedShardAsAWhole) {
  RunDir dir(fs::path(folder_).parent_path().parent_path().string());
  ASSERT_TRUE(write_shard(dir, config_, rules_result(config_, whole_, 0, 1)).ok());
  EXPECT_EQ(files(folder_), files(reference_));
}

TEST_F(ShardReplace, ForgetsWhatWasCutOffBeforeTheDecision) {
  const auto before = files(folder_);
  fs::create_directories(folder_ + "/.replay/shard");
  put_bytes(folder_ + "/.replay/shard/answers.jsonl", "half of");
  ASSERT_TRUE(finish_replacement(folder_).ok());
  EXPECT_EQ(files(folder_), before);
  EXPECT_FALSE(file_exists(folder_ + "/.replay"));
}

TEST_F(ShardReplace, FinishesWhatWasCutOffAfterTheDecisionWhereverItStopped) {
  for (std::size_t moved = 0; moved <= kMoved.size(); ++moved) {
    const std::string folder = cut_off_after(moved);
    ASSERT_TRUE(finish_replacement(folder).ok()) << moved;
    EXPECT_EQ(files(folder), files(reference_)) << moved;
    EXPECT_FALSE(file_exists(folder + "/.replay")) << moved;
  }
}

TEST_F(ShardReplace, ReadersFindTheNewShardWholeWhereverItsReplacementStands) {
  const auto whole = read_finished_shard_at(reference_);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  for (std::size_t moved = 0; moved <= kMoved.size(); ++moved) {
    const std::string folder = cut_off_after(moved);
    const auto texts = read_finished_shard_at(folder);
    ASSERT_TRUE(texts.ok()) << moved << ": " << texts.error().message;
    EXPECT_EQ(texts->manifest, whole->manifest) << moved;
    EXPECT_EQ(texts->outcomes, whole->outcomes) << moved;
    EXPECT_EQ(texts->answers, whole->answers) << moved;
    EXPECT_EQ(texts->calls, whole->calls) << moved;
  }
}

TEST_F(ShardReplace, LeavesTheJournalOfAReplayThatIsNotCommitted) {
  fs::create_directories(replay_journal(folder_));
  ASSERT_TRUE(finish_replacement(folder_).ok());
  EXPECT_TRUE(file_exists(replay_journal(folder_)));
}

TEST_F(ShardReplace, RefusesAShardWhoseInputIsDamaged) {
  const auto before = files(folder_);
  put_bytes(folder_ + "/input.jsonl", before.at("input.jsonl") + " ");
  const auto manifest = replace_shard(folder_, config_, rules_result(config_, whole_, 0, 1));
  ASSERT_FALSE(manifest.ok());
  EXPECT_EQ(manifest.error().code, Errc::corrupt);
  EXPECT_EQ(bytes_of(folder_ + "/outcomes.jsonl"), before.at("outcomes.jsonl"));
}

}  // namespace
}  // namespace fd
