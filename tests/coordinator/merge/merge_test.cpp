#include "coordinator/merge/merge.hpp"

#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// Every file that a merge writes and that must not depend on how the run went.
const std::vector<std::string>& stable_files() {
  static const std::vector<std::string> files = {"manifests/teacher/manifest.json",
                                                 "manifests/filtered/manifest.json",
                                                 "manifests/exec/manifest.json",
                                                 "manifests/scored/manifest.json",
                                                 "manifests/selected/manifest.json",
                                                 "manifests/distilled/manifest.json",
                                                 "reports/teacher_eval/quality_report.json",
                                                 "reports/distilled/quality_report.json",
                                                 "export/train.jsonl",
                                                 "export/valid.jsonl",
                                                 "export/rejected.jsonl",
                                                 "export/README.md"};
  return files;
}

std::map<std::string, std::string> merged_files(const std::vector<FinishedSample>& samples,
                                                std::uint32_t shards) {
  const RunDir dir(fresh_folder());
  const RunConfig config = artifacts_config();
  const IngestSummary ingest = write_run(dir, config, samples, shards);
  const auto summary = merge_run(dir, config, ingest, {});
  EXPECT_TRUE(summary.ok()) << (summary.ok() ? "" : summary.error().message);
  std::map<std::string, std::string> files;
  for (const std::string& file : stable_files()) {
    files[file] = bytes_of(dir.root() + "/" + file);
  }
  return files;
}

class MergeRun : public testing::Test {
 protected:
  void write(const std::vector<FinishedSample>& samples, std::uint32_t shards) {
    ingest_ = write_run(dir_, config_, samples, shards);
  }
  Result<RunSummary> merge() { return merge_run(dir_, config_, ingest_, {}); }
  void expect_corrupt(const std::string& message_part) {
    const auto summary = merge();
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().code, Errc::corrupt) << summary.error().message;
    EXPECT_NE(summary.error().message.find(message_part), std::string::npos)
        << summary.error().message;
  }
  /// Changes a file of shard 0 and makes the manifest agree with the change.
  void forge(const std::string& file, const std::function<void(std::string&)>& change) {
    const std::string path = dir_.shard_file(0, file);
    std::string text = bytes_of(path);
    change(text);
    put_bytes(path, text);
    Manifest manifest = read_shard_manifest(dir_, 0).value();
    for (FileEntry& entry : manifest.files) {
      if (entry.name == file) {
        entry = digest_file(path).value();
      }
    }
    put_manifest(dir_.shard_file(0, "manifest.json"), manifest);
  }
  static void put_manifest(const std::string& path, const Manifest& manifest) {
    put_bytes(path, json::pretty(to_json(manifest)));
  }

  RunDir dir_{fresh_folder()};
  RunConfig config_ = artifacts_config();
  IngestSummary ingest_;
};

TEST_F(MergeRun, GivesTheSameBytesForAnyNumberOfShards) {
  const std::vector<FinishedSample> samples = mixed_samples(150);
  const auto one = merged_files(samples, 1);
  EXPECT_EQ(merged_files(samples, 3), one);
  EXPECT_EQ(merged_files(samples, 16), one);
}

TEST_F(MergeRun, GivesTheSameBytesWhenMostShardsAreEmpty) {
  const std::vector<FinishedSample> samples = mixed_samples(5);
  EXPECT_EQ(merged_files(samples, 30), merged_files(samples, 1));
}

TEST_F(MergeRun, GivesTheSameBytesWhenItRunsTwice) {
  write(mixed_samples(80), 4);
  ASSERT_TRUE(merge().ok());
  std::map<std::string, std::string> first;
  for (const std::string& file : stable_files()) {
    first[file] = bytes_of(dir_.root() + "/" + file);
  }
  ASSERT_TRUE(merge().ok());
  for (const std::string& file : stable_files()) {
    EXPECT_EQ(bytes_of(dir_.root() + "/" + file), first[file]) << file;
  }
}

