#include "coordinator/control/shard_store.hpp"

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

}  // namespace fd
