#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/storage/folder_lock.hpp"
#include "coordinator/ingest/ingest_summary.hpp"
#include "coordinator/run/run_json.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// One shard as it lies on disk.
struct ShardState {
  std::uint32_t count = 0;  ///< samples
  bool committed = false;   ///< its files are written, without a failed sample
};

/// The shards of a run as they lie on disk. Counts of samples.
struct RunShards {
  std::vector<ShardState> states;
  std::uint64_t total = 0;
  std::uint64_t done = 0;  ///< in committed shards, as are the next two
  std::uint64_t kept = 0;
  std::uint64_t rejected = 0;
  Digest digest;  ///< of what all their manifests say
};

/// A run's folder, held by this process alone until it is destroyed.
class RunFolder {
 public:
  /// Takes up the prepared folder `fresh` as `<artifacts>/<run_id>`; when that exists, `fresh` is
  /// removed and the existing one is continued. Requires: check_disk(). Errors: busy (exit 6:
  /// another coordinator holds it), unsupported (exit 11: other config or input, both named),
  /// stale (as open()), storage, corrupt.
  static Result<std::unique_ptr<RunFolder>> take(const std::string& artifacts,
                                                 const std::string& fresh, const RunConfig& config,
                                                 const IngestSummary& ingest);
  /// Takes up the run's folder at `root` as it is. Errors: not_found; stale (exit 11: not a run's,
  /// or another program's: read_run_facts(), check_output_version(), check_stages()); refused
  /// (check_own_folder()); invalid_input (check_disk()); busy, storage, corrupt.
  static Result<std::unique_ptr<RunFolder>> open(const std::string& root);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  [[nodiscard]] const RunDir& dir() const { return dir_; }
  [[nodiscard]] const RunFacts& facts() const { return facts_; }
  [[nodiscard]] bool continued() const { return continued_; }

  /// Returns the shards as the run starts. A shard whose replacement was cut off is mended first.
  /// Errors: corrupt, storage.
  Result<RunShards> shards() const;
  /// Makes `config` the one that the run goes on with: run.json is written again when something
  /// about it changed, or the run had ended before. Errors: storage.
  Result<void> begin(const RunConfig& config);
  /// Writes run.json again with how the run ended and what its files are
  /// (coordinator/run/run_seal.hpp), and points RunDir::kLatest at the run. Requires: the ledger is
  /// closed. Errors: corrupt, storage.
  Result<void> finish(const RunConfig& config, int exit_code);

 private:
  RunFolder() : dir_("") {}
  Result<void> lock();
  RunDir dir_;
  std::string artifacts_;
  RunFacts facts_;
  bool continued_ = false;
  std::optional<FolderLock> lock_;
};

/// Returns what a command says whose run folder another process works on.
std::string busy_message(const RunDir& dir);

}  // namespace fd
