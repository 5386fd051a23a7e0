#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/ingest/ingest_summary.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// What run.json says.
struct RunFacts {
  std::string run_id;
  Digest config_digest;
  IngestSummary ingest;
  std::string started;              ///< wall clock text of the first start
  std::optional<int> exit_code;     ///< of a run that came to its end
  std::optional<Digest> merged;     ///< which shards the last merge went over: RunShards::digest
  std::string config_json;          ///< effective_config(), JCS text
  std::vector<FileEntry> ingested;  ///< what the files of the ingest were when it ended
  std::string stages;               ///< names of the stages that it was started with, in order
};

/// Reads run.json. Errors: not_found (no run's folder), corrupt, storage.
Result<RunFacts> read_run_facts(const RunDir& dir);
/// Checks that this program has the stages that the run was started with: with others some rows
/// would be judged otherwise. Errors: stale (exit 11), naming both.
Result<void> check_stages(const RunDir& dir, const RunFacts& facts);
/// Writes run.json. Once the run has ended, its files are digested for it. Errors: corrupt, when
/// one of them is missing; storage.
Result<void> write_run_facts(const RunDir& dir, const RunFacts& facts, const RunConfig& config);

}  // namespace fd
