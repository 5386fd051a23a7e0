#include "actors/storage/temporary_directory.hpp"

#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;
using Names = std::set<std::string>;

TEST(TemporaryDirectory, IsThisUsersAndGoesOnlyOnce) {
  const TempFolder parent;
  {
    auto made = TemporaryDirectory::create_in(parent.root(), "fd-this-");
    ASSERT_TRUE(made.ok());
    EXPECT_TRUE(made->path().starts_with(parent.at("fd-this-"))) << made->path();
    struct stat status {};
    ASSERT_EQ(::stat(made->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0700u);
    const TemporaryDirectory moved = std::move(made).value();
    ASSERT_TRUE(write_file(moved.path() + "/file", "x").ok());
    EXPECT_EQ(parent.names().size(), 1u);
  }
  EXPECT_EQ(parent.names(), Names{});
}

TEST(TemporaryDirectory, SaysWhereItCannotBeMade) {
  const TempFolder parent;
  const auto made = TemporaryDirectory::create_in(parent.at("none"), "fd-");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::storage);
  const std::string& message = made.error().message;
  EXPECT_TRUE(message.starts_with(parent.at("none/fd-"))) << message;
  EXPECT_TRUE(message.ends_with(": No such file or directory")) << message;
}

TEST(TemporaryDirectory, IsRemovedAtTheEndWithAllThatIsInIt) {
  const TempFolder parent;
  {
    auto folder = TemporaryDirectory::create_in(parent.root(), ".part-");
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    ASSERT_TRUE(write_file(folder->path() + "/run.json", "{}").ok());
    EXPECT_EQ(parent.names().size(), 1u);
  }
  EXPECT_TRUE(parent.names().empty());
}

TEST(TemporaryDirectory, StaysWhenARenameMadeItARuns) {
  const TempFolder parent;
  {
    auto folder = TemporaryDirectory::create_in(parent.root(), ".part-");
    ASSERT_TRUE(folder.ok());
    ASSERT_TRUE(rename_durable(folder->path(), parent.at("run")).ok());
  }
  EXPECT_EQ(parent.names(), (std::set<std::string>{"run"}));
}

TEST(TemporaryDirectory, OfADeadProcessIsRemovedByTheNext) {
  const TempFolder parent;
  ASSERT_TRUE(make_directories(parent.at(".part-1/shards")).ok());
  parent.put(".part-1/run.json.tmp", "half");
  ASSERT_TRUE(make_directories(parent.at("another")).ok());
  const auto folder = TemporaryDirectory::create_in(parent.root(), ".part-");
  ASSERT_TRUE(folder.ok());
  EXPECT_FALSE(parent.names().contains(".part-1"));
  EXPECT_TRUE(parent.names().contains("another"));
}

TEST(TemporaryDirectory, OfALiveProcessIsLeftAlone) {
  const TempFolder parent;
  std::optional<TemporaryDirectory> first;
  {
    auto made = TemporaryDirectory::create_in(parent.root(), ".part-");
    ASSERT_TRUE(made.ok());
    first.emplace(std::move(made).value());
  }
  parent.put(first->path().substr(parent.root().size() + 1) + "/run.json", "{}");
  const auto second = TemporaryDirectory::create_in(parent.root(), ".part-");
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->path(), first->path());
  EXPECT_TRUE(file_exists(first->path() + "/run.json"));
}

TEST(TemporaryDirectory, J02OfAnotherUserIsNeitherTakenNorRemoved) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to give a folder away";
  }
  const TempFolder parent;
  ASSERT_TRUE(make_directories(parent.at(".part-1")).ok());
  const std::string file = parent.put(".part-1/precious", "theirs");
  ASSERT_EQ(::chown(parent.at(".part-1").c_str(), 12345, 12345), 0);
  const auto folder = TemporaryDirectory::create_in(parent.root(), ".part-");
  ASSERT_TRUE(folder.ok());
  EXPECT_NE(folder->path(), parent.at(".part-1"));
  EXPECT_TRUE(file_exists(file));
}

TEST(TemporaryDirectory, WhereNothingCanBeMadeIsAStorageError) {
  const auto folder = TemporaryDirectory::create_in("/proc/nowhere", ".part-");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Errc::storage);
}

}  // namespace
}  // namespace fd