TEST_F(MergeRun, CountsTheFunnel) {
  std::vector<FinishedSample> samples = {kept_sample(1),
                                         kept_sample(2),
                                         rejected_sample(3, Reason::gold_mismatch),
                                         rejected_sample(4, Reason::parse_error),
                                         rejected_sample(5, Reason::too_short),
                                         rejected_sample(6, Reason::gold_error),
                                         failed_sample(7, Reason::attempts_exhausted)};
  write(samples, 2);
  const auto summary = merge();
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->run_id, "text2sql-0123456789abcdef");
  EXPECT_EQ(summary->answered, 6u);
  EXPECT_EQ(summary->rules_passed, 5u);
  EXPECT_EQ(summary->executed, 4u);
  EXPECT_EQ(summary->matched, 2u);
  EXPECT_EQ(summary->kept, 2u);
  EXPECT_EQ(summary->rejected, 4u);
  EXPECT_EQ(summary->failed, 1u);
  EXPECT_EQ(summary->train + summary->valid, 2u);
  EXPECT_EQ(summary->reject_reasons,
            (std::map<std::string, std::uint64_t>{
                {"gold_error", 1}, {"gold_mismatch", 1}, {"parse_error", 1}, {"too_short", 1}}));
  EXPECT_EQ(summary->failure_reasons,
            (std::map<std::string, std::uint64_t>{{"attempts_exhausted", 1}}));
  EXPECT_EQ(summary->calls, 7u);
  EXPECT_EQ(summary->attempts, 6u + 6u);
  EXPECT_EQ(summary->prompt_tokens, 600u);
  EXPECT_EQ(summary->completion_tokens, 120u);
  EXPECT_DOUBLE_EQ(summary->cost, (600 * 1.0 + 120 * 2.0) / 1e6);
  EXPECT_FALSE(summary->complete);
}

TEST_F(MergeRun, StageManifestsHoldTheSamplesThatPassed) {
  write({kept_sample(1), rejected_sample(3, Reason::gold_mismatch),
         rejected_sample(4, Reason::parse_error), rejected_sample(5, Reason::too_short),
         failed_sample(7, Reason::poison)},
        1);
  ASSERT_TRUE(merge().ok());
  const std::vector<std::pair<std::string, std::uint64_t>> expected = {
      {"teacher", 4}, {"filtered", 3}, {"exec", 2},
      {"scored", 2},  {"selected", 1}, {"distilled", 1}};
  std::string parent = read_manifest(dir_.stage_manifest("dedup"))->content_sha256.hex();
  for (const auto& [stage, count] : expected) {
    const auto manifest = read_manifest(dir_.stage_manifest(stage));
    ASSERT_TRUE(manifest.ok()) << stage;
    EXPECT_EQ(manifest->stage, stage);
    EXPECT_EQ(manifest->count, count) << stage;
    EXPECT_EQ(manifest->parents, std::vector<std::string>{parent}) << stage;
    EXPECT_EQ(manifest->shard, std::nullopt);
    EXPECT_EQ(manifest->state, std::nullopt);
    parent = manifest->content_sha256.hex();
  }
}

/// The lines that docs/artifacts.md shows, digested by hand.
TEST_F(MergeRun, StageManifestsDigestTheDocumentedLines) {
  const FinishedSample kept = kept_sample(1);
  write({kept}, 1);
  ASSERT_TRUE(merge().ok());
  const std::string id = kept.sample.id.hex();
  const std::string key = kept.answers.front().call_key.hex();
  const std::string signature = kept.outcome.candidates.front().signature;
  const std::string sql = "SELECT COUNT(id) FROM users WHERE posts > 1";
  const std::map<std::string, std::string> lines = {
      {"teacher", R"({"candidates":[{"call_key":")" + key +
                      R"(","candidate":0,"finish_reason":"stop","model":"qwen3:0.6b",)"
                      R"("reasoning":"","text":"```sql\n)" +
                      sql + R"(;\n```"}],"sample_id":")" + id + "\"}"},
      {"filtered", R"({"candidates":[{"candidate":0,"clean_rule":"fence","text":")" + sql +
                       R"("}],"sample_id":")" + id + "\"}"},
      {"exec", R"({"candidates":[{"candidate":0,"gold_match":true,"signature":")" + signature +
                   R"("}],"sample_id":")" + id + "\"}"},
      {"scored",
       R"({"candidates":[{"candidate":0,"gold_match":true,"judge":null,"score":1,"signature":")" +
           signature + R"("}],"sample_id":")" + id + "\"}"},
      {"selected", R"({"chosen":0,"sample_id":")" + id + R"(","score":1,"text":")" + sql + "\"}"}};
  for (const auto& [stage, line] : lines) {
    const auto value = json::parse(line);
    ASSERT_TRUE(value.ok()) << line;
    EXPECT_EQ(json::canonical(*value), line) << "not RFC 8785";
    const auto manifest = read_manifest(dir_.stage_manifest(stage));
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ(manifest->content_sha256, sha256(line + "\n")) << stage;
    std::vector<std::string> columns;
    for (const auto& [column, content] : *value->as_object()) {
      columns.push_back(column);
    }
    EXPECT_EQ(manifest->columns, columns) << stage;
  }
}

