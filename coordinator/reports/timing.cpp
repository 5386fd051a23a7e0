#include "coordinator/reports/timing.hpp"

#include <utility>

#include "coordinator/reports/quantiles.hpp"

namespace fd {
namespace {

json::Value per(double amount, double seconds) {
  return seconds > 0 ? json::Value(amount / seconds) : json::Value();
}

json::Object stage_object(const RunTimes::Stage& stage) {
  json::Object object = quantiles_object(stage.service_ms);
  object["count"] = stage.count;
  object["wall_s"] = stage.wall_s;
  object["queue"] = quantiles_object(stage.queue_ms);
  object["service"] = quantiles_object(stage.service_ms);
  return object;
}

}  // namespace

json::Value timing_report(const RunSummary& summary, const RunTimes& times,
                          const CallTimes& calls) {
  constexpr double kSecondsPerHour = 3600;
  json::Object stages;
  for (const StageId stage : all_stages()) {
    const auto found = times.stages.find(stage);
    stages[std::string(name(stage))] =
        stage_object(found != times.stages.end() ? found->second : RunTimes::Stage{});
  }
  return json::Object{
      {"run_id", summary.run_id},
      {"wall_s", times.wall_s},
      {"stages", std::move(stages)},
      {"calls", calls.report()},
      {"teacher_tokens_per_sec", per(static_cast<double>(summary.completion_tokens), times.wall_s)},
      {"pipeline_kept_samples_per_hour",
       per(static_cast<double>(summary.kept) * kSecondsPerHour, times.wall_s)},
      {"student_tokens_per_sec", json::Value()},
      {"teacher_full_share", times.teacher_full_share}};
}

}  // namespace fd
