#include "coordinator/merge/export.hpp"

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/merge/dataset_card.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/lines.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

SampleId id(const std::string& hex) {
  return Digest::from_hex(hex).value();
}

// The positions that the Python predecessor gave these two ids.
TEST(Split, PutsIdsWhereThePredecessorDid) {
  const SampleId first = id("34b927ffb1f99675663e21a1d4997e56b0406c1301d39d35a4bab341a899828f");
  const SampleId second = id("a9f7f56aaf542ca226092bb4069b569e3533aeca558762d07b4d62794bd61da2");
  EXPECT_NEAR(split_position(first), 0.3727611453, 5e-11);
  EXPECT_NEAR(split_position(second), 0.8285053677, 5e-11);
  EXPECT_TRUE(in_train(first, 0.9));
  EXPECT_FALSE(in_train(first, 0.3727611452));
  EXPECT_TRUE(in_train(first, 0.3727611454));
  EXPECT_FALSE(in_train(second, 0.8));
}

TEST(Split, TakesNoneAtZeroAndAllAtOne) {
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_FALSE(in_train(sample_id(i), 0.0));
    EXPECT_TRUE(in_train(sample_id(i), 1.0));
  }
}

TEST(Split, TakesAboutTheRatio) {
  int train = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    train += in_train(sample_id(i), 0.9) ? 1 : 0;
  }
  EXPECT_GT(train, 860);
  EXPECT_LT(train, 940);
}

class Export : public testing::Test {
 protected:
  void run(const std::vector<FinishedSample>& samples) {
    const IngestSummary ingest = write_run(dir_, config_, samples, 1);
    const auto summary = merge_run(dir_, config_, ingest, {});
    ASSERT_TRUE(summary.ok()) << summary.error().message;
  }
  std::string train() { return bytes_of(dir_.export_file("train.jsonl")); }

  RunDir dir_{fresh_folder()};
  RunConfig config_ = [] {
    RunConfig config = artifacts_config();
    config.export_.train_ratio = 1.0;
    return config;
  }();
};

TEST_F(Export, WritesTheTrainLineOfTheContract) {
  const FinishedSample kept = kept_sample(1);
  run({kept});
  EXPECT_EQ(train(),
            R"({"messages":[{"role":"system","content":"Return SQL only."},)"
            R"({"role":"user","content":"Schema: users(id, name); posts(id, user_id)\n)"
            R"(Question: how many \"users\" have more than 1 posts?\nSQL:"},)"
            R"({"role":"assistant","content":"SELECT COUNT(id) FROM users WHERE posts > 1"}],)"
            R"("metadata":{"sample_id":")" +
                kept.sample.id.hex() + "\"}}\n");
}

TEST_F(Export, TellsAllGoldsOfARejectedSample) {
  FinishedSample rejected = rejected_sample(2, Reason::gold_mismatch);
  rejected.sample.more_golds = {"SELECT 3", "SELECT 4"};
  run({kept_sample(1), rejected});
  const std::string line = bytes_of(dir_.export_file("rejected.jsonl"));
  EXPECT_NE(line.find(R"(,"more_golds":["SELECT 3","SELECT 4"],"reason":"gold_mismatch")"),
            std::string::npos)
      << line;
}

/// Many readers of lines end one at U+2028: no line of ours may be two to them.
TEST_F(Export, EscapesWhatSomeReadersTakeForLineEnds) {
  config_.teacher.system_prompt = "a\u2028b\u2029c\u2027\u202Ad";
  FinishedSample rejected = rejected_sample(2, Reason::too_long);
  rejected.sample.canonical_input = "{\"instruction\":\"x\u2028\u2029\"}";
  run({kept_sample(1), rejected});
  EXPECT_TRUE(train().starts_with(
      "{\"messages\":[{\"role\":\"system\",\"content\":\"a\\u2028b\\u2029c\u2027\u202Ad\"}"))
      << train();
  const std::string other = bytes_of(dir_.export_file("rejected.jsonl"));
  EXPECT_NE(other.find("\"x\\u2028\\u2029\""), std::string::npos) << other;
}

