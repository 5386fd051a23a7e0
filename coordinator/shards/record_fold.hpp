#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "coordinator/shards/write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Goes through the records of one shard, oldest first, and takes out what does not count: a second
/// answer to the same call, a call that is offered once more, anything about a sample that is not
/// in the shard. What is left means the same to everybody: the first answer to each call, every
/// call once, and of a sample's outcomes the last. Pure.
class RecordFold {
 public:
  /// Requires: `ids` rise. Lifetime: they outlive the fold.
  explicit RecordFold(const std::vector<SampleId>& ids) : ids_(ids) {}
  void pass(Record& record);

 private:
  const std::vector<SampleId>& ids_;
  std::set<std::pair<SampleId, Digest>> answered_;
  std::set<std::uint64_t> calls_;  ///< fingerprints
};

/// Returns how many of a shard's records, oldest first, go into its files: with an outcome for each
/// of `samples` samples that is not failed, those up to the last outcome; else all, for more
/// outcomes will come.
std::size_t records_in_files(std::size_t samples, const std::vector<Record>& records);

/// Returns what the records of a shard, oldest first, say that its files are: the last outcome of
/// each sample, with the answers that were on record by then, and the calls up to the last outcome
/// of all. Requires: `samples` rise by id. Errors: corrupt, when a sample has no outcome.
Result<ShardResult> recorded_result(std::uint32_t shard, const std::vector<Sample>& samples,
                                    std::vector<Record> records);

/// Returns the calls that became known behind the last outcome of all: they are in no file of the
/// shard.
std::vector<Call> late_calls(const std::vector<SampleId>& ids, std::vector<Record> records);

}  // namespace fd
