#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/control/lease_table.hpp"
#include "coordinator/run/run_folder.hpp"
#include "protocol/base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// The fewest digits that a sample may be named by.
inline constexpr std::size_t kMinIdDigits = 6;
/// How many ids a message lists when one was meant.
inline constexpr std::size_t kMaxListedIds = 5;

/// All that is known of one sample.
struct SampleLife {
  Sample sample;
  std::string origin;  ///< which row of which input it was, for people
  std::uint32_t shard = 0;
  std::uint32_t shards = 0;
  ShardFileState state = ShardFileState::pending;
  bool merged = false;  ///< the run is merged, and its shard is not newer than that
  bool live = false;    ///< a coordinator is at work, so the ledger was not read
  std::vector<Answer> answers;
  std::vector<Call> calls;
  std::optional<Outcome> outcome;
  std::vector<Answer> late_answers;   ///< to calls that had an answer on record already: not used
  std::optional<LeaseGranted> lease;  ///< the last one of its shard, when the shard is not written
};

/// Finds the sample whose id is `id` or begins with it, and gathers what the run has of it: from
/// the files of its shard, and, when the shard is not committed and nobody works on the run, from
/// the ledger. Errors: invalid_input (no id, or more than one sample has it), not_found (no such
/// sample, or no run), corrupt, storage.
Result<SampleLife> find_sample(const RunDir& dir, const RunFacts& facts, const std::string& id);

/// Returns a sample's whole life as text to read: input, origin, calls with tokens and cost,
/// answers, every candidate's evidence, the verdict and why, and where it was exported to.
std::string render_life(const SampleLife& life, const RunConfig& config);

/// find_sample() and render_life() of the run in `dir`. Errors: as find_sample().
Result<std::string> explain_sample(const RunDir& dir, const std::string& id);

/// Returns which input file and row had the ordinal, and its line when the file is still there as
/// it was.
std::string origin_of(const RunFacts& facts, std::uint64_t ordinal);

/// Returns what a reason means, as a sentence without its full stop.
std::string_view meaning_of(Reason reason);

}  // namespace fd
