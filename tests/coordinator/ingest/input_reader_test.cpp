#include "coordinator/ingest/input_reader.hpp"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/coordinator/ingest/ingest_support.hpp"

namespace fd {
namespace {

using testing_support::gzipped;
using testing_support::TempFolder;
using testing_support::zstandard;
using Lines = std::vector<std::pair<std::uint64_t, std::string>>;

/// Reads all lines; the error that stopped it, if any, comes as a last line with number 0.
Lines read_lines(InputReader& reader) {
  Lines lines;
  for (;;) {
    const auto line = reader.next();
    if (!line.ok()) {
      lines.emplace_back(0, line.error().message);
      return lines;
    }
    if (line->number == 0) {
      return lines;
    }
    lines.emplace_back(line->number, line->too_long ? "(too long)" : line->text);
  }
}

Lines lines_of(const std::string& path) {
  auto reader = InputReader::open(path);
  if (!reader.ok()) {
    return {{0, reader.error().message}};
  }
  return read_lines(*reader);
}

/// Returns the message of the only thing that reading `path` gives: an error.
std::string error_of(const std::string& path) {
  const Lines lines = lines_of(path);
  EXPECT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines.empty() ? 1u : lines[0].first, 0u);
  const std::string before = path + ": ";
  const std::string message = lines.empty() ? "" : lines[0].second;
  EXPECT_TRUE(message.starts_with(before)) << message;
  return message.substr(std::min(before.size(), message.size()));
}

TEST(InputReader, CountsBlankLinesAndPassesOverThem) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "{}\n\n \t\n\r\n[1]\n\n")),
            (Lines{{1, "{}"}, {5, "[1]"}}));
}

/// "{}\n" and a character beyond U+FFFF, which UTF-16 has in two halves.
TEST(InputReader, TakesUtf16ThatHasItsMark) {
  const TempFolder folder;
  const Lines lines{{1, "{}"}, {2, "\xF0\x9F\x98\x80"}};
  const std::string little("\xff\xfe{\0}\0\n\0\x3D\xD8\x00\xDE", 12);
  EXPECT_EQ(lines_of(folder.put("a.jsonl", little)), lines);
  EXPECT_EQ(lines_of(folder.put("b.jsonl", std::string("\xfe\xff\0{\0}\0\n\xD8\x3D\xDE\x00", 12))),
            lines);
  EXPECT_EQ(lines_of(folder.put("a.jsonl.gz", gzipped(little))), lines);
  const std::string cut = folder.put("c.jsonl", little + "x");
  EXPECT_EQ(lines_of(cut).back(),
            (Lines::value_type{0, cut + ": is UTF-16 and ends in half a code unit"}));
}

TEST(InputReader, ReadsTheRowsOfOneJsonArray) {
  const TempFolder folder;
  const Lines rows{{1, R"({"a":"],\"["})"}, {2, "{\n \"b\": [1, {}]\n}"}, {3, "7"}};
  const std::string text =
      "\xef\xbb\xbf\n [ " + rows[0].second + " ,\n" + rows[1].second + " ,\t7]\r\n ";
  auto reader = InputReader::open(folder.put("a.json", text));
  ASSERT_TRUE(reader.ok());
  Lines read = read_lines(*reader);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].second, rows[0].second + " ") << "blanks are JSON's, and stay";
  EXPECT_EQ(read[1].second, rows[1].second + " ");
  EXPECT_EQ(read[2], rows[2]);
  EXPECT_TRUE(reader->array());
  EXPECT_TRUE(reader->finish()->array);
}

TEST(InputReader, TellsWhereAJsonArrayIsBroken) {
  const TempFolder folder;
  const auto last = [&](const std::string& text) {
    const std::string path = folder.put("a.json", text);
    const std::string message = lines_of(path).back().second;
    EXPECT_TRUE(message.starts_with(path + ": ")) << message;
    return message.substr(std::min(path.size() + 2, message.size()));
  };
  EXPECT_EQ(last(R"([{"a":1},{"b":)"),
            "the JSON array does not end: the file was cut off in or behind row 2");
  EXPECT_EQ(last(R"([{"a":1},{"b":1})"),
            "the JSON array does not end: the file was cut off in or behind row 2");
  EXPECT_EQ(last(R"([{"a":1},])"),
            "the JSON array has no value behind the comma that follows row 1");
  EXPECT_EQ(last("[{\"a\":1}]\n{}"), "has text behind the end of its JSON array, which has 1 rows");
}

