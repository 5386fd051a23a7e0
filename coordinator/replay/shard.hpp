#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/stages/call_stage.hpp"
#include "actors/stages/exec.hpp"
#include "coordinator/shards/files.hpp"
#include "coordinator/shards/write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A finished shard with all that its folder says, checked against its manifest.
struct FinishedShard : ShardRows {
  std::string folder;
  RunConfig config;  ///< what decides output; no providers
};

/// Reads the shard in `folder`. Errors: corrupt, naming file and place (also for a shard that is
/// not finished); unsupported (a newer manifest); storage.
Result<FinishedShard> read_shard_to_replay(const std::string& folder);

/// What replaying the recorded answers of a shard brought.
struct ReplayCheck {
  Digest digest;                                        ///< of the outcomes, as content_sha256
  std::map<std::string, std::uint64_t> failed_reasons;  ///< of samples that stay failed
  std::uint64_t failed = 0;
  std::uint64_t answered_failed = 0;  ///< of these, how many have all their answers
  std::string difference;             ///< the first sample that came out otherwise; empty: none
};

/// A shard that is run again from its input and its answers, by the stages that the workers run.
/// Thread: one at a time.
class ShardReplay {
 public:
  /// Errors: corrupt, when an answer is not one to a call of this shard; invalid_input, from the
  /// config.
  static Result<ShardReplay> make(FinishedShard shard, const SandboxOpener& open_database);

  /// Runs every sample that has all its answers and compares with the outcomes on record. A failed
  /// sample, which is never final, is only counted. Stops at the first difference.
  ReplayCheck check();

  /// Returns the calls of failed samples that have no answer, each once, `tag` being 0.
  [[nodiscard]] std::vector<ChatCall> missing();

  /// Adds an answer to one of the missing calls; the first one of a call stays. Returns whether it
  /// was one. A call that is on record already is not added again.
  bool add(const Answer& answer);
  void add(const Call& call);
  /// Notes why a missing call failed, for the outcome of its sample.
  void add_failure(const CallIdentity& call, Reason reason);

  /// Returns the whole shard as it is with what was added: samples that had an outcome keep it,
  /// failed ones get a new one.
  [[nodiscard]] ShardResult result();

  [[nodiscard]] const FinishedShard& shard() const { return shard_; }

 private:
  ShardReplay() = default;
  using Position = std::pair<std::size_t, std::uint32_t>;  ///< sample, candidate
  using AnswerPlace = std::pair<std::size_t, Digest>;      ///< sample, call key
  [[nodiscard]] std::optional<std::size_t> position_of(const SampleId& id) const;
  Result<void> take_recorded(std::size_t answer_index);
  [[nodiscard]] bool asks(std::size_t sample, const CallIdentity& call) const;
  [[nodiscard]] WorkItem item_of(std::size_t sample) const;
  [[nodiscard]] std::vector<ChatCall> missing(std::size_t sample);
  [[nodiscard]] Outcome run(std::size_t sample, std::optional<Reason> failure);

  FinishedShard shard_;
  std::optional<CallStage> teacher_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::vector<CallIdentity>> calls_of_;  ///< by sample: without any answer
  std::map<AnswerPlace, Answer> answers_;
  std::map<Position, Reason> failures_;
};

/// Returns what `now` has else than `then`, in words: "verdict: kept then, rejected now".
/// Empty when they are the same but for times.
std::string outcome_difference(const Outcome& then, const Outcome& now);

}  // namespace fd
