#include "protocol/run_dir.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(RunDir, NamesTheFilesOfTheContract) {
  const RunDir dir("/art/text2sql-1");
  EXPECT_EQ(dir.root(), "/art/text2sql-1");
  EXPECT_EQ(dir.run_json(), "/art/text2sql-1/run.json");
  EXPECT_EQ(dir.seal(), "/art/text2sql-1/seal.jsonl");
  EXPECT_EQ(dir.lock(), "/art/text2sql-1/lock");
  EXPECT_EQ(dir.ledger(), "/art/text2sql-1/ledger.sqlite");
  EXPECT_EQ(dir.invalid(), "/art/text2sql-1/invalid.jsonl");
  EXPECT_EQ(dir.databases(), "/art/text2sql-1/databases");
  EXPECT_EQ(dir.database("ab12"), "/art/text2sql-1/databases/ab12");
  EXPECT_EQ(dir.workers(), "/art/text2sql-1/workers");
  EXPECT_EQ(dir.worker(3), "/art/text2sql-1/workers/3");
  EXPECT_EQ(dir.shard_file(7, "input.jsonl"), "/art/text2sql-1/shards/0007/input.jsonl");
  EXPECT_EQ(dir.stage_manifest("dedup"), "/art/text2sql-1/manifests/dedup/manifest.json");
  EXPECT_EQ(dir.quality_report("distilled"),
            "/art/text2sql-1/reports/distilled/quality_report.json");
  EXPECT_EQ(dir.report("timing_report.json"), "/art/text2sql-1/reports/timing_report.json");
  EXPECT_EQ(dir.export_dir(), "/art/text2sql-1/export");
  EXPECT_EQ(dir.export_file("train.jsonl"), "/art/text2sql-1/export/train.jsonl");
}

TEST(RunDir, WritesShardsWithAtLeastFourDigits) {
  const RunDir dir("r");
  EXPECT_EQ(dir.shards(), "r/shards");
  EXPECT_EQ(dir.shard(0), "r/shards/0000");
  EXPECT_EQ(dir.shard(9999), "r/shards/9999");
  EXPECT_EQ(dir.shard(10000), "r/shards/10000");
  EXPECT_EQ(dir.shard(4294967295u), "r/shards/4294967295");
}

TEST(ValidRunId, TakesUpTo160CharactersAndUpTo64OfOneThatIsGiven) {
  EXPECT_TRUE(valid_run_id("a"));
  EXPECT_TRUE(valid_run_id(std::string(160, 'a')));
  EXPECT_FALSE(valid_run_id(std::string(161, 'a')));
  EXPECT_TRUE(valid_run_id(std::string(64, 'a'), kMaxGivenRunIdBytes));
  EXPECT_FALSE(valid_run_id(std::string(65, 'a'), kMaxGivenRunIdBytes));
  EXPECT_FALSE(valid_run_id(""));
}

TEST(ValidRunId, StartsWithALetterOrDigit) {
  EXPECT_TRUE(valid_run_id("Z9._-"));
  EXPECT_TRUE(valid_run_id("0"));
  EXPECT_FALSE(valid_run_id(".hidden"));
  EXPECT_FALSE(valid_run_id("-option"));
  EXPECT_FALSE(valid_run_id("_x"));
  EXPECT_FALSE(valid_run_id(".."));
}

TEST(ValidRunId, HasNoCharacterThatAPathOrAShellWouldRead) {
  for (const std::string_view bad : {"a/b", "a b", "a\n", "a\\b", "a:b", "\xc3\xa9", "a\xc3\xa9"}) {
    EXPECT_FALSE(valid_run_id(bad)) << bad;
  }
  EXPECT_FALSE(valid_run_id(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace fd
