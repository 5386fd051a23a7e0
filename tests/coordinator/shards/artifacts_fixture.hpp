#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/ingest/ingest.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd::testing_support {

/// One sample with everything that a run recorded of it.
struct FinishedSample {
  Sample sample;
  std::vector<Answer> answers;
  std::vector<Call> calls;
  Outcome outcome;
};

/// Returns a small text2sql config.
RunConfig artifacts_config();

/// Returns the id of the i-th made-up sample.
SampleId sample_id(std::size_t index);

/// Returns a kept sample: answered, executed, gold matched, score 1.
FinishedSample kept_sample(std::size_t index);
/// Returns a sample that its only candidate's facts reject for `reason`.
FinishedSample rejected_sample(std::size_t index, Reason reason);
/// Returns a sample whose calls failed.
FinishedSample failed_sample(std::size_t index, Reason reason);

/// Returns `count` samples: about 60 % kept, the others rejected for many reasons.
std::vector<FinishedSample> mixed_samples(std::size_t count);

/// Returns a new empty folder of this test.
std::string fresh_folder();

/// Writes what ingest would: every shard's input and pending manifest, and the manifest of the
/// stage dedup. Returns what ingest would say, with 2 duplicate and 1 invalid rows besides.
IngestSummary write_inputs(const RunDir& dir, const RunConfig& config,
                           const std::vector<FinishedSample>& samples, std::uint32_t shards);

/// Returns what a finished shard is made of, in the order that `samples` has.
ShardResult shard_result(const std::vector<FinishedSample>& samples, std::uint32_t shard,
                         std::uint32_t shards);

/// write_inputs() and every shard committed.
IngestSummary write_run(const RunDir& dir, const RunConfig& config,
                        const std::vector<FinishedSample>& samples, std::uint32_t shards);

/// Returns the file's bytes; fails the test when there are none.
std::string bytes_of(const std::string& path);
/// Replaces the file's bytes.
void put_bytes(const std::string& path, const std::string& bytes);

}  // namespace fd::testing_support