TEST_F(Export, LeavesOutAnEmptySystemMessage) {
  config_.teacher.system_prompt.clear();
  run({kept_sample(1)});
  EXPECT_TRUE(train().starts_with(R"({"messages":[{"role":"user","content":"Schema: )")) << train();
}

TEST_F(Export, ManifestOfDistilledCoversTheRowsInCanonicalForm) {
  run({kept_sample(1), kept_sample(2), kept_sample(3)});
  std::string canonical;
  const std::string text = train();
  LineReader rows("train.jsonl", text);
  for (std::string_view line; rows.next_line(line);) {
    const auto value = json::parse(line);
    ASSERT_TRUE(value.ok());
    canonical += json::canonical(*value) + "\n";
  }
  EXPECT_EQ(read_manifest(dir_.stage_manifest("distilled"))->content_sha256, sha256(canonical));
}

TEST_F(Export, SplitsTrainAndValidWithoutLosingARow) {
  config_.export_.train_ratio = 0.5;
  std::vector<FinishedSample> samples;
  std::size_t expected_train = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    samples.push_back(kept_sample(i));
    expected_train += in_train(sample_id(i), 0.5) ? 1u : 0u;
  }
  run(samples);
  const std::string valid = bytes_of(dir_.export_file("valid.jsonl"));
  const auto rows = [](const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  };
  EXPECT_EQ(rows(train()), expected_train);
  EXPECT_EQ(rows(valid), 60 - expected_train);
  for (const FinishedSample& one : samples) {
    const std::string& file = in_train(one.sample.id, 0.5) ? train() : valid;
    EXPECT_NE(file.find(one.sample.id.hex()), std::string::npos);
  }
}

/// What endpoints call their models is not of the same bytes in every run: it stands in the cost
/// report.
TEST_F(Export, CardNamesFilesConfigAndGatesAndNoServedModel) {
  FinishedSample other = kept_sample(2);
  other.calls.front().served_model = "fd-simulator|`x`\n";
  run({kept_sample(1), other, rejected_sample(3, Reason::gold_mismatch)});
  const std::string card = bytes_of(dir_.export_file("README.md"));
  EXPECT_TRUE(
      card.starts_with("---\ntask_categories:\n- text-generation\nsize_categories:\n- n<1K\n"
                       "tags:\n- synthetic\n- distillation\n- \"text2sql\"\nconfigs:\n"
                       "- config_name: default\n  data_files:\n  - split: train\n"
                       "    path: train.jsonl\n---\n"))
      << card;
  const Manifest distilled = read_manifest(dir_.stage_manifest("distilled")).value();
  for (const std::string& part :
       {distilled.config_digest.hex(), digest_file(dir_.export_file("train.jsonl"))->sha256.hex(),
        std::string("| gold_mismatch | 1 |\n"),
        std::string("| max_failed_fraction | 0 <= 0 | pass |"),
        std::string("load_dataset(\"path/to/this/folder\")")}) {
    EXPECT_NE(card.find(part), std::string::npos) << part << "\n" << card;
  }
  EXPECT_EQ(card.find("fd-simulator"), std::string::npos) << card;
  EXPECT_EQ(card.find(dir_.root()), std::string::npos) << "names a path of this machine";
}

TEST_F(Export, CardHasNoSplitWithoutRows) {
  run({rejected_sample(3, Reason::gold_mismatch)});
  const std::string card = bytes_of(dir_.export_file("README.md"));
  EXPECT_EQ(card.find("configs:"), std::string::npos) << card;
}

TEST_F(Export, CardSaysOfLicenseLanguageAndNameWhatTheConfigSays) {
  config_.export_.license = "cc-by-4.0";
  config_.export_.language = {"en", "no"};  // without quotes the second would be false
  config_.export_.pretty_name = "Clinic: \"rows\"";
  run({kept_sample(1)});
  const std::string card = bytes_of(dir_.export_file("README.md"));
  EXPECT_TRUE(
      card.starts_with("---\nlicense: \"cc-by-4.0\"\nlanguage:\n- \"en\"\n- \"no\"\n"
                       "pretty_name: \"Clinic: \\\"rows\\\"\"\ntask_categories:\n"))
      << card;
}

TEST_F(Export, CardGivesTheSizeInTheWordsOfTheHub) {
  const std::vector<std::pair<std::uint64_t, std::string>> sizes = {
      {0, "n<1K"},
      {999, "n<1K"},
      {1000, "1K<n<10K"},
      {9999, "1K<n<10K"},
      {10'000, "10K<n<100K"},
      {999'999, "100K<n<1M"},
      {1'000'000, "1M<n<10M"},
      {99'999'999, "10M<n<100M"},
      {999'999'999, "100M<n<1B"},
      {1'000'000'000, "1B<n<10B"},
      {99'999'999'999, "10B<n<100B"},
      {999'999'999'999, "100B<n<1T"},
      {1'000'000'000'000, "n>1T"},
      {UINT64_MAX, "n>1T"},
  };
  for (const auto& [rows, name] : sizes) {
    ExportFiles files;
    files.train_rows = rows / 2;
    files.valid_rows = rows - rows / 2;
    const std::string card = dataset_card(config_, {}, {}, files);
    EXPECT_NE(card.find("\nsize_categories:\n- " + name + "\ntags:\n"), std::string::npos) << rows;
  }
}

TEST_F(Export, ATemplateThatNamesAnotherFieldIsRefused) {
  config_.teacher.prompt = "{{nothing}}";
  const auto summary = merge_run(dir_, config_, IngestSummary(), {});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, Errc::invalid_input);
}

}  // namespace
}  // namespace fd
