#include "coordinator/inspect/status.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/control/status_file.hpp"
#include "coordinator/reports/costs.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

RunStatus status_of(const InspectedRun& run) {
  auto status = read_status(run.dir());
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  return status.ok() ? std::move(status).value() : RunStatus{};
}

Progress halfway() {
  Progress progress;
  progress.total = 6;
  progress.done = 4;
  progress.kept = 2;
  progress.rejected = 1;
  progress.failed = 1;
  progress.shards_committed = 1;
  progress.calls = 5;
  progress.prompt_tokens = 1500;
  progress.completion_tokens = 70;
  progress.cost = 0.00164;
  progress.in_flight = 2;
  progress.worker_views = {{"local-0",
                            1,
                            2,
                            16,
                            120,
                            {StageId::teacher, StageId::exec},
                            "tcp://127.0.0.1:5556",
                            3,
                            1234}};
  return progress;
}

void say(const InspectedRun& run, const std::string& text) {
  ASSERT_TRUE(make_directories(run.dir().workers()).ok());
  put_bytes(status_path(run.dir()), text);
}

/// What a coordinator would say of the run.
void report(const InspectedRun& run, const std::string& run_id = "text2sql-1",
            const Progress& progress = halfway()) {
  say(run, json::pretty(status_json({run_id, 3, "2026-01-31T12:00:00.000Z"}, progress, CallTotals{},
                                    0, "2026-01-31T12:00:07.000Z")));
}

TEST(Status, OfAnEndedRunIsCountedFromItsFiles) {
  const InspectedRun run(RunProgress::finished);
  const RunStatus status = status_of(run);
  EXPECT_EQ(status.state, RunState::ended);
  EXPECT_EQ(render_status(status),
            "run       text2sql-1 (" + run.dir().root() +
                ")\n"
                "task      text2sql, answered by qwen3:0.6b\n"
                "started   " +
                status.started_at +
                "\n"
                "state     ended with exit code 0 at " +
                *status.finished_at +
                "\n"
                "samples   6 of 6 done (100.0 %): 4 kept, 2 rejected, 0 failed\n"
                "calls     6; 600 tokens in, 120 out; cost 0.00084\n"
                "shards    2 of 2 committed, 0 with failed samples, 0 pending\n");
}

TEST(Status, OfAStoppedRunTellsHowToGoOn) {
  const InspectedRun run(RunProgress::first_half);
  const RunStatus status = status_of(run);
  EXPECT_EQ(status.state, RunState::stopped);
  const std::string text = render_status(status);
  EXPECT_TRUE(holds(text, "state     nobody is working on it\n")) << text;
  EXPECT_TRUE(holds(text,
                    "calls     not known: they are counted while somebody works on the run, "
                    "and when it ends\n"));
  EXPECT_TRUE(holds(text, "shards    1 of 2 committed, 0 with failed samples, 1 pending\n"));
  EXPECT_TRUE(holds(text, "to go on  fd-coordinator resume " + run.dir().root() + "\n"));
}

TEST(Status, OfARunThatWasKilledIsWhatItSaidLast) {
  const InspectedRun run(RunProgress::first_half);
  report(run);
  const std::string text = render_status(status_of(run));
  EXPECT_TRUE(holds(text,
                    "state     nobody is working on it (start 3, at 2026-01-31T12:00:00.000Z); "
                    "last heard of at 2026-01-31T12:00:07.000Z\n"))
      << text;
  EXPECT_TRUE(holds(text, "samples   4 of 6 done (66.7 %): 2 kept, 1 rejected, 1 failed\n"));
  EXPECT_TRUE(holds(text, "calls     5; 1,500 tokens in, 70 out; cost 0.00164\n"));
  EXPECT_FALSE(holds(text, "worker")) << "nobody holds anything any more";
}

TEST(Status, OfALiveRunHasItsWorkers) {
  const InspectedRun run(RunProgress::first_half);
  report(run);
  const auto held = run.hold();
  const std::string text = render_status(status_of(run));
  EXPECT_TRUE(holds(text,
                    "state     running (start 3, at 2026-01-31T12:00:00.000Z), as of "
                    "2026-01-31T12:00:07.000Z\n"))
      << text;
  EXPECT_TRUE(holds(text, "calls     5, and 2 in flight; 1,500 tokens in"));
  EXPECT_TRUE(holds(text, "1 pending; 1 leased\n"));
  EXPECT_TRUE(holds(text,
                    "worker    local-0: 1 shard, 2 of 16 calls, heard of 120 ms before; serves "
                    "teacher exec, to others at tcp://127.0.0.1:5556: 3 batches under way, "
                    "1,234 samples done\n"));
  EXPECT_FALSE(holds(text, "to go on"));
}

