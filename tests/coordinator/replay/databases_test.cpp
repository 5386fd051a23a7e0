#include "coordinator/replay/databases.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "protocol/base/digest.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

const std::string kOne = sha256("one").hex();
const std::string kTwo = sha256("two").hex();

TEST(ReplayDatabases, AreFoundInTheRunByTheirDigest) {
  const TempFolder run;
  run.put(kOne, "one");
  const auto found = find_databases({kOne}, run.root(), "");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found, (std::map<std::string, std::string>{{kOne, run.at(kOne)}}));
}

TEST(ReplayDatabases, AreFoundElsewhereUnderAnyName) {
  const TempFolder run;
  const TempFolder other;
  run.put(kOne, "one");
  std::filesystem::create_directories(other.at("deep/er"));
  other.put("deep/er/some.db", "two");
  other.put("unrelated", "three");
  const auto found = find_databases({kOne, kTwo}, run.root(), other.root());
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found, (std::map<std::string, std::string>{{kOne, run.at(kOne)},
                                                        {kTwo, other.at("deep/er/some.db")}}));
}

TEST(ReplayDatabases, NamesTheOneThatIsMissing) {
  const TempFolder other;
  const auto nowhere = find_databases({kOne}, "", "");
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, Errc::not_found);
  EXPECT_EQ(nowhere.error().message,
            "the database with the SHA-256 " + kOne +
                " is missing; give --databases DIR, a folder that it lies in under any name");
  const auto two = find_databases({kOne, kTwo}, "", other.root());
  ASSERT_FALSE(two.ok());
  EXPECT_NE(two.error().message.find(" (and 1 more) is missing in " + other.root()),
            std::string::npos);
}

TEST(ReplayDatabases, RefusesADamagedOneOfTheRun) {
  const TempFolder run;
  run.put(kOne, "One");
  const auto found = find_databases({kOne}, run.root(), "");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Errc::corrupt);
  EXPECT_NE(found.error().message.find(run.at(kOne)), std::string::npos);
}

TEST(ReplayDatabases, FollowsNoLinks) {
  const TempFolder other;
  const TempFolder elsewhere;
  elsewhere.put("one.db", "one");
  std::filesystem::create_symlink(elsewhere.at("one.db"), other.at("link.db"));
  std::filesystem::create_directory_symlink(elsewhere.root(), other.at("folder"));
  const auto found = find_databases({kOne}, "", other.root());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Errc::not_found);
}

}  // namespace
}  // namespace fd
