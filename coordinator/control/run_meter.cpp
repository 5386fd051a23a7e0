#include "coordinator/control/run_meter.hpp"

#include <algorithm>

#include "coordinator/reports/costs.hpp"
#include "coordinator/reports/quantiles.hpp"
#include "protocol/base/saturating.hpp"

namespace fd {

void RunMeter::count(const Record& record) {
  if (record.call && record.call->end != CallEnd::in_doubt) {
    ++progress_.calls;
    add_saturating(progress_.prompt_tokens, record.call->prompt_tokens);
    add_saturating(progress_.completion_tokens, record.call->completion_tokens);
    progress_.cost = finite(progress_.cost + cost_of(*record.call));
    progress_.unpriced += record.call->price ? 0 : 1;
  }
  if (record.outcome) {
    ++progress_.done;
    ++(record.outcome->verdict == Verdict::kept       ? progress_.kept
       : record.outcome->verdict == Verdict::rejected ? progress_.rejected
                                                      : progress_.failed);
  }
}

void RunMeter::measure(const Outcome& outcome) {
  for (const StageTime& time : outcome.times) {
    StageHistograms& stage = stages_[time.stage];
    stage.queue.add(time.queue_us);
    stage.service.add(time.service_us);
    add_saturating(stage.service_us, time.service_us);
  }
}

std::shared_ptr<const Progress> RunMeter::snapshot(const CoordinatorView& view) const {
  auto snapshot = std::make_shared<Progress>(progress_);
  snapshot->shards_committed = view.shards_committed - progress_.shards_failed;
  snapshot->in_flight = view.in_flight;
  snapshot->workers = static_cast<std::uint32_t>(view.workers.size());
  snapshot->worker_views = view.workers;
  return snapshot;
}

RunTimes RunMeter::times(const TeacherTime& teacher) const {
  RunTimes times;
  if (teacher.shared_ms > 0) {
    // A worker's clock and ours differ a little.
    times.teacher_full_share = std::min(
        1.0, static_cast<double>(teacher.full_ms) / static_cast<double>(teacher.shared_ms));
  }
  for (const auto& [stage, from] : stages_) {
    RunTimes::Stage& to = times.stages[stage];
    to.count = from.service.count();
    to.wall_s = static_cast<double>(from.service_us) / 1e6;
    to.service_ms = quantiles_ms(from.service);
    to.queue_ms = quantiles_ms(from.queue);
  }
  return times;
}

}  // namespace fd
