#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/manifest.hpp"
#include "protocol/records.hpp"
#include "protocol/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// All that a finished shard is made of. Order of the vectors does not matter: they are sorted
/// here, answers and calls by (sample_id, candidate), outcomes by sample_id.
struct ShardResult {
  std::uint32_t shard = 0;
  std::vector<Answer> answers;
  std::vector<Call> calls;
  std::vector<Outcome> outcomes;
};

/// Reads shards/<k>/input.jsonl, in id order, and checks it against its manifest.
/// Errors: corrupt, naming file and offset; storage; not_found.
Result<std::vector<Sample>> read_shard_input(const RunDir& dir, std::uint32_t shard);

/// Reads shards/<k>/manifest.json. Errors: corrupt, not_found.
Result<Manifest> read_shard_manifest(const RunDir& dir, std::uint32_t shard);

/// Writes answers, calls, outcomes and config.json, and last the manifest with state committed (or
/// failed, when a sample failed). Each file is atomic; the manifest's rename is the commit.
/// Requires: exactly one outcome per input sample (a bug otherwise).
/// Errors: storage.
Result<Manifest> write_shard(const RunDir& dir, const RunConfig& config, ShardResult result);

}  // namespace fd
