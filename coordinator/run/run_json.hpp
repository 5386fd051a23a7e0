#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ingest/ingest_summary.hpp"
#include "coordinator/run/run_kind.hpp"
#include "coordinator/run/seal_file.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/output_version.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// The run from whose output another one goes on.
struct ParentRun {
  std::string run_id;
  Digest digest;  ///< the seal of its run.json

  friend bool operator==(const ParentRun&, const ParentRun&) = default;
};

/// What run.json says.
struct RunFacts {
  std::string run_id;
  RunKind kind = RunKind::distil;
  std::optional<ParentRun> parent;  ///< of the kinds that have one
  std::uint32_t output_version = kOutputVersion;
  Digest config_digest;
  IngestSummary ingest;
  std::string started;              ///< wall clock text of the first start
  std::optional<int> exit_code;     ///< of a run that came to its end
  std::optional<Digest> merged;     ///< which shards the last merge went over: RunShards::digest
  std::string config_json;          ///< effective_config(), JCS text
  std::vector<FileEntry> ingested;  ///< what the files of the ingest were when it ended
  std::string stages;               ///< names of the stages that it was started with, in order
  std::optional<SealFile> sealed;   ///< of a run that came to its end
};

/// Reads run.json, and not seal.jsonl. Errors: not_found (no run's folder); stale (exit 11: of a
/// kind that this program does not have, or from before there were output versions); corrupt,
/// storage.
Result<RunFacts> read_run_facts(const RunDir& dir);
/// Checks that this program has the stages that the run was started with: with others some rows
/// would be judged otherwise. Errors: stale (exit 11), naming both.
Result<void> check_stages(const RunDir& dir, const RunFacts& facts);
/// Reads the config that run.json has. Errors: stale (exit 11), naming a key that this program does
/// not know; corrupt: it is no config, or not the one that config_digest names; storage.
Result<RunConfig> read_run_config(const RunDir& dir, const RunFacts& facts);
/// Returns an error unless this program gives the run's answers the bytes that the run has.
/// Errors: stale (exit 11), naming both output versions.
Result<void> check_output_version(const RunDir& dir, const RunFacts& facts);
/// Writes run.json. Once the run has ended, its files are digested for it, and seal.jsonl is
/// written first. Errors: corrupt, when one of them is missing; storage.
Result<void> write_run_facts(const RunDir& dir, const RunFacts& facts, const RunConfig& config);

}  // namespace fd
