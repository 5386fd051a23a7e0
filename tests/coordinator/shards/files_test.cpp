#include "actors/storage/files.hpp"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/write.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

class ShardFiles : public testing::Test {
 protected:
  RunDir dir_{fresh_folder()};
  RunConfig config_ = artifacts_config();
  std::vector<FinishedSample> samples_ = mixed_samples(200);
};

TEST_F(ShardFiles, GivesBackTheInputInIdOrder) {
  write_inputs(dir_, config_, samples_, 1);
  const auto read = read_shard_input(dir_, 0);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), samples_.size());
  EXPECT_TRUE(std::is_sorted(read->begin(), read->end(),
                             [](const Sample& a, const Sample& b) { return a.id < b.id; }));
  for (const FinishedSample& one : samples_) {
    EXPECT_NE(std::find(read->begin(), read->end(), one.sample), read->end());
  }
}

TEST_F(ShardFiles, GivesBackWhatWasWritten) {
  write_run(dir_, config_, samples_, 1);
  const auto texts = read_finished_shard(dir_, 0);
  ASSERT_TRUE(texts.ok()) << texts.error().message;
  const auto sorted = [&] {
    std::vector<FinishedSample> all = samples_;
    std::sort(all.begin(), all.end(), [](const FinishedSample& a, const FinishedSample& b) {
      return a.sample.id < b.sample.id;
    });
    return all;
  }();
  std::string answers;
  std::string outcomes;
  std::string calls;
  for (const FinishedSample& one : sorted) {
    append_line(one.answers.front(), answers);
    append_line(one.outcome, outcomes);
    append_line(one.calls.front(), calls);
    answers += "\n";
    outcomes += "\n";
    calls += "\n";
  }
  EXPECT_EQ(texts->answers, answers);
  EXPECT_EQ(texts->outcomes, outcomes);
  EXPECT_EQ(texts->calls, calls);
}

TEST_F(ShardFiles, WritesTheSameBytesForAnyOrderOfArrival) {
  write_run(dir_, config_, samples_, 1);
  const RunDir other(fresh_folder());
  write_inputs(other, config_, samples_, 1);
  ShardResult result = shard_result(samples_, 0, 1);
  std::reverse(result.answers.begin(), result.answers.end());
  std::reverse(result.outcomes.begin(), result.outcomes.end());
  std::rotate(result.calls.begin(), result.calls.begin() + 7, result.calls.end());
  ASSERT_TRUE(write_shard(other, config_, result).ok());
  for (const char* file :
       {"answers.jsonl", "outcomes.jsonl", "calls.jsonl", "config.json", "manifest.json"}) {
    EXPECT_EQ(bytes_of(dir_.shard_file(0, file)), bytes_of(other.shard_file(0, file))) << file;
  }
}

TEST_F(ShardFiles, ManifestDoesNotDependOnHowTheCallsWent) {
  write_run(dir_, config_, samples_, 1);
  const std::string before = bytes_of(dir_.shard_file(0, "manifest.json"));
  for (FinishedSample& one : samples_) {
    one.calls.front().service_us += 12345;
    one.calls.front().attempts += 1;
  }
  ASSERT_TRUE(write_shard(dir_, config_, shard_result(samples_, 0, 1)).ok());
  EXPECT_EQ(bytes_of(dir_.shard_file(0, "manifest.json")), before);
}

TEST_F(ShardFiles, ManifestCountsVerdictsAndReasons) {
  samples_ = {kept_sample(1), kept_sample(2), rejected_sample(3, Reason::gold_mismatch)};
  write_inputs(dir_, config_, samples_, 1);
  const auto manifest = write_shard(dir_, config_, shard_result(samples_, 0, 1));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->state, ShardFileState::committed);
  EXPECT_EQ(manifest->verdicts,
            (std::map<std::string, std::uint64_t>{{"failed", 0}, {"kept", 2}, {"rejected", 1}}));
  EXPECT_EQ(manifest->reasons,
            (std::map<std::string, std::uint64_t>{{"gold_mismatch", 1}, {"ok", 2}}));
  EXPECT_EQ(manifest->config_digest, config_digest(config_));
  EXPECT_EQ(manifest->parents,
            std::vector<std::string>{digest_file(dir_.shard_file(0, "input.jsonl"))->sha256.hex()});
  EXPECT_EQ(manifest->content_sha256, digest_file(dir_.shard_file(0, "outcomes.jsonl"))->sha256);
  const auto read = read_shard_manifest(dir_, 0);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, *manifest);
}

TEST_F(ShardFiles, OneFailedSampleMakesTheShardFailedAndLaterWritingMendsIt) {
  samples_ = {kept_sample(1), failed_sample(2, Reason::attempts_exhausted)};
  write_inputs(dir_, config_, samples_, 1);
  auto manifest = write_shard(dir_, config_, shard_result(samples_, 0, 1));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->state, ShardFileState::failed);
  samples_[1] = kept_sample(2);
  manifest = write_shard(dir_, config_, shard_result(samples_, 0, 1));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->state, ShardFileState::committed);
}

TEST_F(ShardFiles, WritesAShardWithoutSamples) {
  write_inputs(dir_, config_, {}, 1);
  const auto manifest = write_shard(dir_, config_, ShardResult{});
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->count, 0u);
  EXPECT_TRUE(read_finished_shard(dir_, 0).ok());
}

