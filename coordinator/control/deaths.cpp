#include "coordinator/control/deaths.hpp"

#include <algorithm>

namespace fd {
namespace {

/// Returns null when the shard is not worked on.
SampleState* sample_at(ShardProgresses& shards, const SamplePlace& place) {
  const auto found = shards.find(place.shard);
  return found == shards.end() ? nullptr : &found->second.samples[place.position];
}

}  // namespace

std::vector<Caught> count_death(ShardProgresses& shards, const LeaseTable& leases,
                                std::uint64_t incarnation) {
  std::vector<Caught> under_way;
  for (const std::uint32_t shard : leases.held_by(incarnation)) {
    const auto found = shards.find(shard);
    if (found == shards.end()) {
      continue;
    }
    std::vector<SampleState>& samples = found->second.samples;
    for (std::uint32_t position = 0; position < samples.size(); ++position) {
      SampleState& sample = samples[position];
      if (sample.done || sample.sent_fence != leases.lease(shard)->fence) {
        continue;
      }
      const int weight =
          found->second.has_answer(position) ? kSuspicionAnswered : kSuspicionUnanswered;
      const auto added = static_cast<std::uint8_t>(std::min(weight, UINT8_MAX - sample.suspicion));
      sample.suspicion = static_cast<std::uint8_t>(sample.suspicion + added);
      under_way.push_back({{shard, position}, added});
    }
  }
  return under_way;
}

bool add_strike(ShardProgresses& shards, const SamplePlace& place) {
  SampleState* sample = sample_at(shards, place);
  return sample != nullptr && !sample->done && ++sample->strikes >= kStrikesToPoison;
}

void take_back(ShardProgresses& shards, const Lapse& lapse) {
  for (const Caught& caught : lapse.under_way) {
    if (SampleState* sample = sample_at(shards, caught)) {
      sample->suspicion = static_cast<std::uint8_t>(sample->suspicion -
                                                    std::min(sample->suspicion, caught.suspicion));
    }
  }
  if (lapse.alone) {
    if (SampleState* sample = sample_at(shards, *lapse.alone);
        sample != nullptr && sample->strikes > 0) {
      --sample->strikes;
    }
  }
}

}  // namespace fd