/// Spoils every manifest, so that nothing can be counted from them.
void spoil_manifests(const InspectedRun& run) {
  for (const std::uint32_t shard : {0u, 1u}) {
    put_bytes(run.dir().shard_file(shard, RunDir::kManifest), "{}");
  }
}

TEST(Status, OfALiveRunReadsNoManifest) {
  const InspectedRun run(RunProgress::first_half);
  report(run);
  const auto held = run.hold();
  spoil_manifests(run);
  const RunStatus status = status_of(run);
  EXPECT_EQ(status.shards_committed, 1u);
  EXPECT_EQ(status.shards_pending, 1u);
}

TEST(Status, OfALiveRunHasTheShardsThatFailed) {
  const InspectedRun run(RunProgress::first_half);
  Progress progress = halfway();
  progress.shards_failed = 1;
  report(run, "text2sql-1", progress);
  const auto held = run.hold();
  EXPECT_TRUE(holds(render_status(status_of(run)),
                    "shards    1 of 2 committed, 1 with failed samples, 0 pending; 1 leased\n"));
}

TEST(Status, OfARunThatWasKilledCountsTheShardsThatAreThere) {
  const InspectedRun run(RunProgress::first_half);
  Progress progress = halfway();
  progress.shards_committed = 0;  // it was killed before it said so
  report(run, "text2sql-1", progress);
  const RunStatus status = status_of(run);
  EXPECT_EQ(status.shards_committed, 1u);
  EXPECT_EQ(status.shards_pending, 1u);
}

TEST(Status, OfALiveRunThatDoesNotTellItsShardsCountsThoseThatAreThere) {
  const InspectedRun run(RunProgress::first_half);
  const auto held = run.hold();
  say(run, R"({"run_id":"text2sql-1","samples":{"done":4}})");
  EXPECT_EQ(status_of(run).shards_committed, 1u);
  EXPECT_EQ(status_of(run).done, 4u);
  say(run, R"({"run_id":"text2sql-1","shards":{"committed":2,"failed":1}})");  // of 2
  EXPECT_EQ(status_of(run).shards_committed, 1u);
  EXPECT_EQ(status_of(run).shards_failed, 0u);
}

TEST(Status, OfARunThatHasJustBeenTakenUpSaysSo) {
  const InspectedRun run(RunProgress::first_half);
  report(run, "another-run");  // not of this run: not believed
  const auto held = run.hold();
  const RunStatus status = status_of(run);
  EXPECT_EQ(status.state, RunState::running);
  EXPECT_TRUE(holds(render_status(status),
                    "state     somebody works on it, and has not said yet how far it is\n"));
}

TEST(Status, AReportThatCannotBeReadIsNotBelieved) {
  const InspectedRun run(RunProgress::first_half);
  say(run, "{\"run_id\": \"text2sql-1\", ");
  EXPECT_FALSE(status_of(run).updated_at.has_value());
}

TEST(Status, HasTheDocumentedKeys) {
  const InspectedRun run(RunProgress::first_half);
  report(run);
  const auto held = run.hold();
  const RunStatus status = status_of(run);
  EXPECT_EQ(
      json::canonical(to_json(status)),
      R"({"calls":5,"calls_complete":true,"completion_tokens":70,"cost":0.00164,"epoch":3,)"
      R"("exit_code":null,"finished_at":null,"go_on":null,"in_flight":2,)"
      R"("model":"qwen3:0.6b","prompt_tokens":1500,"run_id":"text2sql-1",)"
      R"("samples":{"done":4,"failed":1,"kept":2,"rejected":1,"total":6},)"
      R"("shards":{"committed":1,"failed":0,"leased":1,"pending":1,"total":2},)"
      R"("since":"2026-01-31T12:00:00.000Z","started_at":")" +
          status.started_at +
          R"(","state":"running","task":"text2sql","unpriced":0,)"
          R"("updated_at":"2026-01-31T12:00:07.000Z",)"
          R"("workers":[{"in_flight":2,"leases":1,"name":"local-0",)"
          R"("peer_endpoint":"tcp://127.0.0.1:5556","served":1234,"serving":3,"silent_ms":120,)"
          R"("slots":16,"stages":["teacher","exec"]}]})");
}

