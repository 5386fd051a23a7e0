#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/inspect/verify.hpp"
#include "coordinator/run/run_seal.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

/// seal.jsonl of a finished run, with other lines, of which run.json has the digest.
class VerifySeal : public testing::Test {
 protected:
  VerifySeal() : run_(RunProgress::finished) {
    std::istringstream text(bytes_of(run_.dir().seal()));
    for (std::string line; std::getline(text, line);) {
      lines_.push_back(line);
    }
  }

  /// Returns the byte where a line begins.
  [[nodiscard]] std::size_t byte_of(std::size_t line) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < line; ++i) {
      at += lines_[i].size() + 1;
    }
    return at;
  }

  [[nodiscard]] std::size_t line_of(const std::string& path) const {
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return holds(line, "\"" + path + "\"");
    });
    return static_cast<std::size_t>(found - lines_.begin());
  }

  /// Returns what verify says of a run that was sealed with `lines`.
  [[nodiscard]] std::string problems(const std::vector<std::string>& lines,
                                     const std::string& end = "\n") const {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text += lines[i] + (i + 1 < lines.size() ? "\n" : end);
    }
    put_bytes(run_.dir().seal(), text);
    const SealFile seal{digest_file(run_.dir().seal()).value(), lines.size()};
    run_.change_run_json([&](json::Object& object) { object["sealed"] = to_json(seal); });
    return render_problems(verify_run(run_.dir()).value());
  }

  InspectedRun run_;
  std::vector<std::string> lines_;
};

TEST_F(VerifySeal, ALineForEveryFileThatNothingElseCovers) {
  EXPECT_EQ(problems(lines_), "");
  std::vector<std::string> paths;
  for (const std::string& line : lines_) {
    paths.push_back(entry_from_seal_line(line).value().name);
  }
  auto files = run_.files();
  for (const char* name : {"run.json", "seal.jsonl", "invalid.jsonl", "manifests/raw/manifest.json",
                           "manifests/canonical/manifest.json", "manifests/dedup/manifest.json"}) {
    EXPECT_EQ(files.erase(name), 1u) << name;
  }
  std::erase_if(files, [](const auto& file) {  // a shard's manifest covers the others
    return file.first.starts_with("shards/") && !file.first.ends_with("/manifest.json") &&
           !file.first.ends_with("/calls.jsonl");
  });
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files) {
    names.push_back(name);
  }
  EXPECT_EQ(paths, names);
  EXPECT_FALSE(holds(bytes_of(run_.dir().run_json()), "shards/"));
}

TEST_F(VerifySeal, AMissingLineIsNamedWithItsByte) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    auto lines = lines_;
    const std::string path = entry_from_seal_line(lines[i]).value().name;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string found = problems(lines);
    const bool last = i == lines.size();
    EXPECT_TRUE(found.starts_with("seal.jsonl: byte " + std::to_string(byte_of(i)))) << found;
    EXPECT_TRUE(found.ends_with(last ? ": its line of " + path + " is missing\n"
                                     : ": line " + std::to_string(i + 1) + ": the line of " + path +
                                           " is missing before it\n"))
        << found;
    EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1);
  }
}

