#include "protocol/output_version.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/inspect/explain.hpp"
#include "coordinator/inspect/status.hpp"
#include "coordinator/inspect/verify.hpp"
#include "coordinator/run/run_seal.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// A run of another output version than this program's.
class OutputVersion : public testing::Test {
 protected:
  explicit OutputVersion() { ::setenv("TMPDIR", testing::TempDir().c_str(), 1); }
  static void set_version(const InspectedRun& run, std::uint64_t version) {
    run.change_run_json([&](json::Object& object) { object["output_version"] = version; });
  }
};

TEST_F(OutputVersion, IsInRunJson) {
  const InspectedRun run(RunProgress::ingested);
  EXPECT_EQ(read_run_facts(run.dir())->output_version, kOutputVersion);
  EXPECT_TRUE(holds(bytes_of(run.dir().run_json()),
                    "\"output_version\": " + std::to_string(kOutputVersion)));
}

TEST_F(OutputVersion, AnotherOneIsVerifiedWithoutRepeatingTheMerge) {
  for (const std::uint64_t version : {kOutputVersion - 1, kOutputVersion + 1}) {
    const InspectedRun run(RunProgress::finished);
    set_version(run, version);
    const VerifyReport report = verify_run(run.dir()).value();
    EXPECT_EQ(render_problems(report), "");
    EXPECT_FALSE(report.merge_repeated);
    EXPECT_EQ(report.rows, 24u);
    EXPECT_GT(report.ledger_rows, 0u);
    EXPECT_TRUE(holds(render_verify(report, run.dir()),
                      "the merge was not repeated: the run was made by output version " +
                          std::to_string(version) + ", and this program has " +
                          std::to_string(kOutputVersion) + "; "));
    // What the merge made is covered by its digest all the same.
    std::string bytes = bytes_of(run.dir().export_file("train.jsonl"));
    bytes[5] = static_cast<char>(bytes[5] ^ 1);
    put_bytes(run.dir().export_file("train.jsonl"), bytes);
    EXPECT_TRUE(render_problems(verify_run(run.dir()).value())
                    .starts_with("export/train.jsonl: byte 0 to "));
  }
}

TEST_F(OutputVersion, AMissingShardOfAnotherOneBreaksTheLaw) {
  const InspectedRun run(RunProgress::first_half);
  const std::string pending = bytes_of(run.dir().shard_file(1, "manifest.json"));
  const InspectedRun whole(RunProgress::finished);
  set_version(whole, 0);
  EXPECT_TRUE(verify_run(whole.dir())->sound());
  put_bytes(whole.dir().shard_file(1, "manifest.json"), pending);
  FileEntry entry = digest_file(whole.dir().shard_file(1, "manifest.json")).value();
  entry.name = "shards/0001/manifest.json";
  std::string text;
  SealLines lines(whole.dir());
  for (std::string_view line; lines.next(line).value();) {
    text += (holds(std::string(line), entry.name) ? seal_line(entry) : std::string(line)) + "\n";
  }
  put_bytes(whole.dir().seal(), text);
  const SealFile seal{digest_file(whole.dir().seal()).value(), lines.number()};
  whole.change_run_json([&](json::Object& object) { object["sealed"] = to_json(seal); });
  EXPECT_EQ(render_problems(verify_run(whole.dir()).value()),
            "run.json: byte 0: the run has ended, but of its 2 shards only 1 have outcomes\n");
}

TEST_F(OutputVersion, AnotherOneIsNotGoneOnWith) {
  const InspectedRun run(RunProgress::first_half);
  set_version(run, 0);
  const auto folder = RunFolder::open(run.dir().root());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Errc::stale);
  EXPECT_TRUE(folder.error().message.starts_with(
      run.dir().root() + ": was made by output version 0, and this program has " +
      std::to_string(kOutputVersion) + ": "));
}

TEST_F(OutputVersion, AnotherOneIsLookedAt) {
  const InspectedRun run(RunProgress::finished);
  set_version(run, 0);
  EXPECT_TRUE(read_status(run.dir()).ok());
  EXPECT_TRUE(explain_sample(run.dir(), run.samples().front().id.hex()).ok());
}

TEST_F(OutputVersion, NoneIsFromBeforeTheFirst) {
  const InspectedRun run(RunProgress::finished);
  run.change_run_json([](json::Object& object) { object.erase("output_version"); });
  const auto facts = read_run_facts(run.dir());
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().code, Errc::stale);
  EXPECT_EQ(facts.error().message,
            run.dir().run_json() +
                ": has no output_version: it was made by a program from before version 1, and this "
                "one has " +
                std::to_string(kOutputVersion));
  const auto report = verify_run(run.dir());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::stale);
}

}  // namespace
}  // namespace fd
