#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/system/clock.hpp"
#include "worker/worker_core.hpp"

namespace fd::load {

/// What the workers of a load measured together.
struct Measured {
  std::uint64_t outcomes = 0;      ///< handed to the cores
  std::uint64_t acknowledged = 0;  ///< records that the coordinator has on its disk
  std::uint64_t refused = 0;       ///< messages that could not be read
  std::vector<std::uint32_t>
      control_us;  ///< from a WorkerState that left to the Order that answers it
  std::vector<std::uint32_t> granting_us;  ///< those of them whose Order brought a new lease
  std::vector<std::uint32_t> plain_us;     ///< all others
};

/// One worker without a teacher: the real core, and a pipeline that makes up an answer, a call and
/// an outcome for each sample. Thread: one at a time.
class LoadWorker {
 public:
  /// Puts one frame on the worker's way to the coordinator.
  using Send = std::function<void(std::string)>;

  LoadWorker(std::uint32_t number, std::uint64_t incarnation, std::size_t answer_bytes,
             Measured& measured, Send send);

  /// Takes a frame of the coordinator.
  void receive(Instant now, std::string_view bytes);
  /// Does what is due. To be called at due() and after receive().
  void tick(Instant now);
  [[nodiscard]] Instant due() const { return core_.next_tick(); }
  /// Finishes the sample that has waited longest. Returns false when none is there.
  bool finish_one(Instant now);
  [[nodiscard]] bool run_over() const { return run_over_; }

 private:
  bool has_new_lease(const Order& order);
  Result<void> dispatch(Instant now, std::string_view bytes);
  void step(Instant now, WorkerEvent event);
  void perform(Instant now, WorkerEffects effects);
  void send(Instant now, const WorkerMessage& message);

  std::size_t answer_bytes_;
  Measured& measured_;
  Send send_;
  WorkerCore core_;
  std::deque<StartSample> samples_;
  std::map<std::uint64_t, Instant> states_sent_;  ///< by seq, not answered yet
  std::map<std::uint64_t, std::size_t> batches_;  ///< records by seq of their Deliver
  std::uint64_t highest_fence_ = 0;               ///< of the leases heard of
  bool served_ = false;
  bool run_over_ = false;
};

}  // namespace fd::load