TEST_F(VerifySeal, LinesThatDoNotBelongThereAreNamedWithTheirByte) {
  const auto put_line = [&](std::size_t at, const std::string& line) {
    auto lines = lines_;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), line);
    return problems(lines);
  };
  const std::string extra = seal_line({"zz", 0, sha256(""), {}});
  EXPECT_EQ(put_line(lines_.size(), extra),
            "seal.jsonl: byte " + std::to_string(byte_of(lines_.size())) + " to " +
                std::to_string(byte_of(lines_.size()) + extra.size()) + ": line " +
                std::to_string(lines_.size() + 1) + ": no file that is sealed is called zz\n");
  const std::size_t train = line_of("export/train.jsonl");
  const std::string between = seal_line({"export/s", 0, sha256(""), {}});
  EXPECT_EQ(put_line(train, between), "seal.jsonl: byte " + std::to_string(byte_of(train)) +
                                          " to " + std::to_string(byte_of(train) + between.size()) +
                                          ": line " + std::to_string(train + 1) +
                                          ": no file that is sealed is called export/s\n");
  EXPECT_TRUE(holds(put_line(3, lines_[2]),
                    "line 4: " + entry_from_seal_line(lines_[2])->name + " is out of order\n"));
  EXPECT_TRUE(holds(put_line(1, "{"), "seal.jsonl: byte " + std::to_string(byte_of(1)) + " to " +
                                          std::to_string(byte_of(1) + 1) + ": line 2: "));
  EXPECT_TRUE(holds(put_line(1, ""), "seal.jsonl: byte " + std::to_string(byte_of(1)) + ": "));
  auto swapped = lines_;
  std::swap(swapped[4], swapped[5]);
  EXPECT_TRUE(holds(problems(swapped), "seal.jsonl: byte " + std::to_string(byte_of(4)) + " to "));
}

TEST_F(VerifySeal, TheLastLineNeedsItsEnd) {
  const std::size_t last = lines_.size() - 1;
  EXPECT_EQ(problems(lines_, ""), "seal.jsonl: byte " + std::to_string(byte_of(last)) + " to " +
                                      std::to_string(byte_of(last) + lines_[last].size() - 1) +
                                      ": line " + std::to_string(last + 1) + ": has no end\n");
}

TEST_F(VerifySeal, TheNumberOfLinesIsComparedToo) {
  run_.change_run_json([&](json::Object& object) { (*object["sealed"].as_object())["lines"] = 3; });
  EXPECT_EQ(render_problems(verify_run(run_.dir()).value()),
            "seal.jsonl: byte " + std::to_string(byte_of(lines_.size())) + ": has " +
                std::to_string(lines_.size()) + " lines, run.json says 3\n");
}

TEST_F(VerifySeal, AFileIsComparedWithItsLine) {
  auto lines = lines_;
  const std::size_t at = line_of("reports/timing_report.json");
  FileEntry entry = entry_from_seal_line(lines[at]).value();
  entry.sha256 = sha256("other");
  entry.crc32c.front() ^= 1;
  lines[at] = seal_line(entry);
  EXPECT_TRUE(holds(problems(lines), "reports/timing_report.json: byte 0 to "));
  EXPECT_TRUE(holds(problems(lines), ": differs from seal.jsonl\n"));
}

TEST_F(VerifySeal, OnlyVerifyReadsIt) {
  std::filesystem::remove(run_.dir().seal());
  const auto facts = read_run_facts(run_.dir());
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->sealed->lines, lines_.size());
  const VerifyReport report = verify_run(run_.dir()).value();
  EXPECT_EQ(render_problems(report), "seal.jsonl: byte 0: is missing\n");
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes.front(), "seal.jsonl is damaged: what rests on it was not checked");
}

TEST_F(VerifySeal, ARunThatGoesOnDropsIt) {
  ASSERT_TRUE(run_.hold()->begin(run_.config()).ok());
  const auto facts = read_run_facts(run_.dir());
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_FALSE(facts->sealed.has_value());
  EXPECT_FALSE(holds(bytes_of(run_.dir().run_json()), "\"sealed\""));
  EXPECT_EQ(render_problems(verify_run(run_.dir()).value()), "");
}

TEST_F(VerifySeal, ARunThatEndedHasOne) {
  run_.change_run_json([](json::Object& object) { object.erase("sealed"); });
  EXPECT_TRUE(holds(render_problems(verify_run(run_.dir()).value()), "sealed is missing"));
}

TEST_F(VerifySeal, ARunWithoutALedgerHasNoLineOfIt) {
  std::filesystem::remove(run_.dir().ledger());
  auto lines = lines_;
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line_of("ledger.sqlite")));
  EXPECT_EQ(problems(lines), "");
  EXPECT_EQ(problems(lines_), "ledger.sqlite: byte 0: is missing\n");
}

}  // namespace
}  // namespace fd
