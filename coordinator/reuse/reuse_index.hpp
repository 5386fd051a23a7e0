#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/stages/prompt.hpp"
#include "actors/storage/folder_lock.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/messages.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Makes the folders that `reuse` names absolute (relative ones are relative to `directory`) and
/// checks that each is the folder of a run. Errors: invalid_input, naming the first that is none.
Result<std::vector<std::string>> resolve_reuse(const std::vector<std::string>& folders,
                                               const std::string& directory);

/// Finds the answers of earlier runs to the calls of this one. They are looked up by sample_id and
/// taken only when they answer the very same call, by its call key; so other gates, shards or
/// endpoints find them, and another prompt or model does not. The earlier runs are only read.
/// Memory: a few shards of theirs, however many there are. Thread: one at a time.
class ReuseIndex {
 public:
  /// `own_root`: this run's folder, which cannot be one of them. Locks each run that has shards
  /// which are not committed, since their answers are read from its ledger.
  /// Errors: invalid_input (not a run's folder, or this run's own), busy (a coordinator is at work
  /// there), corrupt, storage.
  static Result<std::unique_ptr<ReuseIndex>> open(const std::vector<std::string>& folders,
                                                  const std::string& own_root,
                                                  const RunConfig& config);

  /// Returns the answers to calls of `samples`, at most one for each call, as records of `shard`
  /// with nothing but the answer. Fast for samples in the order of their ids.
  /// Errors: corrupt, naming the file; storage.
  Result<std::vector<Record>> answers_for(std::uint32_t shard, const std::vector<Sample>& samples);

 private:
  struct Run {
    RunDir dir;
    std::string run_id;
    std::uint32_t shards = 0;
    std::vector<ShardFileState> states;
    std::optional<FolderLock> lock;  ///< while not everything is committed
  };
  /// The answers of one shard of an earlier run, by (sample_id, candidate).
  struct Loaded {
    std::size_t run = 0;
    std::uint32_t shard = 0;
    std::vector<Answer> answers;
  };

  ReuseIndex(PromptStage prompt, std::uint32_t candidates)
      : prompt_(std::move(prompt)), candidates_(candidates) {}
  Result<void> add_run(const std::string& folder, const std::string& own_root);
  Result<const Loaded*> load(std::size_t run, std::uint32_t shard);
  static Result<std::vector<Answer>> read_answers(const Run& run, std::uint32_t shard);
  /// `answered`: by candidate of the sample, not 0 when an answer was found.
  void take(std::uint32_t shard, const Sample& sample, const Loaded& loaded,
            std::span<char> answered, std::vector<Record>& found) const;

  PromptStage prompt_;
  std::uint32_t candidates_;
  std::vector<Run> runs_;
  std::list<Loaded> loaded_;  ///< most recently used first
};

}  // namespace fd
