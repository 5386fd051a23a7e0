#include "coordinator/inspect/verify.hpp"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/shards/replace.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

VerifyReport verified(const RunDir& dir) {
  auto report = verify_run(dir);
  EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
  return report.ok() ? std::move(report).value() : VerifyReport{};
}

std::string text_of(const VerifyReport& report) {
  return render_problems(report);
}

/// Writes a file without the care that a run takes: nothing of it must survive a power cut.
void spoil(const RunDir& dir, const std::string& name, const std::string& bytes) {
  std::FILE* file = std::fopen((dir.root() + "/" + name).c_str(), "wb");
  ASSERT_NE(file, nullptr) << name;
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  ASSERT_EQ(std::fclose(file), 0);
}

/// Fails unless the only problem is one of `name`, at a place within a block of `byte`.
void expect_found(const VerifyReport& report, const std::string& name, std::uint64_t byte) {
  ASSERT_EQ(report.problem_count, 1u) << name << " byte " << byte << "\n" << text_of(report);
  const VerifyProblem& problem = report.problems.front();
  EXPECT_EQ(problem.file, name) << "byte " << byte << "\n" << text_of(report);
  EXPECT_LE(problem.offset, byte) << text_of(report);
  EXPECT_LT(byte, problem.offset + std::max<std::uint64_t>(problem.length, 1)) << text_of(report);
}

TEST(Verify, AFinishedRunIsSoundAndNothingInItChanges) {
  const InspectedRun run(RunProgress::finished);
  const auto before = run.files();
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report), "");
  EXPECT_TRUE(report.merge_repeated);
  EXPECT_EQ(run.files(), before);
  EXPECT_EQ(report.files, before.size());
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : before) {
    bytes += content.size();
  }
  EXPECT_EQ(report.bytes, bytes);
  EXPECT_EQ(report.rows, 4u * 6);
  EXPECT_EQ(render_verify(report, run.dir()),
            run.dir().root() + ": sound\nchecked " + std::to_string(before.size()) + " files of " +
                std::to_string(bytes / 1000) + "," + std::to_string(bytes % 1000 + 1000).substr(1) +
                " bytes, 24 rows of 2 shards, 8 rows of the ledger\n"
                "the merge was repeated: manifests, reports and export are the same, byte for "
                "byte\n");
}

/// A sanitizer looks at paths, which a part of the bytes takes as well; and it is ten times slower.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kManifestStride = 17;
#else
constexpr std::size_t kManifestStride = 1;
#endif

TEST(Verify, EveryFlippedByteOfAManifestIsNamedExactly) {
  const InspectedRun run(RunProgress::finished);
  for (const std::string name : {"shards/0001/manifest.json", "manifests/dedup/manifest.json",
                                 "manifests/exec/manifest.json"}) {
    const std::string bytes = run.files().at(name);
    for (std::size_t at = 0; at < bytes.size(); at += kManifestStride) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      spoil(run.dir(), name, damaged);
      const VerifyReport report = verified(run.dir());
      expect_found(report, name, at);
      EXPECT_EQ(report.problems.front().offset, at);
    }
    spoil(run.dir(), name, bytes);
  }
  EXPECT_TRUE(verified(run.dir()).sound());
}

TEST(Verify, AFlippedByteOfAnyFileIsFound) {
  const InspectedRun run(RunProgress::finished);
  for (const auto& [name, bytes] : run.files()) {
    const bool manifest = name.ends_with("manifest.json") || name == "run.json";
    for (std::size_t at = manifest ? 3 : 0; at < bytes.size(); at += manifest ? 13 : 64) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 4);
      spoil(run.dir(), name, damaged);
      expect_found(verified(run.dir()), name, at);
    }
    spoil(run.dir(), name, bytes);
  }
  EXPECT_TRUE(verified(run.dir()).sound());
}

TEST(Verify, AMissingFileIsNamed) {
  const InspectedRun run(RunProgress::finished);
  for (const auto& [name, bytes] : run.files()) {
    ASSERT_TRUE(std::filesystem::remove(run.dir().root() + "/" + name));
    const VerifyReport report = verified(run.dir());
    ASSERT_EQ(report.problem_count, 1u) << name << "\n" << text_of(report);
    EXPECT_EQ(text_of(report), name + ": byte 0: is missing\n");
    spoil(run.dir(), name, bytes);
  }
}