TEST_F(ShardFiles, CatchesAFlippedByteInEveryFileOfTheManifest) {
  write_run(dir_, config_, samples_, 1);
  for (const char* file : {"input.jsonl", "answers.jsonl", "outcomes.jsonl", "config.json"}) {
    const std::string path = dir_.shard_file(0, file);
    const std::string good = bytes_of(path);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    put_bytes(path, bad);
    const auto read = read_finished_shard(dir_, 0);
    ASSERT_FALSE(read.ok()) << file;
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_TRUE(read.error().message.starts_with(path + ": differs from its manifest in the "))
        << read.error().message;
    put_bytes(path, good);
  }
  EXPECT_TRUE(read_finished_shard(dir_, 0).ok());
}

TEST_F(ShardFiles, NamesTheBlockThatDiffers) {
  samples_ = mixed_samples(600);
  write_run(dir_, config_, samples_, 1);
  const std::string path = dir_.shard_file(0, "input.jsonl");
  std::string bad = bytes_of(path);
  ASSERT_GT(bad.size(), 2 * kCrcBlockBytes);
  bad[kCrcBlockBytes] = static_cast<char>(bad[kCrcBlockBytes] ^ 4);
  put_bytes(path, bad);
  const auto read = read_shard_input(dir_, 0);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_EQ(read.error().message,
            path + ": differs from its manifest in the 65536 bytes from byte 65536 on");
}

TEST_F(ShardFiles, CatchesAFileThatIsTooShortTooLongOrGone) {
  write_run(dir_, config_, samples_, 1);
  const std::string path = dir_.shard_file(0, "answers.jsonl");
  const std::string good = bytes_of(path);
  put_bytes(path, good.substr(0, good.size() - 1));
  EXPECT_EQ(read_finished_shard(dir_, 0).error().code, Errc::corrupt);
  put_bytes(path, good + "\n");
  EXPECT_EQ(read_finished_shard(dir_, 0).error().code, Errc::corrupt);
  ASSERT_TRUE(remove_tree(path).ok());
  const auto gone = read_finished_shard(dir_, 0);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Errc::corrupt);
  EXPECT_NE(gone.error().message.find(path), std::string::npos) << gone.error().message;
}

TEST_F(ShardFiles, CatchesAFileCutAtABlock) {
  samples_ = mixed_samples(600);
  write_run(dir_, config_, samples_, 1);
  const std::string path = dir_.shard_file(0, "input.jsonl");
  put_bytes(path, bytes_of(path).substr(0, kCrcBlockBytes));
  const auto read = read_shard_input(dir_, 0);
  ASSERT_FALSE(read.ok());
  EXPECT_TRUE(
      read.error().message.starts_with(path + ": differs from its manifest at byte 65536 (65536"))
      << read.error().message;
}

TEST_F(ShardFiles, AShardThatIsNotFinishedIsRefused) {
  write_inputs(dir_, config_, samples_, 2);
  const auto read = read_finished_shard(dir_, 1);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_EQ(read.error().message, dir_.shard(1) + ": is not finished; run the same command again");
}

TEST_F(ShardFiles, AManifestOfAnotherShardIsRefused) {
  write_inputs(dir_, config_, samples_, 2);
  put_bytes(dir_.shard_file(1, "manifest.json"), bytes_of(dir_.shard_file(0, "manifest.json")));
  const auto manifest = read_shard_manifest(dir_, 1);
  ASSERT_FALSE(manifest.ok());
  EXPECT_EQ(manifest.error().code, Errc::corrupt);
  EXPECT_EQ(manifest.error().message,
            dir_.shard_file(1, "manifest.json") + ": is not the manifest of shard 1");
}

TEST_F(ShardFiles, AMissingManifestIsNotFound) {
  EXPECT_EQ(read_shard_manifest(dir_, 3).error().code, Errc::not_found);
}

/// What a run has of a shard goes with the samples that lie in its folder, or the folder was
/// changed meanwhile; and what the ledger has of a sample is there once.
TEST_F(ShardFiles, WhatDoesNotGoWithTheInputIsNotWritten) {
  samples_.resize(3);
  write_inputs(dir_, config_, samples_, 1);
  const auto error_after = [&](const std::function<void(ShardResult&)>& change) {
    ShardResult result = shard_result(samples_, 0, 1);
    change(result);
    const auto written = write_shard_at(dir_.shard(0), config_, std::move(result));
    EXPECT_EQ(written.error().code, Errc::corrupt);
    EXPECT_EQ(read_shard_manifest(dir_, 0)->state, ShardFileState::pending);
    return written.error().message;
  };
  const std::string input = dir_.shard_file(0, RunDir::kInput);
  const SampleId stranger = sample_id(3);
  EXPECT_EQ(error_after([](ShardResult& result) { result.outcomes.pop_back(); }),
            input + ": has 3 samples, and the run has 2 outcomes of them");
  const SampleId twice = samples_[0].sample.id;
  EXPECT_EQ(
      error_after([&](ShardResult& result) { result.outcomes.push_back(samples_[0].outcome); }),
      input + ": the run has two outcomes of sample " + twice.hex());
  EXPECT_EQ(error_after([&](ShardResult& result) { result.outcomes[1].sample_id = stranger; }),
            input + ": has no sample " + stranger.hex() + ", of which the run has an outcome");
  EXPECT_EQ(error_after([&](ShardResult& result) { result.answers[1].sample_id = stranger; }),
            input + ": has no sample " + stranger.hex() + ", of which the run has an answer");
  EXPECT_EQ(error_after([&](ShardResult& result) { result.calls[1].sample_id = stranger; }),
            input + ": has no sample " + stranger.hex() + ", of which the run has a call");
  EXPECT_EQ(error_after([&](ShardResult& result) {
              result.answers.push_back(samples_[0].answers.front());
            }),
            input + ": the run has two answers to one call of sample " + twice.hex());
}

}  // namespace
}  // namespace fd
