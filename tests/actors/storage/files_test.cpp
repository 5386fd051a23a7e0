#include "actors/storage/files.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/crc32c.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;
using Names = std::set<std::string>;

TEST(ReadFile, TakesFilesUpToTheLimit) {
  const TempFolder folder;
  const std::string path = folder.put("a", "12345");
  const auto whole = read_file(path, 5);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, "12345");
  const auto beyond = read_file(path, 4);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, Errc::exhausted);
  EXPECT_EQ(beyond.error().message, path + ": larger than 4 bytes");
}

TEST(ReadFile, NamesAFileThatIsNotThere) {
  const TempFolder folder;
  const auto text = read_file(folder.at("none"));
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::not_found);
  EXPECT_EQ(text.error().message, folder.at("none") + ": No such file or directory");
}

TEST(ReadPiece, TakesWhatIsThereFromAnOffsetOn) {
  const TempFolder folder;
  const std::string path = folder.put("a", "12345");
  const std::pair<std::uint64_t, std::string> expected[] = {
      {0, "123"}, {2, "345"}, {3, "45"}, {5, ""}, {6, ""}, {~std::uint64_t{0}, ""}};
  for (const auto& [offset, bytes] : expected) {
    const auto piece = read_piece(path, offset, 3);
    ASSERT_TRUE(piece.ok());
    EXPECT_EQ(piece->bytes, bytes) << offset;
    EXPECT_EQ(piece->file_bytes, 5u);
  }
}

TEST(ReadPiece, FollowsNoLinkAndReadsNoFolder) {
  const TempFolder folder;
  folder.put("a", "12345");
  ASSERT_EQ(::symlink("a", folder.at("link").c_str()), 0);
  for (const std::string& path : {folder.at("link"), folder.root()}) {
    const auto piece = read_piece(path, 0, 3);
    ASSERT_FALSE(piece.ok());
    EXPECT_EQ(piece.error().code, Errc::storage);
    EXPECT_TRUE(piece.error().message.starts_with(path + ": "));
  }
  EXPECT_EQ(read_piece(folder.at("none"), 0, 3).error().code, Errc::not_found);
}

TEST(ReadFile, CallsAFileBelowAFileNotFound) {
  const TempFolder folder;
  folder.put("a", "x");
  const auto text = read_file(folder.at("a/b"));
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, Errc::not_found);
}

