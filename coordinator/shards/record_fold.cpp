#include "coordinator/shards/record_fold.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "coordinator/shards/left_out_texts.hpp"

namespace fd {
namespace {

/// One sample as the ledger has it.
struct Recorded {
  std::vector<Answer> answers;  ///< in the order in which they came
  std::optional<Outcome> outcome;
};

/// Passes all records, and returns where the last outcome stands: one past it, 0 without any.
std::size_t fold_all(const std::vector<SampleId>& ids, std::vector<Record>& records) {
  RecordFold fold(ids);
  std::size_t behind = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    fold.pass(records[i]);
    behind = records[i].outcome ? i + 1 : behind;
  }
  return behind;
}

}  // namespace

void RecordFold::pass(Record& record) {
  const auto stranger = [&](const auto& part) {
    return part && !std::ranges::binary_search(ids_, part->sample_id);
  };
  if (stranger(record.outcome)) {
    record.outcome.reset();
  }
  if (stranger(record.answer) ||
      (record.answer && !answered_.insert(record.answer->key()).second)) {
    record.answer.reset();
  }
  if (stranger(record.call) ||
      (record.call && !calls_.insert(call_fingerprint(*record.call)).second)) {
    record.call.reset();
  }
}

std::size_t records_in_files(std::size_t samples, const std::vector<Record>& records) {
  std::set<SampleId> done;
  std::size_t behind = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].outcome) {
      behind = i + 1;
      if (records[i].outcome->verdict != Verdict::failed) {
        done.insert(records[i].outcome->sample_id);
      }
    }
  }
  return done.size() == samples ? behind : records.size();
}

Result<ShardResult> recorded_result(std::uint32_t shard, const std::vector<Sample>& samples,
                                    std::vector<Record> records) {
  std::vector<SampleId> ids;
  std::ranges::transform(samples, std::back_inserter(ids), &Sample::id);
  records.resize(fold_all(ids, records));
  ShardResult result;
  result.shard = shard;
  std::map<SampleId, Recorded> recorded;
  for (Record& record : records) {
    if (record.call) {
      result.calls.push_back(std::move(*record.call));
    }
    if (record.answer) {
      recorded[record.answer->sample_id].answers.push_back(std::move(*record.answer));
    }
    if (record.outcome) {
      recorded[record.outcome->sample_id].outcome = std::move(*record.outcome);
    }
  }
  for (const SampleId& id : ids) {
    Recorded& sample = recorded[id];
    if (!sample.outcome) {
      return Error{Errc::corrupt, "the ledger has no outcome of sample " + id.hex()};
    }
    result.outcomes.push_back(std::move(*sample.outcome));
    std::ranges::sort(sample.answers, {}, &Answer::order);
    std::ranges::move(sample.answers, std::back_inserter(result.answers));
  }
  put_texts_back(result);
  return result;
}

std::vector<Call> late_calls(const std::vector<SampleId>& ids, std::vector<Record> records) {
  std::vector<Call> late;
  for (std::size_t i = fold_all(ids, records); i < records.size(); ++i) {
    if (records[i].call) {
      late.push_back(std::move(*records[i].call));
    }
  }
  return late;
}

}  // namespace fd
