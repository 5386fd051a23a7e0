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
#include "coordinator/reuse/earlier_answers.hpp"
#include "coordinator/reuse/earlier_runs.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Makes the folders that `reuse` names absolute (relative ones are relative to `directory`) and
/// checks that each is the folder of a run. Errors: invalid_input, naming the first that is none.
Result<std::vector<std::string>> resolve_reuse(const std::vector<std::string>& folders,
                                               const std::string& directory);

/// What was taken of earlier runs.
struct ReuseTally {
  std::uint64_t answers = 0;
  double cost = 0;  ///< of their calls, as far as it is known. Units: those of the prices
};

/// Finds the answers of earlier runs to the calls of this one. They are looked up by sample_id and
/// taken only when they answer the very same call, by its call key; so other gates, shards or
/// endpoints find them, and another prompt or model does not. The earlier runs are only read.
/// Memory: a few shards of theirs, however many there are. Thread: one at a time.
class ReuseIndex {
 public:
  /// Opens the runs that the config names. `own_root`: this run's folder, which cannot be one of
  /// them. Locks each run that has shards which are not committed, since their answers are read
  /// from its ledger.
  /// Errors: invalid_input (not a run's folder, or this run's own), busy (a coordinator is at work
  /// there), corrupt, storage.
  static Result<std::unique_ptr<ReuseIndex>> open(const std::vector<std::string>& folders,
                                                  const std::string& own_root,
                                                  const RunConfig& config);
  /// Opens the earlier_runs(). Nobody is kept out of them for longer than one shard is read. What
  /// turns out to be damaged or in use is passed over, with a line to `tell`. Errors:
  /// invalid_input, from the config.
  static Result<std::unique_ptr<ReuseIndex>> open_beside(const std::string& own_root,
                                                         const RunConfig& config, Tell tell);

  /// Returns how many runs there are to find answers in.
  [[nodiscard]] std::size_t runs() const { return runs_.size(); }
  /// Returns what answers_for() has found so far.
  [[nodiscard]] ReuseTally tally() const { return tally_; }

  /// Returns the answers to calls of `samples`, at most one for each call, as records of `shard`
  /// with nothing but the answer. Fast for samples in the order of their ids.
  /// Errors, of runs that the config names: corrupt, naming the file; storage.
  Result<std::vector<Record>> answers_for(std::uint32_t shard, const std::vector<Sample>& samples);

 private:
  struct Run {
    RunDir dir;
    std::string run_id;
    std::uint32_t shards = 0;
    std::optional<FolderLock> lock;  ///< of one that is named, while not everything is committed
    bool passed_over = false;        ///< something of it could not be read
  };
  /// The answers of one shard of an earlier run, by (sample_id, candidate).
  struct Loaded {
    std::size_t run = 0;
    std::uint32_t shard = 0;
    std::vector<Answer> answers;
    CallCosts costs;
  };

  ReuseIndex(PromptStage prompt, std::uint32_t candidates)
      : prompt_(std::move(prompt)), candidates_(candidates) {}
  static Result<std::unique_ptr<ReuseIndex>> make(const RunConfig& config);
  Result<void> add_run(const std::string& folder, const std::string& own_root);
  Result<void> look_into(std::size_t run, std::uint32_t shard, const std::vector<Sample>& samples,
                         std::vector<char>& answered, std::vector<Record>& found);
  Result<const Loaded*> load(std::size_t run, std::uint32_t shard);
  /// `answered`: by candidate of the sample, not 0 when an answer was found.
  void take(std::uint32_t shard, const Sample& sample, const Loaded& loaded,
            std::span<char> answered, std::vector<Record>& found);

  PromptStage prompt_;
  std::uint32_t candidates_;
  Tell tell_;  ///< not empty: runs that cannot be read are passed over
  std::vector<Run> runs_;
  std::list<Loaded> loaded_;  ///< most recently used first
  ReuseTally tally_;
};

}  // namespace fd