TEST(Verify, AMissingOrAnExtraLastByteIsNamed) {
  const InspectedRun run(RunProgress::finished);
  for (const auto& [name, bytes] : run.files()) {
    if (!bytes.empty()) {
      spoil(run.dir(), name, bytes.substr(0, bytes.size() - 1));
      const VerifyReport cut = verified(run.dir());
      ASSERT_EQ(cut.problem_count, 1u) << name << "\n" << text_of(cut);
      EXPECT_EQ(cut.problems.front().file, name);
    }
    spoil(run.dir(), name, bytes + "x");
    expect_found(verified(run.dir()), name, bytes.size());
    spoil(run.dir(), name, bytes);
  }
}

TEST(Verify, TheBlockOfALargeFileIsNamed) {
  const InspectedRun run(RunProgress::finished);
  std::string bytes = run.files().at("ledger.sqlite");
  bytes.resize(std::max<std::size_t>(bytes.size(), 3 * kCrcBlockBytes), 'x');
  FileDigest digest;
  digest.update(bytes);
  const FileEntry entry = digest.finish("big");
  bytes[2 * kCrcBlockBytes + 5] ^= 1;
  digest.update(bytes);
  Verification verification;
  verification.damaged("big", entry, digest.finish("big"), "run.json");
  EXPECT_EQ(
      text_of(verification.report),
      "big: byte 131072 to " + std::to_string(bytes.size() - 1) + ": differs from run.json\n");
}

TEST(Verify, FilesThatNothingNamesAreProblemsAndLeftoversAreNotes) {
  const InspectedRun run(RunProgress::finished);
  spoil(run.dir(), "export/more.jsonl", "{}\n");
  spoil(run.dir(), "shards/0000/answers.jsonl.tmp", "{");
  std::filesystem::create_symlink("/etc/hostname", run.dir().root() + "/databases/link");
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report),
            "databases/link: byte 0: is no regular file\n"
            "export/more.jsonl: byte 0 to 2: no manifest names it\n");
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes.front(),
            "shards/0000/answers.jsonl.tmp: was left by a process that was killed; it is in "
            "nobody's way");
}

TEST(Verify, J12LinksInThePlaceOfTheRunsOwnFilesAreProblems) {
  for (const char* name :
       {"ledger.sqlite", "run.json", "shards", "export", "shards/0000/answers.jsonl"}) {
    const InspectedRun run(RunProgress::finished);
    const std::string path = run.dir().root() + "/" + name;
    const std::string aside = run.dir().root() + ".aside";
    std::filesystem::rename(path, aside);  // the same bytes, elsewhere
    std::filesystem::create_symlink(aside, path);
    const VerifyReport report = verified(run.dir());
    EXPECT_EQ(text_of(report).find(std::string(name) + ": byte 0: is "), 0u) << text_of(report);
    std::filesystem::remove_all(aside);
  }
}

TEST(Verify, ProblemsAreListedUpToTwenty) {
  const InspectedRun run(RunProgress::finished);
  for (int i = 100; i < 125; ++i) {
    spoil(run.dir(), "export/" + std::to_string(i), "x");
  }
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(report.problem_count, 25u);
  EXPECT_EQ(report.problems.size(), kMaxListedProblems);
  EXPECT_TRUE(text_of(report).ends_with("export/119: byte 0: no manifest names it\nand 5 more\n"));
  EXPECT_TRUE(
      render_verify(report, run.dir()).starts_with(run.dir().root() + ": damaged, 25 problems\n"));
}

TEST(Verify, TwoDamagedFilesAreBothNamed) {
  const InspectedRun run(RunProgress::finished);
  auto files = run.files();
  files["shards/0000/answers.jsonl"][10] ^= 1;
  files["export/train.jsonl"][10] ^= 1;
  for (const char* name : {"shards/0000/answers.jsonl", "export/train.jsonl"}) {
    spoil(run.dir(), name, files[name]);
  }
  const VerifyReport report = verified(run.dir());
  ASSERT_EQ(report.problem_count, 2u) << text_of(report);
  EXPECT_EQ(report.problems[0].file, "shards/0000/answers.jsonl");
  EXPECT_EQ(report.problems[1].file, "export/train.jsonl");
  EXPECT_FALSE(report.merge_repeated);
}

