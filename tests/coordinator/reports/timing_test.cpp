#include "coordinator/reports/timing.hpp"

#include <gtest/gtest.h>

#include "coordinator/reports/costs.hpp"

namespace fd {
namespace {

CallView call(std::string_view endpoint, std::uint64_t attempts, std::uint64_t prompt,
              std::uint64_t completion, std::string_view error = "\"\"") {
  CallView view;
  view.endpoint = endpoint;
  view.attempts = attempts;
  view.prompt_tokens = prompt;
  view.completion_tokens = completion;
  view.error = error;
  return view;
}

GatewayConfig two_providers() {
  GatewayConfig config;
  ProviderConfig cheap;
  cheap.name = "cheap";
  cheap.price_per_mtok = {0.5, 1.0};
  ProviderConfig dear;
  dear.name = "dear";
  dear.price_per_mtok = {10, 20};
  config.providers = {cheap, dear};
  return config;
}

TEST(CostReport, AddsUpByProviderAndInTotal) {
  CallCounts counts;
  counts.add(call("\"cheap\"", 1, 1'000'000, 0));
  counts.add(call("\"cheap\"", 3, 0, 0, "\"HTTP 500\""));
  counts.add(call("\"dear\"", 1, 100'000, 200'000));
  const std::string in_doubt = "\"" + std::string(kInDoubt) + "\"";
  counts.add(call("\"\"", 1, 77, 0, in_doubt));  // nobody knows what it cost
  const auto report =
      cost_report("run-1", counts.by_provider().value(), counts.in_doubt(), two_providers());
  EXPECT_EQ(json::canonical(report),
            R"({"in_doubt":{"calls":1,"estimated_prompt_tokens":77},)"
            R"("providers":{"cheap":{"answered":1,"attempts":4,"calls":2,"completion_tokens":0,)"
            R"("cost":0.5,"price_per_mtok":{"input":0.5,"output":1},"prompt_tokens":1000000},)"
            R"("dear":{"answered":1,"attempts":1,"calls":1,"completion_tokens":200000,)"
            R"("cost":5,"price_per_mtok":{"input":10,"output":20},"prompt_tokens":100000}},)"
            R"("run_id":"run-1","total":{"answered":2,"attempts":5,"calls":3,)"
            R"("completion_tokens":200000,"cost":5.5,"prompt_tokens":1100000}})");
}

TEST(CostReport, AProviderThatTheConfigDoesNotNameHasNoPrice) {
  CallCounts counts;
  counts.add(call("\"gone\"", 1, 1'000'000, 1'000'000));
  const auto report =
      cost_report("run-1", counts.by_provider().value(), counts.in_doubt(), two_providers());
  EXPECT_TRUE(report.find("providers")->find("gone")->find("price_per_mtok")->is_null());
  EXPECT_EQ(*report.find("total")->find("cost")->as_number(), 0.0);
}

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