TEST_F(MergeRun, PassesTheExecStageWithoutExecutionWhenTheConfigHasNone) {
  config_.gates.exec.kind = ExecKind::none;
  FinishedSample kept = kept_sample(1);
  Candidate& candidate = kept.outcome.candidates.front();
  candidate.exec = ExecStatus::not_run;
  candidate.signature.clear();
  candidate.gold_match.reset();
  write({kept}, 1);
  ASSERT_TRUE(merge().ok());
  EXPECT_EQ(read_manifest(dir_.stage_manifest("exec"))->count, 1u);
  const auto report = json::parse(bytes_of(dir_.quality_report("teacher_eval")));
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->find("exec_pass_rate")->is_null());
  EXPECT_TRUE(report->find("gold_match_rate")->is_null());
}

TEST_F(MergeRun, ABrokenConservationLawIsCorruption) {
  write(mixed_samples(20), 2);
  ingest_.raw += 1;
  expect_corrupt(
      "samples were lost or made up: 24 raw rows, but 1 invalid + 2 duplicate + 12 kept + 8 "
      "rejected + 0 failed; 20 unique samples went in");
}

TEST_F(MergeRun, AnotherCountOfUniqueSamplesIsCorruption) {
  write(mixed_samples(20), 2);
  ingest_.unique += 1;
  expect_corrupt("counts 20 samples, the run has 21");
}

TEST_F(MergeRun, AShardLeftOutIsCorruption) {
  write(mixed_samples(20), 2);
  ingest_.shards = 1;
  expect_corrupt("shards/0000/manifest.json: is one of 2 shards, the run has 1");
}

TEST_F(MergeRun, AShardThatIsNotFinishedIsNamed) {
  ingest_ = write_inputs(dir_, config_, mixed_samples(20), 2);
  expect_corrupt("shards/0000: is not finished");
}

TEST_F(MergeRun, AShardOfAnotherRunIsNamed) {
  write(mixed_samples(20), 2);
  const std::string path = dir_.shard_file(1, "manifest.json");
  Manifest manifest = read_shard_manifest(dir_, 1).value();
  manifest.run_id = "someone-else";
  put_manifest(path, manifest);
  expect_corrupt(path + ": is of the run someone-else, not of text2sql-0123456789abcdef");
}

TEST_F(MergeRun, AShardOfAnotherConfigIsNamed) {
  write(mixed_samples(20), 2);
  const std::string path = dir_.shard_file(1, "manifest.json");
  Manifest manifest = read_shard_manifest(dir_, 1).value();
  manifest.config_digest = sha256("another");
  put_manifest(path, manifest);
  expect_corrupt(path + ": was made under another config");
}

TEST_F(MergeRun, L07CountsThatDisagreeWithTheOutcomesAreCorruption) {
  write(mixed_samples(20), 1);
  const std::string path = dir_.shard_file(0, "manifest.json");
  const Manifest good = read_shard_manifest(dir_, 0).value();
  const std::string message = path + ": its counts disagree with outcomes.jsonl";
  Manifest bad = good;
  bad.verdicts["kept"] += 1;
  put_manifest(path, bad);
  expect_corrupt(message);
  bad = good;
  bad.reasons.begin()->second += 1;
  put_manifest(path, bad);
  expect_corrupt(message);
  bad = good;
  bad.count += 1;
  put_manifest(path, bad);
  expect_corrupt(message);
}