TEST(Verify, ARunThatIsNotFinishedIsCheckedAsFarAsItIs) {
  const InspectedRun run(RunProgress::first_half);
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report), "");
  EXPECT_EQ(report.shards_finished, 1u);
  EXPECT_NE(render_verify(report, run.dir())
                .find("the run is not finished: 1 of 2 shards are written; only what is there was "
                      "checked\n"),
            std::string::npos);
  for (const auto& [name, bytes] : run.files()) {
    if (bytes.empty() || name == "shards/0000/calls.jsonl") {
      continue;  // covered once the run is finished
    }
    std::string damaged = bytes;
    const std::size_t at = bytes.size() / 2;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    spoil(run.dir(), name, damaged);
    const VerifyReport found = verified(run.dir());
    if (name != "ledger.sqlite") {  // its middle may be a page that nothing uses
      ASSERT_EQ(found.problem_count, 1u) << name << text_of(found);
      EXPECT_EQ(found.problems.front().file, name);
    }
    spoil(run.dir(), name, bytes);
  }
}

TEST(Verify, ADamagedRowOfTheLedgerIsNamedWithItsByte) {
  const InspectedRun run(RunProgress::first_half);
  std::string bytes = run.files().at("ledger.sqlite");
  const std::size_t at = bytes.find("SELECT COUNT(id)");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'D';
  spoil(run.dir(), "ledger.sqlite", bytes);
  const VerifyReport report = verified(run.dir());
  ASSERT_EQ(report.problem_count, 1u);
  EXPECT_EQ(report.problems.front().file, "ledger.sqlite");
  EXPECT_LT(report.problems.front().offset, at);
  EXPECT_GT(report.problems.front().offset + 4096, at);
  EXPECT_NE(report.problems.front().what.find("the checksum does not match"), std::string::npos);
}

TEST(Verify, AFreshRunIsSoundWithoutALedger) {
  const InspectedRun run(RunProgress::ingested);
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report), "");
  EXPECT_EQ(report.ledger_rows, 0u);
  EXPECT_EQ(report.shards_finished, 0u);
}

TEST(Verify, AShardThatWasReplayedAfterTheMergeIsNoDamage) {
  const InspectedRun run(RunProgress::finished);
  // Another score, as a replay with other answers would bring.
  const auto samples = read_shard_input(run.dir(), 0);
  ASSERT_TRUE(samples.ok());
  ShardResult result;
  const auto answers = read_shard_answers(run.dir().shard(0), *read_shard_manifest(run.dir(), 0));
  ASSERT_TRUE(answers.ok());
  result.answers = *answers;
  for (const Sample& sample : *samples) {
    Outcome outcome = run.outcome(sample.id);
    outcome.candidates.front().score = 0.75;
    result.outcomes.push_back(outcome);
  }
  ASSERT_TRUE(write_shard(run.dir(), run.config(), std::move(result)).ok());
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report), "");
  EXPECT_FALSE(report.merge_repeated);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes.front(),
            run.dir().shard(0) +
                ": was written after the run was merged; to merge it: fd-coordinator resume " +
                run.dir().root());
}

TEST(Verify, AReplacementThatWasCutOffIsReadFromWhereItLies) {
  const InspectedRun run(RunProgress::finished);
  const std::string staging = replay_folder(run.dir().shard(0)) + "/shard";
  ASSERT_TRUE(make_directories(staging).ok());
  put_bytes(replay_folder(run.dir().shard(0)) + "/committed", "committed\n");
  std::filesystem::rename(run.dir().shard_file(0, "manifest.json"), staging + "/manifest.json");
  const VerifyReport report = verified(run.dir());
  EXPECT_EQ(text_of(report), "");
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes.front(), run.dir().shard(0) +
                                      ": was being written again when that was cut off; a resume "
                                      "or replay goes on with it");
}

TEST(Verify, ARunThatACoordinatorHoldsIsBusy) {
  const InspectedRun run(RunProgress::first_half);
  const auto held = run.hold();
  const auto report = verify_run(run.dir());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::busy);
  EXPECT_EQ(report.error().message, run.dir().root() + ": in use by another coordinator");
}

TEST(Verify, AFolderThatIsNoRunIsNotFound) {
  const auto report = verify_run(RunDir(fresh_folder()));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::not_found);
  EXPECT_TRUE(report.error().message.ends_with(": is no run folder (it has no run.json)"));
}

}  // namespace
}  // namespace fd
