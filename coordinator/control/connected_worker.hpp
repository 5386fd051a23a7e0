#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "actors/system/clock.hpp"
#include "coordinator/control/coordinator_events.hpp"
#include "coordinator/control/deaths.hpp"

namespace fd {

/// What the coordinator knows of a worker that it hears of.
struct ConnectedWorker {
  std::string name;
  PeerId peer;
  WorkerState state;  ///< the latest
  Instant last_seen;
  Instant last_confirmed;  ///< when the latest state came whose Order the worker has confirmed
  std::map<std::uint64_t, Instant> arrivals;  ///< when each state came that it may yet confirm
  bool hears = false;                         ///< has confirmed one of our orders
  std::uint32_t slots = 0;                    ///< its share
  bool ready = false;                         ///< has the run's config
  bool held_back = false;  ///< could have more shards, but too many wait to be written
  std::map<std::uint32_t, HeldLease> held;  ///< of the latest state, by shard
  std::optional<SamplePlace> alone;         ///< the suspect that it was sent to run in isolation
  /// What it asked for or delivered waits for this shard to be read. A flush marker waits behind
  /// it: the worker would take what is not answered for lost.
  std::optional<std::uint32_t> early;

  /// Takes a later state. `config`: digest of the run's config.
  void take(Instant now, const StateArrived& event, const Digest& config);
};

}  // namespace fd
