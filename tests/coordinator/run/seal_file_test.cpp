#include "coordinator/run/seal_file.hpp"

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "protocol/base/crc32c.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

std::vector<std::string> lines_of(const RunDir& dir, std::size_t line_max = kMaxSealLineBytes) {
  std::vector<std::string> found;
  SealLines lines(dir, line_max);
  std::uint64_t offset = 0;
  for (std::string_view line;;) {
    const auto more = lines.next(line);
    EXPECT_TRUE(more.ok()) << (more.ok() ? "" : more.error().message);
    EXPECT_EQ(lines.offset(), offset);
    if (!more.ok() || !*more) {
      return found;
    }
    found.emplace_back(line);
    offset += line.size() + (lines.ended() ? 1 : 0);
    EXPECT_EQ(lines.number(), found.size());
  }
}

TEST(SealFile, HasALineForEachFileAndSaysWhatItIs) {
  const RunDir dir(fresh_folder());
  ASSERT_TRUE(make_directories(dir.root() + "/b").ok());
  put_bytes(dir.root() + "/a", "abc");
  put_bytes(dir.root() + "/b/c", "");
  const auto seal = write_seal_file(dir, {"a", "b/c"});
  ASSERT_TRUE(seal.ok()) << seal.error().message;
  EXPECT_EQ(bytes_of(dir.seal()),
            "{\"bytes\":3,\"crc32c\":[" + std::to_string(crc32c("abc")) +
                "],\"path\":\"a\",\"sha256\":\"" + sha256("abc").hex() +
                "\"}\n{\"bytes\":0,\"crc32c\":[],\"path\":\"b/c\",\"sha256\":\"" +
                sha256("").hex() + "\"}\n");
  EXPECT_EQ(seal->lines, 2u);
  EXPECT_EQ(seal->entry, digest_file(dir.seal()).value());
  EXPECT_EQ(seal_file_from_json(to_json(*seal)).value(), *seal);
  const auto lines = lines_of(dir);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(entry_from_seal_line(lines[0]).value(),
            (FileEntry{"a", 3, sha256("abc"), {crc32c("abc")}}));
}

TEST(SealFile, AMissingFileLeavesTheEarlierOne) {
  const RunDir dir(fresh_folder());
  put_bytes(dir.seal(), "earlier");
  const auto seal = write_seal_file(dir, {"a"});
  ASSERT_FALSE(seal.ok());
  EXPECT_EQ(seal.error().code, Errc::corrupt);
  EXPECT_EQ(bytes_of(dir.seal()), "earlier");
  EXPECT_FALSE(file_exists(dir.seal() + ".tmp"));
}

TEST(SealFile, RunJsonMustSayAllOfIt) {
  const json::Value good = to_json(SealFile{{"seal.jsonl", 0, sha256(""), {}}, 0});
  for (const char* key : {"bytes", "sha256", "crc32c", "lines"}) {
    json::Object object = *good.as_object();
    object.erase(key);
    const auto seal = seal_file_from_json(object);
    ASSERT_FALSE(seal.ok()) << key;
    EXPECT_EQ(seal.error().message, "sealed: " + std::string(key) + " is missing");
  }
}

TEST(SealLines, AreTheSameWhereverAPieceEnds) {
  const RunDir dir(fresh_folder());
  const std::vector<std::string> lines = {std::string((256u << 10) - 1, 'a'), "", "b",
                                          std::string(600'000, 'c'), "d"};
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  put_bytes(dir.seal(), text);
  EXPECT_EQ(lines_of(dir), lines);
  put_bytes(dir.seal(), text.substr(0, text.size() - 1));  // without its last newline
  EXPECT_EQ(lines_of(dir), lines);
  put_bytes(dir.seal(), "");
  EXPECT_EQ(lines_of(dir), std::vector<std::string>());
}

TEST(SealLines, ALineHasALimit) {
  const RunDir dir(fresh_folder());
  for (const std::string end : {"\n", ""}) {
    put_bytes(dir.seal(), "a\n" + std::string(1000, 'b') + end);
    EXPECT_EQ(lines_of(dir, 1000).size(), 2u);
    SealLines lines(dir, 999);
    std::string_view line;
    ASSERT_TRUE(lines.next(line).ok());
    const auto more = lines.next(line);
    ASSERT_FALSE(more.ok());
    EXPECT_EQ(more.error().code, Errc::exhausted);
    EXPECT_EQ(more.error().message, "line 2: has more than 999 bytes");
    EXPECT_EQ(lines.offset(), 2u);
  }
}

TEST(SealLines, MustBeAsTheyAreWritten) {
  const std::string good = seal_line({"a", 3, sha256("abc"), {crc32c("abc")}});
  EXPECT_TRUE(entry_from_seal_line(good).ok());
  const auto error_of_line = [](const std::string& line) {
    const auto entry = entry_from_seal_line(line);
    return entry.ok() ? "" : entry.error().message;
  };
  EXPECT_EQ(error_of_line(good.substr(0, 9) + " " + good.substr(9)),
            "is not written as RFC 8785 says, or has more than its members");
  EXPECT_EQ(error_of_line("{\"a\":0," + good.substr(1)),
            "is not written as RFC 8785 says, or has more than its members");
  EXPECT_EQ(error_of_line(seal_line({"../a", 0, sha256(""), {}})),
            "the line names something outside the run's folder");
  EXPECT_EQ(error_of_line("{}"), "the line: path is missing");
}

}  // namespace
}  // namespace fd
