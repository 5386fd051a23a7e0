#include "coordinator/ingest/ingest_summary.hpp"

#include <string>

#include <gtest/gtest.h>

#include "coordinator/merge/merge.hpp"

namespace fd {
namespace {

TEST(IngestSummaryJson, ComesBack) {
  IngestSummary ingest;
  ingest.run_id = "run-1";
  ingest.raw = 10;
  ingest.invalid = 1;
  ingest.duplicate = 2;
  ingest.conflict = 1;
  ingest.unique = 7;
  ingest.shards = 3;
  ingest.inputs = {{"samples.jsonl", 1234, 10, sha256("x")}};
  ingest.databases = {{sha256("y").hex(), "a/b.sqlite", 4096}};
  const auto back = ingest_summary_from_json(to_json(ingest));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(ingest));
  EXPECT_EQ(back->inputs.front().sha256, ingest.inputs.front().sha256);
  EXPECT_EQ(back->databases.front().source, "a/b.sqlite");
}

TEST(IngestSummaryJson, NamesTheKeyThatIsWrong) {
  IngestSummary ingest;
  ingest.shards = 1;
  ingest.inputs = {{"samples.jsonl", 1, 1, sha256("x")}};
  for (const char* key : {"run_id", "raw", "invalid", "duplicate", "conflict", "unique", "shards",
                          "inputs", "databases"}) {
    json::Value value = to_json(ingest);
    value.as_object()->erase(key);
    const auto back = ingest_summary_from_json(value);
    ASSERT_FALSE(back.ok()) << key;
    EXPECT_EQ(back.error().code, Errc::corrupt);
    EXPECT_EQ(back.error().message, "ingest: " + std::string(key) + " is missing");
  }
  ingest.shards = 0;
  EXPECT_EQ(ingest_summary_from_json(to_json(ingest)).error().message,
            "ingest: shards is no number of shards");
}

}  // namespace
}  // namespace fd