TEST(InputReader, TakesLinesThatBeginWithOtherArraysForLines) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "[1]\n{}")), (Lines{{1, "[1]"}, {2, "{}"}}));
  EXPECT_EQ(lines_of(folder.put("b.jsonl", "[]")), (Lines{{1, "[]"}}));
}

/// Items and blocks end where they like, and an item has the limit of a line.
TEST(InputReader, ReadsLongRowsOfAnArrayUpToTheLimit) {
  const TempFolder folder;
  const auto item = [](std::size_t bytes) {
    return "{\"a\":\"" + std::string(bytes - 8, 'x') + "\"}";
  };
  const std::string path = folder.put("a.json", "[" + item(300'000) + "," + item(kMaxLineBytes) +
                                                    "," + item(kMaxLineBytes + 1) + ",{}]");
  const Lines lines = lines_of(path);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].second, item(300'000));
  EXPECT_EQ(lines[1].second.size(), kMaxLineBytes);
  EXPECT_EQ(lines[2], (Lines::value_type{3, "(too long)"}));
  EXPECT_EQ(lines[3], (Lines::value_type{4, "{}"}));
}

TEST(InputReader, SaysWhereALinkLeadsThatLeadsNowhere) {
  const TempFolder folder;
  ASSERT_EQ(::symlink("../blobs/1", folder.at("a.jsonl").c_str()), 0);
  EXPECT_EQ(error_of(folder.at("a.jsonl")), "is a link to '../blobs/1', which is not there");
}

TEST(InputReader, TakesALastLineWithoutEnd) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "a\nb")), (Lines{{1, "a"}, {2, "b"}}));
}

TEST(InputReader, TakesLinesThatEndAsOnWindows) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "a\r\nb\r\nc\r")),
            (Lines{{1, "a"}, {2, "b"}, {3, "c"}}));
}

TEST(InputReader, TakesAByteOrderMarkOnlyAtTheBeginning) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n")),
            (Lines{{1, "{}"}, {2, "\xef\xbb\xbf{}"}}));
  EXPECT_EQ(lines_of(folder.put("b.jsonl", "\xef\xbb\xbf\xef\xbb\xbf{}")),
            (Lines{{1, "\xef\xbb\xbf{}"}}));
  EXPECT_EQ(lines_of(folder.put("c.jsonl", "\xef\xbb\xbf\r\n{}\n")), (Lines{{2, "{}"}}));
}

TEST(InputReader, FindsNothingInAnEmptyFile) {
  const TempFolder folder;
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "")), Lines{});
  EXPECT_EQ(lines_of(folder.put("b.jsonl", "\n\n")), Lines{});
  EXPECT_EQ(lines_of(folder.put("c.jsonl.gz", gzipped(""))), Lines{});
  EXPECT_EQ(lines_of(folder.put("d.jsonl.zst", zstandard(""))), Lines{});
}

TEST(InputReader, JoinsLinesAcrossBlocks) {
  const TempFolder folder;
  std::string text;
  Lines expected;
  for (std::size_t i = 1; i <= 400; ++i) {
    const std::string line(i * 37 % 5000 + 1, static_cast<char>('a' + i % 26));
    text += line + (i % 3 == 0 ? "\r\n" : "\n");
    expected.emplace_back(i, line);
  }
  EXPECT_EQ(lines_of(folder.put("a.jsonl", text)), expected);
  EXPECT_EQ(lines_of(folder.put("a.jsonl.gz", gzipped(text))), expected);
  EXPECT_EQ(lines_of(folder.put("a.jsonl.zst", zstandard(text))), expected);
}

TEST(InputReader, TakesLinesUpToTheLimit) {
  const TempFolder folder;
  const std::string longest(kMaxLineBytes, 'x');
  for (const std::string& text :
       {longest + "\nnext", longest + "\r\nnext", "\xef\xbb\xbf" + longest + "\r\nnext"}) {
    const Lines lines = lines_of(folder.put("a.jsonl", text));
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].second.size(), kMaxLineBytes);
    EXPECT_TRUE(lines[0].second == longest);
    EXPECT_EQ(lines[1], (std::pair<std::uint64_t, std::string>{2, "next"}));
  }
}

TEST(InputReader, TellsLinesBeyondTheLimitAndGoesOn) {
  const TempFolder folder;
  const Lines expected = {{1, "(too long)"}, {2, "next"}};
  for (const std::size_t beyond : {std::size_t{1}, std::size_t{2}, std::size_t{5}, kMaxLineBytes}) {
    const std::string line(kMaxLineBytes + beyond, 'x');
    EXPECT_EQ(lines_of(folder.put("a.jsonl", line + "\nnext")), expected) << beyond;
  }
  const std::string line(kMaxLineBytes + 1, 'x');
  EXPECT_EQ(lines_of(folder.put("a.jsonl", "\xef\xbb\xbf" + line + "\r\nnext")), expected);
  EXPECT_EQ(lines_of(folder.put("a.jsonl", line)), (Lines{{1, "(too long)"}}));
}

