#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "protocol/messages.hpp"

namespace fd {

/// Goes through the records of one shard as they are read back, oldest first, and takes out what
/// does not count: the outcome of a sample that failed, which is asked again; a second answer to
/// the same call, which came after the shard was written; a call that a journal brought once more;
/// anything about a sample that is not in the shard. Pure.
class RecordDeduplicator {
 public:
  /// Requires: `ids` rise. Lifetime: they outlive the deduplicator.
  explicit RecordDeduplicator(const std::vector<SampleId>& ids) : ids_(ids) {}
  void pass(Record& record);

 private:
  const std::vector<SampleId>& ids_;
  std::set<std::pair<SampleId, std::uint32_t>> answered_;
  std::set<std::uint64_t> calls_;  ///< fingerprints
};

}  // namespace fd
