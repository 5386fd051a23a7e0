#include "coordinator/control/run_meter.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

Record call(CallEnd end) {
  Record record;
  record.call.emplace();
  record.call->end = end;
  record.call->prompt_tokens = 1'000'000;
  record.call->completion_tokens = 500'000;
  record.call->price = {2.0, 4.0};
  return record;
}

Record outcome(Verdict verdict) {
  Record record;
  record.outcome.emplace();
  record.outcome->verdict = verdict;
  return record;
}

TEST(RunMeterTest, CountsOnFromWhatEarlierStartsCommitted) {
  Progress before;
  before.total = 9;
  before.done = before.kept = 4;
  RunMeter meter(before);
  for (const Verdict verdict : {Verdict::kept, Verdict::rejected, Verdict::failed}) {
    meter.count(outcome(verdict));
  }
  const auto progress = meter.snapshot({});
  EXPECT_EQ(progress->total, 9u);
  EXPECT_EQ(progress->done, 7u);
  EXPECT_EQ(progress->kept, 5u);
  EXPECT_EQ(progress->rejected, 1u);
  EXPECT_EQ(progress->failed, 1u);
}

TEST(RunMeterTest, WhatAProviderClaimsMakesNoSumBeginAnew) {
  RunMeter meter({});
  Record claims = call(CallEnd::answered);
  claims.call->prompt_tokens = claims.call->completion_tokens = UINT64_MAX - 1;
  for (int i = 0; i < 3; ++i) {
    meter.count(claims);
  }
  EXPECT_EQ(meter.snapshot({})->prompt_tokens, UINT64_MAX);
  EXPECT_EQ(meter.snapshot({})->completion_tokens, UINT64_MAX);
}

TEST(RunMeterTest, ACallInDoubtIsNotCounted) {
  RunMeter meter({});
  meter.count(call(CallEnd::answered));
  meter.count(call(CallEnd::in_doubt));
  const auto progress = meter.snapshot({});
  EXPECT_EQ(progress->calls, 1u);
  EXPECT_EQ(progress->prompt_tokens, 1'000'000u);
  EXPECT_EQ(progress->completion_tokens, 500'000u);
  EXPECT_DOUBLE_EQ(progress->cost, 4.0);
}

TEST(RunMeterTest, ASnapshotShowsTheWorkersAndStaysAsItIs) {
  RunMeter meter({});
  CoordinatorView view;
  view.in_flight = 3;
  view.workers.resize(2);
  view.workers[1].name = "w1";
  const auto progress = meter.snapshot(view);
  meter.count(outcome(Verdict::kept));
  EXPECT_EQ(progress->in_flight, 3u);
  EXPECT_EQ(progress->workers, 2u);
  EXPECT_EQ(progress->worker_views.at(1).name, "w1");
  EXPECT_EQ(progress->done, 0u);
}

TEST(RunMeterTest, MeasuresEachStageThatRan) {
  RunMeter meter({});
  Outcome outcome;
  outcome.times = {{StageId::exec, 10, 20'000}, {StageId::score, 0, 7}};
  meter.measure(outcome);
  meter.measure(outcome);
  const RunTimes times = meter.times({300, 400});
  EXPECT_EQ(times.teacher_full_share, 0.75);
  ASSERT_EQ(times.stages.size(), 2u);
  EXPECT_EQ(times.stages.at(StageId::exec).count, 2u);
  EXPECT_DOUBLE_EQ(times.stages.at(StageId::exec).wall_s, 0.04);
  EXPECT_NEAR(times.stages.at(StageId::exec).service_ms[0], 20.0, 0.4);
  EXPECT_NEAR(times.stages.at(StageId::exec).queue_ms[0], 0.01, 0.0002);
}

}  // namespace
}  // namespace fd
