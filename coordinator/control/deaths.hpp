#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/control/lease_table.hpp"
#include "coordinator/control/shard_progress.hpp"

// Finds the samples that end their workers: a death counts against every sample that was in flight
// at the worker, little when it had no answer on record; a suspect runs alone, and each death then
// is a strike. Pure.

namespace fd {

/// This many deaths in isolation mark the sample failed(poison).
inline constexpr std::uint8_t kStrikesToPoison = 3;

/// A sample, by shard and position.
struct SamplePlace {
  std::uint32_t shard = 0;
  std::uint32_t position = 0;
  bool operator==(const SamplePlace&) const = default;
};

/// A sample that a death caught in flight, and what that added to its suspicion.
struct Caught : SamplePlace {
  std::uint8_t suspicion = 0;
  bool operator==(const Caught&) const = default;
};

/// What a worker's silence was counted as; taken back when the worker is heard of again.
struct Lapse {
  std::vector<Caught> under_way;     ///< samples that were in flight
  std::optional<SamplePlace> alone;  ///< the suspect that ran there in isolation
  std::uint64_t seq = 0;             ///< of its last state: one that is not later proves no life
};

/// Counts a worker's end against the samples that were sent under the leases it holds and are not
/// done; returns them. A strike is apart: add_strike().
std::vector<Caught> count_death(ShardProgresses& shards, const LeaseTable& leases,
                                std::uint64_t incarnation);

/// Counts a death against a sample that ran alone. Returns whether this one makes it poison: the
/// caller records that.
bool add_strike(ShardProgresses& shards, const SamplePlace& place);

/// The worker lives after all: its silence was no death.
void take_back(ShardProgresses& shards, const Lapse& lapse);

}  // namespace fd