TEST_F(MergeRun, AFlippedByteIsNamed) {
  write(mixed_samples(20), 1);
  const std::string path = dir_.shard_file(0, "answers.jsonl");
  std::string text = bytes_of(path);
  text[100] = static_cast<char>(text[100] ^ 1);
  put_bytes(path, text);
  expect_corrupt(path + ": differs from its manifest");
}

TEST_F(MergeRun, OutcomesThatDoNotMatchTheSamplesAreCorruption) {
  write(mixed_samples(20), 1);
  forge("outcomes.jsonl", [](std::string& text) { text.erase(0, text.find('\n') + 1); });
  expect_corrupt("outcomes.jsonl: line 1 (byte 0): the outcome of sample ");
}

TEST_F(MergeRun, AMissingLastOutcomeIsCorruption) {
  write(mixed_samples(20), 1);
  forge("outcomes.jsonl",
        [](std::string& text) { text.erase(text.rfind('\n', text.size() - 2) + 1); });
  expect_corrupt("outcomes.jsonl: its end: the outcome of sample ");
}

TEST_F(MergeRun, ASpareOutcomeIsCorruption) {
  write(mixed_samples(20), 1);
  forge("outcomes.jsonl", [](std::string& text) { text += text.substr(0, text.find('\n') + 1); });
  expect_corrupt("outcomes.jsonl: line 21 ");
}

TEST_F(MergeRun, SamplesThatDoNotRiseAreCorruption) {
  write(mixed_samples(20), 1);
  forge("input.jsonl", [](std::string& text) {
    const std::size_t first = text.find('\n') + 1;
    text.insert(0, text.substr(0, first));
  });
  expect_corrupt("input.jsonl: line 2 ");
}

TEST_F(MergeRun, AnAnswerToNoSampleIsCorruption) {
  write(mixed_samples(20), 1);
  forge("answers.jsonl", [](std::string& text) {
    const std::string key = "\"sample_id\":\"";
    text.replace(text.find(key) + key.size(), 4, "0000");
  });
  expect_corrupt("answers.jsonl: line 1 (byte 0): an answer to no sample of this shard");
}

TEST_F(MergeRun, AKeptSampleWithoutAnAnswerIsCorruption) {
  FinishedSample kept = kept_sample(1);
  kept.answers.clear();
  write({kept}, 1);
  expect_corrupt("sample " + kept.sample.id.hex() + " is kept, but has no recorded answer");
}

TEST_F(MergeRun, AChosenCandidateThatIsNotThereIsCorruption) {
  FinishedSample kept = kept_sample(1);
  kept.outcome.chosen = 3;
  write({kept}, 1);
  expect_corrupt("outcomes.jsonl: line 1 (byte 0): \"chosen\" does not fit");
}

TEST_F(MergeRun, ABrokenCallIsNamed) {
  write(mixed_samples(20), 1);
  const std::string path = dir_.shard_file(0, "calls.jsonl");
  std::string text = bytes_of(path);
  text.insert(text.find('\n') + 1, "{}\n");
  put_bytes(path, text);
  expect_corrupt(path + ": line 2 ");
}

TEST_F(MergeRun, WritesRejectedRowsWithInputReasonTextAndGold) {
  const FinishedSample wrong = rejected_sample(3, Reason::gold_mismatch);
  FinishedSample silent = rejected_sample(4, Reason::empty_output);
  silent.sample.gold.reset();
  write({wrong, silent, kept_sample(1), failed_sample(9, Reason::poison)}, 1);
  ASSERT_TRUE(merge().ok());
  const std::string wrong_line =
      R"({"gold":"SELECT COUNT(*) FROM users WHERE posts > 3","input":)" +
      wrong.sample.canonical_input + R"(,"reason":"gold_mismatch","sample_id":")" +
      wrong.sample.id.hex() + R"(","text":"SELECT COUNT(id) FROM users WHERE posts > 3"})" + "\n";
  const std::string silent_line = R"({"gold":null,"input":)" + silent.sample.canonical_input +
                                  R"(,"reason":"empty_output","sample_id":")" +
                                  silent.sample.id.hex() + R"(","text":""})" + "\n";
  EXPECT_EQ(bytes_of(dir_.export_file("rejected.jsonl")), wrong.sample.id < silent.sample.id
                                                              ? wrong_line + silent_line
                                                              : silent_line + wrong_line);
}

}  // namespace
}  // namespace fd