TEST(InputReader, UnpacksMembersThatWereJoined) {
  const TempFolder folder;
  const Lines expected = {{1, "a"}, {2, "bc"}};
  EXPECT_EQ(lines_of(folder.put("a.jsonl.gz", gzipped("a\nb") + gzipped("") + gzipped("c\n"))),
            expected);
  EXPECT_EQ(
      lines_of(folder.put("a.jsonl.zst", zstandard("a\nb") + zstandard("") + zstandard("c\n"))),
      expected);
}

TEST(InputReader, RefusesCompressedDataThatWasCutOff) {
  const TempFolder folder;
  const std::string gzip = gzipped("{\"a\":1}\n{\"a\":2}\n");
  for (std::size_t size = 2; size < gzip.size(); ++size) {
    const Lines lines = lines_of(folder.put("a.jsonl.gz", gzip.substr(0, size)));
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), (std::pair<std::uint64_t, std::string>{
                                0, folder.at("a.jsonl.gz") +
                                       ": ends in the middle of its gzip data: it was cut off"}))
        << size;
  }
  const std::string zstd = zstandard("{\"a\":1}\n{\"a\":2}\n");
  for (std::size_t size = 4; size < zstd.size(); ++size) {
    const Lines lines = lines_of(folder.put("a.jsonl.zst", zstd.substr(0, size)));
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), (std::pair<std::uint64_t, std::string>{
                                0, folder.at("a.jsonl.zst") +
                                       ": ends in the middle of its zstd data: it was cut off"}))
        << size;
  }
}

TEST(InputReader, RefusesASecondMemberThatWasCutOff) {
  const TempFolder folder;
  const std::string second = gzipped("b\n");
  const Lines lines =
      lines_of(folder.put("a.jsonl.gz", gzipped("a\n") + second.substr(0, second.size() - 1)));
  EXPECT_EQ(lines.front(), (std::pair<std::uint64_t, std::string>{1, "a"}));
  EXPECT_EQ(lines.back().second,
            folder.at("a.jsonl.gz") + ": ends in the middle of its gzip data: it was cut off");
}

TEST(InputReader, RefusesDamagedCompressedData) {
  const TempFolder folder;
  std::string gzip = gzipped("{\"a\":1}\n");
  gzip[gzip.size() - 6] ^= 1;  // its checksum
  EXPECT_EQ(lines_of(folder.put("a.jsonl.gz", gzip)).back().second,
            folder.at("a.jsonl.gz") + ": damaged gzip data: incorrect data check");
  EXPECT_EQ(lines_of(folder.put("b.jsonl.gz", gzipped("a\n") + "tail")).back().second,
            folder.at("b.jsonl.gz") + ": damaged gzip data: incorrect header check");
  const std::string zstd = zstandard("{}\n") + "tail";
  const std::string message = lines_of(folder.put("a.jsonl.zst", zstd)).back().second;
  EXPECT_TRUE(
      message.starts_with(folder.at("a.jsonl.zst") + ": damaged or unsupported zstd data: "))
      << message;
}

TEST(InputReader, TellsWhatAFileIsThatIsNoJsonLines) {
  const TempFolder folder;
  const std::vector<std::pair<std::string, std::string>> formats = {
      {gzipped("{}\n"), "is gzip data; name it .jsonl.gz, or unpack it first"},
      {zstandard("{}\n"), "is Zstandard data; name it .jsonl.zst, or unpack it first"},
      {"PK\x03\x04zip", "is a zip archive; unpack it first"},
      {"\xfd\x37zXZ", "is xz data; unpack it first"},
      {"BZh9", "is bzip2 data; unpack it first"},
      {"PAR1", "is a Parquet file; write it out as JSON Lines first"},
      {"Obj\x01", "is an Avro file; write it out as JSON Lines first"},
      {testing_support::database_bytes(0),
       "is an SQLite database; write it out as JSON Lines first"},
      {"version https://git-lfs.github.com/spec/v1\n",
       "is a Git LFS pointer, not the file itself; fetch it: git lfs pull"},
      {std::string("{\0\"\0", 4), "is UTF-16; convert it: iconv -f UTF-16LE -t UTF-8"},
      {std::string("\0{\0\"", 4), "is UTF-16; convert it: iconv -f UTF-16BE -t UTF-8"}};
  for (const auto& [bytes, advice] : formats) {
    EXPECT_EQ(error_of(folder.put("a.jsonl", bytes)), advice);
    EXPECT_EQ(error_of(folder.put("b.jsonl.gz", gzipped(bytes))), "what is packed in it " + advice);
    EXPECT_EQ(error_of(folder.put("c.jsonl.zst", zstandard(bytes))),
              "what is packed in it " + advice);
  }
}

