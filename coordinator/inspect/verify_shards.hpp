#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/stages/prompt.hpp"
#include "coordinator/inspect/verification.hpp"
#include "coordinator/run/run_folder.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// What run.json says, when it is as it was written.
struct RunTruth {
  RunFacts facts;
  RunConfig config;
  PromptStage prompt;
};

/// A shard's files against its manifest: reads them, makes the manifest again from them, and says
/// whether a file or the manifest is damaged. Shards are checked in their order.
class ShardVerifier {
 public:
  /// `truth`: nothing when run.json is damaged; then only what the shards say of themselves is
  /// checked. Lifetime: the arguments outlive it.
  ShardVerifier(const RunDir& dir, const std::optional<RunTruth>& truth, Verification& verification)
      : dir_(dir), truth_(truth), verification_(verification) {}

  /// Errors: storage.
  Result<void> verify(std::uint32_t shard);

  /// Returns the digest of all samples' lines, over all shards; ends it.
  ContentDigest& samples() { return samples_; }
  [[nodiscard]] std::uint64_t sample_count() const { return sample_count_; }
  /// Returns what manifest.json of each shard that is sound is now.
  [[nodiscard]] const std::map<std::uint32_t, FileEntry>& manifests() const { return manifests_; }
  /// Returns whether every sample of every shard verified so far could be read.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  struct File {
    std::string name;  ///< relative to the run's folder
    std::string text;
    FileEntry entry;
  };
  struct Shard {
    std::uint32_t index = 0;
    std::string manifest_name;
    std::string manifest_text;
    std::optional<Manifest> claimed;  ///< what manifest.json says, if it can be read
    std::map<std::string, File> files;
    std::vector<Sample> samples;
    std::vector<Outcome> outcomes;
    bool files_sound = true;
  };

  [[nodiscard]] std::string name_of(const Shard& shard, const char* file) const;
  Result<void> read(Shard& shard, const char* file);
  Result<void> read_files(Shard& shard);
  void read_claim(Shard& shard);
  void compare_files(Shard& shard);
  void check_input(Shard& shard);
  void check_answers(Shard& shard);
  void check_outcomes(Shard& shard);
  void check_calls(Shard& shard);
  void check_config(Shard& shard);
  void check_manifest(Shard& shard);
  [[nodiscard]] std::string expected_manifest(const Shard& shard) const;
  void line_problem(Shard& shard, const char* file, std::uint64_t offset, std::string_view line,
                    const std::string& what);
  [[nodiscard]] bool finished(const Shard& shard) const;
  [[nodiscard]] std::string sample_fault(const Shard& shard, const Sample& sample) const;
  /// Calls check(record, offset, line) for each line of a file that can be read.
  template <class T, class Check>
  void each_line(Shard& shard, const char* file, Check check);

  const RunDir& dir_;
  const std::optional<RunTruth>& truth_;
  Verification& verification_;
  ContentDigest samples_;
  std::optional<SampleId> last_id_;
  std::uint64_t sample_count_ = 0;
  std::map<std::uint32_t, FileEntry> manifests_;
  bool complete_ = true;
};

}  // namespace fd
