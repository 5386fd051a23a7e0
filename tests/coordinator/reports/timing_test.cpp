#include "coordinator/reports/timing.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(TimingReport, HasRatesAndStages) {
  RunSummary summary;
  summary.run_id = "run-1";
  summary.kept = 500;
  summary.completion_tokens = 2000;
  RunTimes times;
  times.wall_s = 100;
  times.teacher_full_share = 0.97;
  RunTimes::Stage& teacher = times.stages[StageId::teacher];
  teacher.count = 600;
  teacher.wall_s = 300;
  teacher.service_ms = {500, 900, 1000, 1500};
  teacher.queue_ms = {1, 2, 3, 4};
  const json::Value report = timing_report(summary, times);
  EXPECT_EQ(*report.find("teacher_tokens_per_sec")->as_number(), 20.0);
  EXPECT_EQ(*report.find("pipeline_kept_samples_per_hour")->as_number(), 18000.0);
  EXPECT_TRUE(report.find("student_tokens_per_sec")->is_null());
  EXPECT_EQ(*report.find("teacher_full_share")->as_number(), 0.97);
  EXPECT_EQ(json::canonical(*report.find("stages")->find("teacher")),
            R"({"count":600,"p50_ms":500,"p90_ms":900,"p95_ms":1000,"p99_ms":1500,)"
            R"("queue":{"p50_ms":1,"p90_ms":2,"p95_ms":3,"p99_ms":4},)"
            R"("service":{"p50_ms":500,"p90_ms":900,"p95_ms":1000,"p99_ms":1500},"wall_s":300})");
  for (const char* stage : {"teacher", "clean", "rules", "exec", "score", "select"}) {
    EXPECT_NE(report.find("stages")->find(stage), nullptr) << stage;
  }
}

TEST(TimingReport, RatesAreNullWhenNoTimePassed) {
  const json::Value report = timing_report(RunSummary(), RunTimes());
  EXPECT_TRUE(report.find("teacher_tokens_per_sec")->is_null());
  EXPECT_TRUE(report.find("pipeline_kept_samples_per_hour")->is_null());
}

}  // namespace
}  // namespace fd