TEST(InputReader, RefusesPlainTextUnderTheNameOfCompressedData) {
  const TempFolder folder;
  EXPECT_EQ(error_of(folder.put("a.jsonl.gz", "{}\n")), "is no gzip data, as its name says");
  EXPECT_EQ(error_of(folder.put("a.jsonl.zst", "{}\n")), "is no zstd data, as its name says");
  EXPECT_EQ(error_of(folder.put("b.jsonl.gz", zstandard("{}\n"))),
            "is no gzip data, as its name says");
  EXPECT_EQ(error_of(folder.put("c.jsonl.gz", "")), "is no gzip data, as its name says");
  EXPECT_EQ(error_of(folder.put("d.jsonl.gz", "\x1f")), "is no gzip data, as its name says");
}

TEST(InputReader, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.at("pipe.jsonl").c_str(), 0600), 0);
  EXPECT_EQ(error_of(folder.at("pipe.jsonl")),
            "is a pipe, not a file; give it on standard input, as '-'");
  EXPECT_EQ(error_of(folder.root()), "is a folder, not a file");
  EXPECT_EQ(error_of("/dev/zero"), "is not a regular file");
  EXPECT_EQ(error_of(folder.at("none.jsonl")), "No such file or directory");
}

TEST(InputReader, DigestsWhatLiesOnDisk) {
  const TempFolder folder;
  const std::string plain = "\xef\xbb\xbf{}\r\n\n[]\n";
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"a.jsonl", plain}, {"a.jsonl.gz", gzipped(plain)}, {"a.jsonl.zst", zstandard(plain)}}) {
    auto reader = InputReader::open(folder.put(name, bytes));
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(read_lines(*reader), (Lines{{1, "{}"}, {3, "[]"}}));
    const auto file = reader->finish();
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file->path, folder.at(name));
    EXPECT_EQ(file->bytes, bytes.size());
    EXPECT_EQ(file->sha256, sha256(bytes));
  }
}

TEST(InputReader, DigestsTheWholeFileWhenLinesWereLeftUnread) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 100000; ++i) {
    text += "{\"i\":" + std::to_string(i) + "}\n";
  }
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"a.jsonl", text}, {"a.jsonl.gz", gzipped(text)}}) {
    auto reader = InputReader::open(folder.put(name, bytes));
    ASSERT_TRUE(reader.ok());
    ASSERT_TRUE(reader->next().ok());
    const auto file = reader->finish();
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->bytes, bytes.size());
    EXPECT_EQ(file->sha256, sha256(bytes));
  }
}

TEST(InputReader, NoticesAFileThatGrewMeanwhile) {
  const TempFolder folder;
  const std::string path = folder.put("a.jsonl", "{}\n");
  auto reader = InputReader::open(path);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(read_lines(*reader), (Lines{{1, "{}"}}));
  std::ofstream(path, std::ios::app) << "{}\n";
  const auto file = reader->finish();
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Errc::invalid_input);
  EXPECT_EQ(file.error().message,
            path + ": was changed while it was read; try again when it is finished");
}

TEST(InputReader, ReadsStandardInput) {
  const TempFolder folder;
  const std::string path = folder.put("a", "{}\n[]");
  const int saved = ::dup(STDIN_FILENO);
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(::dup2(opened, STDIN_FILENO), 0);
  ::close(opened);
  auto reader = InputReader::open("-");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(read_lines(*reader), (Lines{{1, "{}"}, {2, "[]"}}));
  const auto file = reader->finish();
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->path, "-");
  EXPECT_EQ(file->bytes, 5u);
  EXPECT_EQ(file->sha256, sha256("{}\n[]"));
}

TEST(InputReader, KeepsItsFileFromProgramsThatAreStarted) {
  const TempFolder folder;
  const std::string path = folder.put("a.jsonl", "{}\n");
  const int lowest_free = ::dup(STDIN_FILENO);
  ::close(lowest_free);
  const auto reader = InputReader::open(path);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(::fcntl(lowest_free, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

}  // namespace
}  // namespace fd
