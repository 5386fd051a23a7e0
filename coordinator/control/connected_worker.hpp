#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "actors/system/clock.hpp"
#include "coordinator/control/coordinator_events.hpp"
#include "coordinator/control/deaths.hpp"
#include "coordinator/control/shares.hpp"

namespace fd {

/// What a worker was told of its shares.
struct ToldShares {
  std::uint64_t number = 0;  ///< Order::share_number; 0: nothing yet
  CallsByProvider calls;
  std::size_t proven = 0;  ///< providers that it was told answer: they grow only
};

/// What the coordinator knows of a worker that it hears of.
struct ConnectedWorker {
  std::string name;
  PeerId peer;
  WorkerState state;                 ///< the latest
  std::uint64_t full_ms_before = 0;  ///< WorkerState::full_ms of that state
  Instant last_seen;                 ///< when it was last heard of
  Instant last_state;      ///< when its latest state came; states do not wait behind records
  Instant last_confirmed;  ///< when the latest state came whose Order the worker has confirmed
  std::map<std::uint64_t, Instant> arrivals;  ///< when each state came that it may yet confirm
  bool hears = false;                         ///< has confirmed one of our orders
  CallsByProvider shares;                     ///< its part of what the providers allow
  std::uint32_t slots = 0;                    ///< their sum
  Duration shared{};                          ///< how long it had a share, up to shared_until
  Instant shared_until{};
  /// The last Order::share_number before it came. What it heard up to there was taken back when its
  /// lease ended.
  std::uint64_t shares_since = 0;
  ToldShares told;                  ///< last
  std::deque<ToldShares> unheard;   ///< what it was told and may not have heard
  std::uint32_t doubt_logged = 0;   ///< calls that the ledger has, or will have, for it
  std::uint32_t doubt_durable = 0;  ///< calls that the ledger has for it
  /// Calls for samples that it does not hold any more may be in flight there, or their answers on
  /// their way.
  bool strayed = false;
  bool knows_start = false;         ///< the latest state is of one that has heard this start
  bool ready = false;               ///< has the run's config
  std::optional<Instant> relieved;  ///< when its shards went to others, as it reached no endpoint
  bool held_back = false;           ///< could have more shards, but too many wait to be written
  std::map<std::uint32_t, HeldLease> held;  ///< of the latest state, by shard
  std::optional<SamplePlace> alone;         ///< the suspect that it was sent to run in isolation
  /// What it asked for or delivered waits for this shard to be read. A flush marker waits behind
  /// it: the worker would take what is not answered for lost.
  std::optional<std::uint32_t> early;

  /// Returns whether all that it paid for is on record, as far as it says. Before it has heard this
  /// start it says nothing of the run: its journal may not be open.
  [[nodiscard]] bool settled() const {
    return knows_start && state.in_flight == 0 && state.waiting == 0 && state.owed == 0;
  }

  /// Returns whether it goes by shares that it was given since it came: those of earlier starts,
  /// and of leases that ended, count no more.
  [[nodiscard]] bool heard_share() const { return knows_start && state.share_heard > shares_since; }

  /// Returns for how long all its slots were taken since it joined. A session that began since then
  /// counts from 0.
  [[nodiscard]] std::uint64_t full_ms() const {
    return state.full_ms < full_ms_before ? state.full_ms : state.full_ms - full_ms_before;
  }

  /// Returns for how long it has had a share of the calls.
  [[nodiscard]] Duration shared_for(Instant now) const {
    return slots > 0 ? shared + std::max(now - shared_until, Duration::zero()) : shared;
  }
  /// Gives it another share.
  void share(Instant now, CallsByProvider calls);

  /// Takes a later state. `config`: digest of the run's config; `us`: ledger and start of this
  /// coordinator.
  void take(Instant now, const StateArrived& event, const Digest& config, const Speaker& us);
};

}  // namespace fd
