#include "coordinator/control/shard_progress.hpp"

#include <algorithm>

namespace fd {

ShardProgress::ShardProgress(std::vector<SampleId> sample_ids, std::vector<Record> recorded)
    : ids(std::move(sample_ids)), samples(ids.size()) {
  for (Record& one : recorded) {
    if (one.call) {
      record_call(*one.call);
    }
    if (one.answer) {
      if (const auto position = position_of(one.answer->sample_id)) {
        record_answer(*position, *one.answer);
      }
    }
    if (one.outcome) {
      const auto position = position_of(one.outcome->sample_id);
      if (position && !samples[*position].done) {
        finish(*position, false);  // a failed one is not final, and was left out by the reader
      }
    }
  }
}

bool ShardProgress::only_suspects_left() const {
  return std::all_of(samples.begin(), samples.end(),
                     [](const SampleState& sample) { return sample.done || sample.suspect(); });
}

std::optional<std::uint32_t> ShardProgress::position_of(const SampleId& id) const {
  const auto found = std::lower_bound(ids.begin(), ids.end(), id);
  if (found == ids.end() || *found != id) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(found - ids.begin());
}

bool ShardProgress::follows_from_record(std::uint32_t position, const Record& one) const {
  std::uint64_t on_record = 0;
  for (const auto& [place, answer] : answers_at(position)) {
    on_record ^= answer_fingerprint(answer);
  }
  return one.follows_from.value_or(on_record) == on_record;
}

bool ShardProgress::record_call(const Call& call) {
  return calls.insert(call_fingerprint(call)).second || FD_MUTANT(call_counted_twice);
}

bool ShardProgress::record_answer(std::uint32_t position, const Answer& answer) {
  const auto [entry, fresh] = answers.try_emplace({position, answer}, answer);
  if (!fresh && FD_MUTANT(last_writer_wins)) {
    entry->second = answer;
    return true;
  }
  return fresh;
}

void ShardProgress::finish(std::uint32_t position, bool failed) {
  samples[position].done = true;
  samples[position].failed = failed;
  ++done_count;
}

}  // namespace fd
