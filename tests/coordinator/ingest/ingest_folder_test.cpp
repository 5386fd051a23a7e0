#include "coordinator/ingest/ingest_folder.hpp"

#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

TEST(IngestFolder, IsRemovedAtTheEndWithAllThatIsInIt) {
  const TempFolder artifacts;
  {
    auto folder = IngestFolder::make(artifacts.root());
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    ASSERT_TRUE(write_file(folder->path() + "/run.json", "{}").ok());
    EXPECT_EQ(artifacts.names().size(), 1u);
  }
  EXPECT_TRUE(artifacts.names().empty());
}

TEST(IngestFolder, StaysWhenARenameMadeItARuns) {
  const TempFolder artifacts;
  {
    auto folder = IngestFolder::make(artifacts.root());
    ASSERT_TRUE(folder.ok());
    ASSERT_TRUE(rename_durable(folder->path(), artifacts.at("run")).ok());
  }
  EXPECT_EQ(artifacts.names(), (std::set<std::string>{"run"}));
}

TEST(IngestFolder, OfADeadProcessIsRemovedByTheNext) {
  const TempFolder artifacts;
  ASSERT_TRUE(make_directories(artifacts.at(".ingest-1/shards")).ok());
  artifacts.put(".ingest-1/run.json.tmp", "half");
  ASSERT_TRUE(make_directories(artifacts.at("another")).ok());
  const auto folder = IngestFolder::make(artifacts.root());
  ASSERT_TRUE(folder.ok());
  EXPECT_FALSE(artifacts.names().contains(".ingest-1"));
  EXPECT_TRUE(artifacts.names().contains("another"));
}

TEST(IngestFolder, OfALiveProcessIsLeftAlone) {
  const TempFolder artifacts;
  std::optional<IngestFolder> first;
  {
    auto made = IngestFolder::make(artifacts.root());
    ASSERT_TRUE(made.ok());
    first.emplace(std::move(made).value());
  }
  artifacts.put(first->path().substr(artifacts.root().size() + 1) + "/run.json", "{}");
  const auto second = IngestFolder::make(artifacts.root());
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->path(), first->path());
  EXPECT_TRUE(file_exists(first->path() + "/run.json"));
}

TEST(IngestFolder, J02OfAnotherUserIsNeitherTakenNorRemoved) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to give a folder away";
  }
  const TempFolder artifacts;
  ASSERT_TRUE(make_directories(artifacts.at(".ingest-1")).ok());
  const std::string file = artifacts.put(".ingest-1/precious", "theirs");
  ASSERT_EQ(::chown(artifacts.at(".ingest-1").c_str(), 12345, 12345), 0);
  const auto folder = IngestFolder::make(artifacts.root());
  ASSERT_TRUE(folder.ok());
  EXPECT_NE(folder->path(), artifacts.at(".ingest-1"));
  EXPECT_TRUE(file_exists(file));
}

TEST(IngestFolder, WhereNothingCanBeMadeIsAStorageError) {
  const auto folder = IngestFolder::make("/proc/nowhere");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Errc::storage);
}

}  // namespace
}  // namespace fd
