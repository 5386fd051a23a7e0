#include "coordinator/control/shard_store.hpp"

#include <algorithm>

namespace fd {

void ShardStore::keep(const Record& record) {
  if (record.answer) {
    result.answers.push_back(*record.answer);
  }
  if (record.call) {
    result.calls.push_back(*record.call);
  }
  if (record.outcome) {
    result.outcomes.push_back(*record.outcome);
  }
}

bool ShardStore::has_failed() const {
  return std::ranges::any_of(
      result.outcomes, [](const Outcome& outcome) { return outcome.verdict == Verdict::failed; });
}

}  // namespace fd
