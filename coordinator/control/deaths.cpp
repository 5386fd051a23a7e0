#include "coordinator/control/deaths.hpp"

namespace fd {
namespace {

/// Returns null when the shard is not worked on.
SampleState* sample_at(ShardProgresses& shards, const SamplePlace& place) {
  const auto found = shards.find(place.shard);
  return found == shards.end() ? nullptr : &found->second.samples[place.position];
}

}  // namespace

std::vector<SamplePlace> count_death(ShardProgresses& shards, const LeaseTable& leases,
                                     std::uint64_t incarnation) {
  std::vector<SamplePlace> under_way;
  for (const std::uint32_t shard : leases.held_by(incarnation)) {
    const auto found = shards.find(shard);
    if (found == shards.end()) {
      continue;
    }
    std::vector<SampleState>& samples = found->second.samples;
    for (std::uint32_t position = 0; position < samples.size(); ++position) {
      SampleState& sample = samples[position];
      if (!sample.done && sample.sent_fence == leases.lease(shard)->fence &&
          sample.deaths < UINT8_MAX) {
        ++sample.deaths;
        under_way.push_back({shard, position});
      }
    }
  }
  return under_way;
}

bool add_strike(ShardProgresses& shards, const SamplePlace& place) {
  SampleState* sample = sample_at(shards, place);
  return sample != nullptr && !sample->done && ++sample->strikes >= kStrikesToPoison;
}

void take_back(ShardProgresses& shards, const Lapse& lapse) {
  for (const SamplePlace& place : lapse.under_way) {
    if (SampleState* sample = sample_at(shards, place); sample != nullptr && sample->deaths > 0) {
      --sample->deaths;
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
