#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// All that a finished shard is made of. Order of the vectors does not matter: they are sorted
/// here, answers and calls by CallIdentity::order(), outcomes by sample_id.
struct ShardResult {
  std::uint32_t shard = 0;
  std::vector<Answer> answers;
  std::vector<Call> calls;
  std::vector<Outcome> outcomes;
};

/// Returns what the manifest of a finished shard says. `base` tells run_id, shard, shards,
/// databases and config_digest; `files` are the entries of answers.jsonl, config.json, input.jsonl
/// and outcomes.jsonl, in this order. Requires: an outcome for each of `ids`, in id order.
Manifest finished_manifest(const Manifest& base, const std::vector<SampleId>& ids,
                           const std::vector<Outcome>& outcomes, std::array<FileEntry, 4> files);
/// Returns the bytes of a finished shard's manifest.json.
std::string finished_manifest_text(const Manifest& manifest);

/// Writes a shard that is not finished into `folder`: answers, calls, outcomes and config.json, and
/// last the manifest with state committed (or failed, when a sample failed). Each file is atomic;
/// the manifest's rename is the commit.
/// calls.jsonl stays out of the manifest: it holds times, and a manifest is the same in every run.
/// Requires: exactly one outcome per input sample, and at most one answer per call,
/// of samples of this shard only (a bug otherwise).
/// Errors: storage; corrupt, when the shard's input is not what its manifest says.
Result<Manifest> write_shard_at(const std::string& folder, const RunConfig& config,
                                ShardResult result);

}  // namespace fd
