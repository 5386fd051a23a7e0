#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/control/coordinator_core.hpp"

namespace fd::testing_support {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A coordinator's core with one shard of two samples, and workers that are played by hand.
class CoreTest : public testing::Test {
 protected:
  CoreTest() {
    config_.ledger = 7;
    config_.start = 9;
    config_.providers = {{"", 4}};
  }

  void begin(std::vector<ShardSeed> seeds = {{2, false, std::nullopt}}) {
    core_.emplace(config_, seeds);
  }

  static SampleId id_of(std::uint8_t position) {
    SampleId id;
    id.bytes[1] = position;
    return id;
  }

  /// What the process `incarnation` sends to this start.
  Arrived from(std::uint64_t incarnation) const {
    return {"peer" + std::to_string(incarnation), Speaker{7, 9, incarnation}, ""};
  }

  /// Takes an event; what it has written down is on disk at once, unless the disk is slow.
  CoordinatorEffects step(CoordinatorEvent event) {
    CoordinatorEffects effects = core_->step(now_, std::move(event));
    LeasesDurable durable{highest_fence(effects.append), shares_in(effects.append)};
    shares_.insert(shares_.end(), durable.shares.begin(), durable.shares.end());
    if (!slow_disk_ && (durable.fence > 0 || !durable.shares.empty())) {
      for (Outgoing& one : core_->step(now_, std::move(durable)).send) {
        effects.send.push_back(std::move(one));
      }
    }
    return effects;
  }

  /// The next state of a process of the worker `name`.
  CoordinatorEffects state(
      std::uint64_t incarnation, const std::string& name = "w",
      const std::function<void(WorkerState&)>& change = [](WorkerState&) {}) {
    StateArrived event{from(incarnation), {}};
    event.state.name = name;
    event.state.seq = ++seq_;
    event.state.heard = seq_ - 1;
    event.state.config = config_.config;
    event.state.stages = all_stages();
    change(event.state);
    return step(std::move(event));
  }

  void load() { step(ShardLoaded{0, {id_of(0), id_of(1)}, {}, {}}); }

  static Record outcome_of(std::uint8_t position, std::uint64_t fence) {
    Record record;
    record.fence = fence;
    record.outcome.emplace();
    record.outcome->sample_id = id_of(position);
    record.outcome->verdict = Verdict::kept;
    record.outcome->reason = Reason::none;
    return record;
  }
  static Record call_of(std::uint8_t position, std::uint64_t fence) {
    Record record;
    record.fence = fence;
    record.call.emplace();
    record.call->sample_id = id_of(position);
    record.call->fence = fence;
    return record;
  }

  /// Lets time pass as the shell does, with a tick twice a second.
  void advance(Duration time) {
    for (const Instant end = now_ + time; now_ < end;) {
      now_ = std::min(end, now_ + milliseconds(500));
      step(Ticked{});
    }
  }
  /// The coordinator is stopped meanwhile.
  void pause(Duration time) {
    now_ += time;
    step(Ticked{});
  }

  template <class T>
  static std::vector<T> sent(const CoordinatorEffects& effects) {
    std::vector<T> found;
    for (const Outgoing& one : effects.send) {
      if (const auto* message = std::get_if<T>(&one)) {
        found.push_back(*message);
      }
    }
    return found;
  }
  /// Returns how many calls the order allows.
  static std::uint32_t calls_in(const SendOrder& send) { return total_calls(send.order.shares); }

  CoordinatorCoreConfig config_;
  std::optional<CoordinatorCore> core_;
  Instant now_{};
  std::uint64_t seq_ = 0;
  bool slow_disk_ = false;
  std::vector<ShareGranted> shares_;  ///< all that were written down
};

}  // namespace fd::testing_support
