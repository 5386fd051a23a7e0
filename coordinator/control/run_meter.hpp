#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "coordinator/control/coordinator_core.hpp"
#include "coordinator/control/progress.hpp"
#include "coordinator/reports/histogram.hpp"
#include "coordinator/reports/timing.hpp"
#include "protocol/messages.hpp"

namespace fd {

/// Counts what a run has done so far, and how long its stages took. Pure.
class RunMeter {
 public:
  /// `before`: what earlier starts of the run have committed.
  explicit RunMeter(Progress before) : progress_(std::move(before)) {}

  /// Counts the call and the outcome of a record. A call in doubt does not count.
  void count(const Record& record);
  /// Adds the times of an outcome that this start recorded.
  void measure(const Outcome& outcome);

  /// Counts a shard whose files this start wrote. `failed`: with failed samples.
  void count_shard(bool failed) { progress_.shards_failed += failed ? 1u : 0u; }

  /// Returns the counts, with what `view` shows of workers and shards. Thread: any may read it.
  [[nodiscard]] std::shared_ptr<const Progress> snapshot(const CoordinatorView& view) const;
  /// Returns what the stages and teachers took, all but the run's wall time.
  [[nodiscard]] RunTimes times(const TeacherTime& teacher) const;

 private:
  struct StageHistograms {
    Histogram queue;
    Histogram service;
    std::uint64_t service_us = 0;
  };
  Progress progress_;
  std::map<StageId, StageHistograms> stages_;
};

}  // namespace fd
