#pragma once

#include <cstdint>
#include <map>

#include "coordinator/reports/call_times.hpp"
#include "coordinator/reports/quantiles.hpp"
#include "coordinator/reports/run_summary.hpp"
#include "protocol/json/json.hpp"
#include "protocol/records.hpp"

namespace fd {

/// Facts that only the live run knows. Units: seconds.
struct RunTimes {
  double wall_s = 0;
  /// Share of the time that workers were connected in which all teacher slots of one were taken.
  double teacher_full_share = 0;
  /// Per stage that ran, log-scale histograms of queue and service time; see
  /// coordinator/reports/histogram.hpp.
  struct Stage {
    std::uint64_t count = 0;
    double wall_s = 0;  ///< sum of service time
    Quantiles service_ms{};
    Quantiles queue_ms{};
  };
  std::map<StageId, Stage> stages;
  /// Answers of earlier runs that this start took, and what they had cost, as far as it is known.
  /// Units of the cost: those of the prices.
  std::uint64_t reused = 0;
  double reused_cost = 0;
};

/// Returns timing_report.json. Rates are null when no time passed.
json::Value timing_report(const RunSummary& summary, const RunTimes& times,
                          const CallTimes& calls = {});

}  // namespace fd
