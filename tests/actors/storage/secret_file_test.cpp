#include "actors/storage/secret_file.hpp"

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/files.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

class SecretFile : public ::testing::Test {
 protected:
  void write(const std::string& text, mode_t mode) {
    ASSERT_TRUE(write_file(path, text).ok());
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }

  const testing_support::TempFolder folder;
  const std::string path = folder.root() + "/key";
};

TEST_F(SecretFile, IsReadWithoutItsLineBreaks) {
  write("hunter2\r\n\n", 0600);
  EXPECT_EQ(read_secret_file(path, "").value(), "hunter2");
  write("hunter2", 0400);
  EXPECT_EQ(read_secret_file(path, "").value(), "hunter2");
}

TEST_F(SecretFile, ThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0660, 0644}) {
    write("hunter2", mode);
    const auto secret = read_secret_file(path, "/elsewhere");
    ASSERT_FALSE(secret.ok()) << mode;
    EXPECT_EQ(secret.error().code, Errc::refused);
    EXPECT_EQ(secret.error().message, path + ": others can read this secret: chmod 600");
  }
}

TEST_F(SecretFile, OfAServiceManagerHasItsOwnModes) {
  write("hunter2", 0444);
  EXPECT_EQ(read_secret_file(path, folder.root() + "/").value(), "hunter2");
  EXPECT_FALSE(read_secret_file(path, folder.root() + "/sub").ok());
  EXPECT_FALSE(read_secret_file(path, folder.root().substr(0, folder.root().size() - 1)).ok());
  EXPECT_FALSE(read_secret_file(path, "").ok());
  ASSERT_EQ(::symlink("..2026", (folder.root() + "/..data").c_str()), 0);  // as Kubernetes does
  EXPECT_EQ(read_secret_file(path, "").value(), "hunter2");
}

TEST_F(SecretFile, HasALimit) {
  write(std::string(kMaxSecretBytes, 'k') + "\n", 0600);
  EXPECT_EQ(read_secret_file(path, "").value().size(), kMaxSecretBytes);
  write(std::string(kMaxSecretBytes + 1, 'k'), 0600);
  const auto secret = read_secret_file(path, "");
  ASSERT_FALSE(secret.ok());
  EXPECT_EQ(secret.error().code, Errc::exhausted);
}

TEST_F(SecretFile, IsARegularFile) {
  EXPECT_EQ(read_secret_file(path, "").error().code, Errc::not_found);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_secret_file(path, "").error().code, Errc::refused);
}

}  // namespace
}  // namespace fd
