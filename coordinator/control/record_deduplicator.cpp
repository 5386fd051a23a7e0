#include "coordinator/control/record_deduplicator.hpp"

#include <algorithm>

namespace fd {

void RecordDeduplicator::pass(Record& record) {
  const auto stranger = [&](const auto& part) {
    return part && !std::binary_search(ids_.begin(), ids_.end(), part->sample_id);
  };
  if (stranger(record.outcome) || (record.outcome && record.outcome->verdict == Verdict::failed)) {
    record.outcome.reset();
  }
  if (stranger(record.answer) ||
      (record.answer &&
       !answered_.insert({record.answer->sample_id, record.answer->candidate}).second)) {
    record.answer.reset();
  }
  if (stranger(record.call) ||
      (record.call && !calls_.insert(call_fingerprint(record.fence, *record.call)).second)) {
    record.call.reset();
  }
}

}  // namespace fd
