#include "actors/storage/temporary_directory.hpp"

#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;
using Names = std::set<std::string>;

class TemporaryDirectories : public testing::Test {
 protected:
  TemporaryDirectories() {
    if (const char* before = std::getenv("TMPDIR")) {
      before_ = before;
    }
    ::setenv("TMPDIR", folder_.root().c_str(), 1);
  }
  ~TemporaryDirectories() override {
    before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR");
  }

  TempFolder folder_;
  std::optional<std::string> before_;
};

TEST_F(TemporaryDirectories, GoWithAllInThemAndOnlyOnce) {
  {
    auto made = TemporaryDirectory::create("fd-this-");
    ASSERT_TRUE(made.ok());
    EXPECT_TRUE(made->path().starts_with(folder_.at("fd-this-"))) << made->path();
    struct stat status {};
    ASSERT_EQ(::stat(made->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0700u);
    const TemporaryDirectory moved = std::move(made).value();
    ASSERT_TRUE(write_file(moved.path() + "/file", "x").ok());
    EXPECT_EQ(folder_.names().size(), 1u);
  }
  EXPECT_EQ(folder_.names(), Names{});
}

TEST_F(TemporaryDirectories, SayWhereTheyCannotBeMade) {
  ::setenv("TMPDIR", folder_.at("none").c_str(), 1);
  const auto made = TemporaryDirectory::create("fd-");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::storage);
  const std::string& message = made.error().message;
  EXPECT_TRUE(message.starts_with(folder_.at("none/fd-"))) << message;
  EXPECT_TRUE(message.ends_with(": No such file or directory (TMPDIR can name another)"))
      << message;
}

}  // namespace
}  // namespace fd
