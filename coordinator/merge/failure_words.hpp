#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/gateway/error_sorts.hpp"
#include "coordinator/reports/run_summary.hpp"
#include "coordinator/shards/record_views.hpp"

namespace fd {

/// Sorts what providers said to the samples that failed: for each sample what ended its last call.
/// Shard by shard: begin_shard(), the shard's calls, its failed samples.
class FailureWordsCount {
 public:
  void begin_shard() { ended_.clear(); }
  /// Lifetime: what `call` views lasts until the next begin_shard().
  void add(const CallView& call);
  /// Counts a sample of the shard that failed.
  void count(const OutcomeView& outcome);
  /// Returns what RunSummary::failure_words holds.
  [[nodiscard]] std::map<std::string, std::vector<FailureWords>> words() const;

 private:
  std::map<SampleId, CallView> ended_;  ///< the last call without an answer of each sample
  std::map<Reason, ErrorSorts> sorts_;
};

}  // namespace fd
