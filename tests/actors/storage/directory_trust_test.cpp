#include "actors/storage/directory_trust.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

constexpr uid_t kOtherUser = 12345;

class FolderTrust : public testing::Test {
 protected:
  FolderTrust() {
    EXPECT_EQ(::mkdir(run_.c_str(), 0700), 0);
    EXPECT_EQ(::mkdir((run_ + "/shards").c_str(), 0700), 0);
    EXPECT_EQ(::chmod(here_.put("run/run.json", "{}").c_str(), 0600), 0);
    EXPECT_EQ(::chmod(here_.put("run/shards/input", "").c_str(), 0600), 0);
    const auto own = check_own_folder(run_);
    EXPECT_TRUE(own.ok()) << own.error().message;
  }
  void expect_refused(const std::string& path, const std::string& why) const {
    const auto checked = check_own_folder(run_);
    ASSERT_FALSE(checked.ok()) << path;
    EXPECT_EQ(checked.error().code, Errc::refused);
    EXPECT_EQ(checked.error().message.find(path + ": " + why), 0u) << checked.error().message;
  }
  [[nodiscard]] std::vector<std::string> entries() const {
    return {run_, run_ + "/shards", run_ + "/run.json", run_ + "/shards/input"};
  }

  TempFolder here_;
  std::string run_ = here_.at("run");
};

TEST_F(FolderTrust, J01LinksAreRefusedWhereverTheyLead) {
  const std::string outside = here_.put("outside", "mine");
  for (const char* name : {"/ledger.sqlite", "/shards/answers"}) {
    for (const std::string& target : {outside, here_.root(), std::string("nowhere")}) {
      ASSERT_EQ(::symlink(target.c_str(), (run_ + name).c_str()), 0);
      expect_refused(run_ + name, "is a symbolic link");
      ASSERT_EQ(::unlink((run_ + name).c_str()), 0);
    }
  }
  EXPECT_EQ(here_.bytes("outside"), "mine");
}

TEST_F(FolderTrust, J02AFolderThatIsALinkOrNoFolderIsRefused) {
  ASSERT_EQ(::rename(run_.c_str(), here_.at("elsewhere").c_str()), 0);
  ASSERT_EQ(::symlink("elsewhere", run_.c_str()), 0);
  expect_refused(run_, "is a symbolic link");
  ASSERT_EQ(::unlink(run_.c_str()), 0);
  EXPECT_EQ(check_own_folder(run_).error().code, Errc::not_found);
}

TEST_F(FolderTrust, J02WhatEverybodyMayWriteIsRefusedAndWhatTheGroupMayOrOthersMayReadIsNot) {
  for (const std::string& path : entries()) {
    struct stat status {};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0);
    ASSERT_EQ(::chmod(path.c_str(), (status.st_mode & 0777) | S_IWOTH), 0);
    expect_refused(path, "everybody may write to it (mode 0");
    ASSERT_EQ(::chmod(path.c_str(), (status.st_mode & 0777) | 064), 0);
    EXPECT_TRUE(check_own_folder(run_).ok()) << path;
    ASSERT_EQ(::chmod(path.c_str(), status.st_mode & 0777), 0);
  }
}

TEST_F(FolderTrust, J02WhatBelongsToAnotherUserIsRefused) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to give files away";
  }
  for (const std::string& path : entries()) {
    ASSERT_EQ(::chown(path.c_str(), kOtherUser, kOtherUser), 0);
    expect_refused(path, "belongs to another user (12345)");
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
}

TEST_F(FolderTrust, J02TheFoldersAboveMayBeAnything) {
  ASSERT_EQ(::chmod(here_.root().c_str(), 01777), 0);
  EXPECT_TRUE(check_own_folder(run_).ok());
  ASSERT_EQ(::symlink(".", here_.at("scratch").c_str()), 0);
  EXPECT_TRUE(check_own_folder(here_.at("scratch/run")).ok());
}

TEST_F(FolderTrust, J04PipesDevicesAndSecondNamesAreRefusedWithoutOpeningThem) {
  const std::string path = run_ + "/shards/journal";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  expect_refused(path, "is neither a folder nor a regular file");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  if (::mknod(path.c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0) {
    expect_refused(path, "is neither a folder nor a regular file");
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  ASSERT_EQ(::link(here_.put("outside", "mine").c_str(), path.c_str()), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  expect_refused(path, "has another name as well");
}

}  // namespace
}  // namespace fd
