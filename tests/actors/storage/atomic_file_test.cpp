#include <csignal>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/files.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;
using Names = std::set<std::string>;

/// Lets no file of this process grow beyond some bytes while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

AtomicFile created(const std::string& path, Durable durable = Durable::at_once) {
  auto file = AtomicFile::create(path, durable);
  FD_CHECK(file.ok());
  return std::move(file).value();
}

TEST(AtomicFile, DescribesTheBytesThatItWrote) {
  const TempFolder folder;
  const auto entry = write_file(folder.at("a.jsonl"), "123456789");
  ASSERT_TRUE(entry.ok()) << entry.error().message;
  EXPECT_EQ(entry->name, "a.jsonl");
  EXPECT_EQ(entry->bytes, 9u);
  EXPECT_EQ(entry->sha256, sha256("123456789"));
  EXPECT_EQ(entry->crc32c, std::vector<std::uint32_t>{0xe3069283u});
  EXPECT_EQ(folder.bytes("a.jsonl"), "123456789");
  EXPECT_EQ(folder.names(), Names{"a.jsonl"});
}

TEST(AtomicFile, KeepsFilesFromOtherUsers) {
  const TempFolder folder;
  ASSERT_TRUE(write_file(folder.at("a"), "x").ok());
  struct stat status {};
  ASSERT_EQ(::stat(folder.at("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

TEST(AtomicFile, ShowsTheOldBytesUntilItIsCommitted) {
  const TempFolder folder;
  folder.put("a", "old");
  AtomicFile file = created(folder.at("a"));
  ASSERT_TRUE(file.write("new").ok());
  EXPECT_EQ(folder.bytes("a"), "old");
  ASSERT_TRUE(file.commit().ok());
  EXPECT_EQ(folder.bytes("a"), "new");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TempFolder folder;
  {
    AtomicFile file = created(folder.at("a"));
    // More than the buffer, so that some of it has reached the disk.
    ASSERT_TRUE(file.write(std::string(1u << 20, 'x')).ok());
    EXPECT_EQ(folder.names(), Names{"a.tmp"});
  }
  EXPECT_EQ(folder.names(), Names{});
}

TEST(AtomicFile, LeavesNothingWhenAnotherTakesItsPlace) {
  const TempFolder folder;
  AtomicFile file = created(folder.at("a"));
  file = created(folder.at("b"));
  EXPECT_EQ(folder.names(), Names{"b.tmp"});
  ASSERT_TRUE(file.commit().ok());
  EXPECT_EQ(folder.names(), Names{"b"});
}

TEST(AtomicFile, WritesMoreThanItsBuffer) {
  const TempFolder folder;
  std::string all;
  AtomicFile file = created(folder.at("a"));
  for (int i = 0; i < 100000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    all += line;
    ASSERT_TRUE(file.write(line).ok());
  }
  const auto entry = file.commit();
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(folder.bytes("a"), all);
  EXPECT_EQ(entry->bytes, all.size());
  EXPECT_EQ(entry->sha256, sha256(all));
  EXPECT_EQ(entry->crc32c.size(), (all.size() + kCrcBlockBytes - 1) / kCrcBlockBytes);
}

TEST(AtomicFile, ReplacesWhatAKilledProcessLeft) {
  const TempFolder folder;
  folder.put("a.tmp", "half of");
  ASSERT_TRUE(write_file(folder.at("a"), "whole").ok());
  EXPECT_EQ(folder.bytes("a"), "whole");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(AtomicFile, DoesNotWriteThroughALinkAtItsTemporaryName) {
  const TempFolder folder;
  folder.put("victim", "precious");
  ASSERT_EQ(::symlink("victim", folder.at("a.tmp").c_str()), 0);
  ASSERT_TRUE(write_file(folder.at("a"), "new").ok());
  EXPECT_EQ(folder.bytes("victim"), "precious");
  EXPECT_EQ(folder.bytes("a"), "new");
}

TEST(AtomicFile, ReplacesALinkInsteadOfWhatItPointsTo) {
  const TempFolder folder;
  folder.put("victim", "precious");
  ASSERT_EQ(::symlink("victim", folder.at("a").c_str()), 0);
  ASSERT_TRUE(write_file(folder.at("a"), "new").ok());
  EXPECT_EQ(folder.bytes("victim"), "precious");
  EXPECT_EQ(folder.bytes("a"), "new");
}

TEST(AtomicFile, RefusesAFolderThatIsNotThere) {
  const TempFolder folder;
  const auto file = AtomicFile::create(folder.at("none/a"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Errc::storage);
  EXPECT_EQ(file.error().message, folder.at("none/a.tmp") + ": No such file or directory");
}

TEST(AtomicFile, RefusesToReplaceAFolderAndLeavesNothing) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a")).ok());
  const auto entry = write_file(folder.at("a"), "x");
  ASSERT_FALSE(entry.ok());
  EXPECT_EQ(entry.error().code, Errc::storage);
  EXPECT_EQ(entry.error().message, folder.at("a") + ": Is a directory");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(AtomicFile, TellsAFailedWriteAgainAtCommitAndLeavesNothing) {
  const TempFolder folder;
  folder.put("a", "old");
  const std::string expected = folder.at("a.tmp") + ": File too large";
  {
    const FileSizeLimit limit(4096);
    AtomicFile file = created(folder.at("a"));
    const auto written = file.write(std::string(1u << 20, 'x'));
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, Errc::storage);
    EXPECT_EQ(written.error().message, expected);
    const auto again = file.write("y");
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().message, expected);
    const auto entry = file.commit();
    ASSERT_FALSE(entry.ok());
    EXPECT_EQ(entry.error().message, expected);
  }
  EXPECT_EQ(folder.bytes("a"), "old");
  EXPECT_EQ(folder.names(), Names{"a"});
}

TEST(AtomicFile, FindsAtCommitThatTheLastBytesDoNotFit) {
  const TempFolder folder;
  {
    const FileSizeLimit limit(4);
    AtomicFile file = created(folder.at("a"));
    ASSERT_TRUE(file.write("12345").ok()) << "still in the buffer";
    const auto entry = file.commit();
    ASSERT_FALSE(entry.ok());
    EXPECT_EQ(entry.error().code, Errc::storage);
    EXPECT_EQ(entry.error().message, folder.at("a.tmp") + ": File too large");
  }
  EXPECT_EQ(folder.names(), Names{});
  const FileSizeLimit limit(5);
  EXPECT_TRUE(write_file(folder.at("a"), "12345").ok());
}

TEST(AtomicFile, GivesTheSameFileWhenDurabilityComesLater) {
  const TempFolder folder;
  const auto at_once = write_file(folder.at("a"), "text", Durable::at_once);
  const auto later = write_file(folder.at("b"), "text", Durable::later);
  ASSERT_TRUE(at_once.ok() && later.ok());
  EXPECT_EQ(at_once->sha256, later->sha256);
  EXPECT_EQ(at_once->crc32c, later->crc32c);
  EXPECT_EQ(folder.bytes("b"), "text");
  EXPECT_EQ(folder.names(), (Names{"a", "b"}));
  EXPECT_TRUE(sync_filesystem(folder.root()).ok());
}

TEST(AtomicFile, WritesAnEmptyFile) {
  const TempFolder folder;
  const auto entry = write_file(folder.at("a"), "");
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->bytes, 0u);
  EXPECT_EQ(entry->sha256, sha256(""));
  EXPECT_TRUE(entry->crc32c.empty());
  EXPECT_EQ(folder.bytes("a"), "");
}

}  // namespace
}  // namespace fd
