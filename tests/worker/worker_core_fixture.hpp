#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "worker/worker_core.hpp"

namespace fd::testing_support {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline Digest digest_of(std::uint8_t fill) {
  Digest digest;
  digest.bytes.fill(fill);
  return digest;
}

/// A worker under test, and a coordinator that is played by hand.
class WorkerCoreTest : public testing::Test {
 protected:
  WorkerCoreTest() : core_(WorkerCoreConfig{"w1", 5, 0, seconds(25)}) {}

  WorkerEffects step(WorkerEvent event) {
    WorkerEffects effects = core_.step(now_, std::move(event));
    for (const WorkerMessage& message : effects.send) {
      if (const auto* state = std::get_if<WorkerState>(&message)) {
        last_state_ = *state;
      } else if (const auto* marker = std::get_if<FlushMarker>(&message)) {
        last_flush_marker_ = *marker;
      }
    }
    return effects;
  }

  /// What comes from the coordinator of a run.
  FromCoordinator from(const std::string& run_id = "run") const { return {run_id, coordinator_}; }
  WorkerEffects take(Order order) { return step(OrderArrived{from(), std::move(order)}); }
  WorkerEffects take(Samples samples) { return step(SamplesArrived{from(), std::move(samples)}); }

  Order order(std::vector<GrantedLease> leases) const {
    Order order;
    order.ack_seq = last_state_.seq;
    order.config = digest_of(9);
    order.shares = {{"a", 3}, {"b", 1}};
    order.share_number = 1;
    order.leases = std::move(leases);
    order.ttl_ms = 10000;
    order.heartbeat_ms = 1000;
    return order;
  }

  /// The last flush marker comes back: what was sent before it is answered too, or lost.
  WorkerEffects hear_flush_marker() {
    return step(FlushMarkerReturned{from(), last_flush_marker_});
  }

  /// The coordinator answers the last state.
  WorkerEffects hear(std::vector<GrantedLease> leases) { return take(order(std::move(leases))); }

  /// Brings the worker to where it has the run's config.
  void join() {
    step(WorkerTicked{});
    take(order({}));
    const WorkerEffects effects = step(RunSpecArrived{from(), {digest_of(9), "{}"}});
    ASSERT_EQ(effects.configure, "{}");
  }

  static std::vector<Fetch> fetches(const WorkerEffects& effects) { return of<Fetch>(effects); }
  template <class Message>
  static std::vector<Message> of(const WorkerEffects& effects) {
    std::vector<Message> found;
    for (const WorkerMessage& message : effects.send) {
      if (const auto* one = std::get_if<Message>(&message)) {
        found.push_back(*one);
      }
    }
    return found;
  }

  static Samples samples(std::uint32_t from, std::uint32_t next, std::uint64_t fence = 1) {
    Samples samples;
    samples.shard = 0;
    samples.fence = fence;
    samples.from = from;
    samples.next = next;
    for (std::uint32_t position = from; position < next; ++position) {
      samples.items.emplace_back().sample.id = id_at(position);
    }
    return samples;
  }
  static SampleId id_at(std::uint32_t position) {
    return digest_of(static_cast<std::uint8_t>(position));
  }

  /// The outcome of the sample at `position`, or of the next one.
  RecordReady outcome() { return outcome_at(outcomes_++); }
  static RecordReady outcome_at(std::uint32_t position, std::uint64_t fence = 1) {
    Record record;
    record.fence = fence;
    record.outcome.emplace();
    record.outcome->sample_id = id_at(position);
    return {record, true, 0};
  }
  static Answer answer_at(std::uint32_t position, const std::string& text = "SELECT 1") {
    Answer answer;
    answer.sample_id = id_at(position);
    answer.text = text;
    return answer;
  }
  static RecordReady answered(std::uint32_t position, std::uint64_t journal_seq = 0,
                              std::uint64_t fence = 1) {
    Record record;
    record.fence = fence;
    record.answer = answer_at(position);
    return {record, false, journal_seq};
  }
  void acknowledge(std::uint64_t seq) { step(AckArrived{from(), {seq}}); }

  WorkerEffects wait(Duration duration) {
    now_ += duration;
    return step(WorkerTicked{});
  }

  Speaker coordinator_{7, 1, 5};  ///< as it speaks to this worker
  std::uint32_t outcomes_ = 0;
  Instant now_{};
  WorkerCore core_;
  WorkerState last_state_;
  FlushMarker last_flush_marker_;
};

}  // namespace fd::testing_support