TEST(ReadFile, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo(folder.at("pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder.root(), folder.at("pipe"), std::string("/dev/zero")}) {
    const auto text = read_file(path);
    ASSERT_FALSE(text.ok()) << path;
    EXPECT_EQ(text.error().code, Errc::storage);
    EXPECT_EQ(text.error().message, path + ": is no regular file");
  }
}

TEST(DigestFile, DescribesAFile) {
  const TempFolder folder;
  const std::string bytes(kCrcBlockBytes + 1, 'x');
  const auto entry = digest_file(folder.put("a", bytes));
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->name, "a");
  EXPECT_EQ(entry->bytes, bytes.size());
  EXPECT_EQ(entry->sha256, sha256(bytes));
  const std::vector<std::uint32_t> crcs = {crc32c(std::string(kCrcBlockBytes, 'x')), crc32c("x")};
  EXPECT_EQ(entry->crc32c, crcs);
  const auto none = digest_file(folder.at("none"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST(MakeDirectories, MakesAllParentsForThisUserOnly) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a/b/c")).ok());
  for (const std::string name : {"a", "a/b", "a/b/c"}) {
    struct stat status {};
    ASSERT_EQ(::stat(folder.at(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0700u) << name;
  }
}

TEST(MakeDirectories, IsContentWithFoldersThatAreThere) {
  const TempFolder folder;
  EXPECT_TRUE(make_directories(folder.root()).ok());
  EXPECT_TRUE(make_directories(folder.at("a//b/")).ok());
  EXPECT_TRUE(make_directories(folder.at("a/b")).ok());
  EXPECT_TRUE(make_directories("/").ok());
  EXPECT_EQ(folder.names("a"), Names{"b"});
}

TEST(MakeDirectories, NamesAFileInTheWay) {
  const TempFolder folder;
  folder.put("a", "x");
  const auto made = make_directories(folder.at("a"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::storage);
  EXPECT_EQ(made.error().message, folder.at("a") + ": is no folder");
  const auto below = make_directories(folder.at("a/b"));
  ASSERT_FALSE(below.ok());
  EXPECT_EQ(below.error().code, Errc::storage);
  EXPECT_EQ(below.error().message, folder.at("a/b") + ": Not a directory");
}

TEST(FileExists, SeesLinksThatPointNowhere) {
  const TempFolder folder;
  EXPECT_FALSE(file_exists(folder.at("a")));
  ASSERT_EQ(::symlink("nowhere", folder.at("a").c_str()), 0);
  EXPECT_TRUE(file_exists(folder.at("a")));
  EXPECT_TRUE(file_exists(folder.root()));
}

TEST(RemoveTree, RemovesAllBelow) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a/b/c")).ok());
  folder.put("a/b/c/x", "x");
  folder.put("a/y", "y");
  folder.put("stays", "z");
  ASSERT_TRUE(remove_tree(folder.at("a")).ok());
  EXPECT_EQ(folder.names(), Names{"stays"});
}

TEST(RemoveTree, RemovesLinksButNotWhatTheyPointTo) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("outside")).ok());
  folder.put("outside/precious", "x");
  ASSERT_TRUE(make_directories(folder.at("a")).ok());
  ASSERT_EQ(::symlink("../outside", folder.at("a/link").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", folder.at("a/dangling").c_str()), 0);
  ASSERT_TRUE(remove_tree(folder.at("a")).ok());
  EXPECT_EQ(folder.names("outside"), Names{"precious"});
  ASSERT_EQ(::symlink("outside", folder.at("top").c_str()), 0);
  ASSERT_TRUE(remove_tree(folder.at("top")).ok());
  EXPECT_EQ(folder.names(), Names{"outside"});
  EXPECT_EQ(folder.names("outside"), Names{"precious"});
}

TEST(RemoveTree, NamesTheEntryThatStays) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a/b")).ok());
  folder.put("a/b/x", "x");
  ASSERT_EQ(::chmod(folder.root().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder.at("a").c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder.at("a/b").c_str(), ::geteuid() == 0 ? 0755 : 0555), 0);
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::seteuid(12345), 0);
  }
  const auto removed = remove_tree(folder.at("a"));
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_EQ(::chmod(folder.at("a/b").c_str(), 0755), 0);
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code, Errc::storage);
  EXPECT_EQ(removed.error().message, folder.at("a/b/x") + ": Permission denied");
}

TEST(RemoveTree, IsContentWhenThereIsNothing) {
  const TempFolder folder;
  EXPECT_TRUE(remove_tree(folder.at("none")).ok());
}

TEST(RenameDurable, MovesAFolder) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a")).ok());
  folder.put("a/x", "x");
  ASSERT_TRUE(rename_durable(folder.at("a"), folder.at("b")).ok());
  EXPECT_EQ(folder.names(), Names{"b"});
  EXPECT_EQ(folder.bytes("b/x"), "x");
}

TEST(RenameDurable, NamesTheTargetItCannotReach) {
  const TempFolder folder;
  ASSERT_TRUE(make_directories(folder.at("a")).ok());
  ASSERT_TRUE(make_directories(folder.at("full")).ok());
  folder.put("full/x", "x");
  const auto renamed = rename_durable(folder.at("a"), folder.at("full"));
  ASSERT_FALSE(renamed.ok());
  EXPECT_EQ(renamed.error().code, Errc::storage);
  EXPECT_EQ(renamed.error().message, folder.at("full") + ": Directory not empty");
}

TEST(SyncFilesystem, NamesAFolderThatIsNotThere) {
  const TempFolder folder;
  const auto synced = sync_filesystem(folder.at("none"));
  ASSERT_FALSE(synced.ok());
  EXPECT_EQ(synced.error().code, Errc::storage);
  EXPECT_EQ(synced.error().message, folder.at("none") + ": No such file or directory");
}

TEST(Files, NamesInAFolderAreSorted) {
  const TempFolder folder;
  for (const char* name : {"b", "a", ".hidden"}) {
    folder.put(name, "");
  }
  const auto names = names_in(folder.root());
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, (std::vector<std::string>{".hidden", "a", "b"}));
  const auto none = names_in(folder.at("missing"));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(names_in(folder.at("a")).error().code, Errc::storage);
}

}  // namespace
}  // namespace fd