TEST(Status, ACostThatNobodyKnowsIsNotZero) {
  const InspectedRun run(RunProgress::first_half);
  Progress progress = halfway();
  progress.unpriced = 4;
  report(run, "text2sql-1", progress);
  const RunStatus some = status_of(run);
  EXPECT_TRUE(holds(render_status(some), "cost 0.00164 without 4 calls that have no price\n"));
  EXPECT_EQ(json::canonical(*to_json(some).find("cost")), "0.00164");
  EXPECT_EQ(to_json(some).find("unpriced")->as_uint(), 4u);
  progress.unpriced = progress.calls;
  report(run, "text2sql-1", progress);
  const RunStatus all = status_of(run);
  EXPECT_TRUE(holds(render_status(all), "cost unknown (no price_per_mtok)\n"));
  EXPECT_TRUE(to_json(all).find("cost")->is_null());
}

TEST(Status, OfAFolderThatIsNoRunIsNotFound) {
  const RunDir dir(fresh_folder());
  const auto status = read_status(dir);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::not_found);
  EXPECT_EQ(status.error().message, dir.root() + ": is no run folder (it has no run.json)");
}

TEST(StatusFile, IsWrittenOnceAnIntervalAndAtTheEnd) {
  const InspectedRun run(RunProgress::first_half);
  report(run);
  StatusFile file(run.dir(), "text2sql-1", 4, {});
  EXPECT_FALSE(file_exists(status_path(run.dir()))) << "an earlier start speaks for nobody";
  const auto done = [&] {
    const RunStatus status = status_of(run);
    EXPECT_EQ(status.epoch, 4u);
    return status.done;
  };
  Progress progress = halfway();
  progress.done = 1;
  file.update(Instant{}, progress);
  EXPECT_EQ(done(), 1u);
  progress.done = 2;
  file.update(Instant{} + kStatusInterval - Duration{1}, progress);
  EXPECT_EQ(done(), 1u);
  progress.done = 3;
  file.update(Instant{} + kStatusInterval, progress);
  EXPECT_EQ(done(), 3u);
  progress.done = 4;
  file.update(Instant{} + kStatusInterval + Duration{1}, progress);
  EXPECT_EQ(done(), 3u);
  file.flush();
  EXPECT_EQ(done(), 4u);
}

TEST(StatusFile, CountsTheCallsOfShardsThatEarlierStartsCommitted) {
  const InspectedRun run(RunProgress::first_half);
  std::uint64_t earlier = 0;
  for (const Sample& sample : run.samples()) {
    earlier += shard_of(sample.id, 2) == 0 ? 1 : 0;
  }
  ASSERT_GT(earlier, 0u);
  StatusFile file(run.dir(), "text2sql-1", 4, {0});
  file.wait_for_count();
  file.update(Instant{}, halfway());
  const RunStatus status = status_of(run);
  EXPECT_TRUE(status.calls_complete);
  EXPECT_EQ(status.calls, 5 + earlier);
  EXPECT_EQ(status.prompt_tokens, 1500 + 100 * earlier);
  EXPECT_NEAR(status.cost, 0.00164 + 0.00014 * static_cast<double>(earlier), 1e-12);
}

TEST(StatusFile, SaysThatTheCallsOfEarlierStartsAreNotCountedYet) {
  const InspectedRun run(RunProgress::first_half);
  std::filesystem::remove(run.dir().shard_file(0, "calls.jsonl"));
  StatusFile file(run.dir(), "text2sql-1", 4, {0});
  file.wait_for_count();
  file.update(Instant{}, halfway());
  EXPECT_TRUE(
      holds(render_status(status_of(run)), " (those of earlier starts are still being counted)\n"));
}

TEST(StatusFile, WhatCannotBeWrittenEndsNothing) {
  const InspectedRun run(RunProgress::first_half);
  put_bytes(run.dir().workers(), "in the way");
  StatusFile file(run.dir(), "text2sql-1", 4, {});
  file.update(Instant{}, halfway());
  EXPECT_FALSE(status_of(run).updated_at.has_value());
}

}  // namespace
}  // namespace fd
