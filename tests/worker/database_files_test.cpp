#include "worker/database_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::TempFolder;

class DatabaseFilesTest : public testing::Test {
 protected:
  DatabaseAdded add(const Digest& digest, std::uint64_t offset, std::uint64_t total,
                    const std::string& bytes) {
    return files_->add({digest, offset, total, bytes});
  }
  /// Another process takes the folder.
  void restart() { files_ = std::make_unique<DatabaseFiles>(folder_.root()); }

  TempFolder folder_;
  std::unique_ptr<DatabaseFiles> files_ = std::make_unique<DatabaseFiles>(folder_.root());
  const Digest digest_ = sha256("hello world");
};

TEST_F(DatabaseFilesTest, PiecesMakeTheWholeFile) {
  EXPECT_EQ(add(digest_, 0, 11, "hello ").received, 6u);
  EXPECT_EQ(add(digest_, 0, 11, "hello ").received, 6u);  // repeated
  EXPECT_EQ(add(digest_, 8, 11, "rld").received, 6u);     // a gap
  EXPECT_EQ(add(digest_, 6, 11, "world!").received, 6u);  // beyond the end
  EXPECT_FALSE(files_->look(digest_).bytes.has_value());
  const DatabaseAdded added = add(digest_, 6, 11, "world");
  EXPECT_TRUE(added.whole);
  EXPECT_FALSE(added.error.has_value());
  EXPECT_EQ(files_->look(digest_).bytes, 11u);
  EXPECT_EQ(*read_file(files_->path(digest_)), "hello world");
}

TEST_F(DatabaseFilesTest, AnEmptyDatabaseIsWhole) {
  EXPECT_TRUE(add(sha256(""), 0, 0, "").whole);
  EXPECT_EQ(files_->look(sha256("")).bytes, 0u);
}

TEST_F(DatabaseFilesTest, OtherBytesThanTheDigestSaysAreRefusedAndDropped) {
  const DatabaseAdded added = add(sha256("right"), 0, 5, "wrong");
  ASSERT_TRUE(added.error.has_value());
  EXPECT_EQ(added.error->code, Errc::corrupt);
  EXPECT_EQ(added.received, 0u);
  EXPECT_TRUE(add(sha256("right"), 0, 5, "right").whole);
}

TEST_F(DatabaseFilesTest, FilesOfAnEarlierProcessAreUsedWhenTheyAreWhole) {
  add(digest_, 0, 11, "hello world");
  restart();
  EXPECT_EQ(files_->look(digest_).bytes, 11u);
  std::ofstream(files_->path(sha256("another"))) << "anothex";
  EXPECT_FALSE(files_->look(sha256("another")).bytes.has_value());
  EXPECT_FALSE(file_exists(files_->path(sha256("another"))));
}

TEST_F(DatabaseFilesTest, K11ADatabaseThatCameInPartGoesOnFromThere) {
  EXPECT_EQ(files_->look(digest_).received, 0u);
  add(digest_, 0, 11, "hello ");
  restart();
  const DatabaseLooked looked = files_->look(digest_);
  EXPECT_FALSE(looked.bytes.has_value());
  EXPECT_EQ(looked.received, 6u);
  EXPECT_TRUE(add(digest_, 6, 11, "world").whole);
  EXPECT_EQ(*read_file(files_->path(digest_)), "hello world");
}

TEST_F(DatabaseFilesTest, ADamagedPartIsFoundAtTheEndAndBegunAnew) {
  std::ofstream(files_->path(digest_) + ".part") << "hullo ";
  EXPECT_EQ(files_->look(digest_).received, 6u);
  EXPECT_TRUE(add(digest_, 6, 11, "world").error.has_value());
  EXPECT_EQ(files_->look(digest_).received, 0u);
  EXPECT_TRUE(add(digest_, 0, 11, "hello world").whole);
}

TEST_F(DatabaseFilesTest, APartThatIsLongerThanTheDatabaseIsDropped) {
  const Digest digest = sha256("hello");
  std::ofstream(files_->path(digest) + ".part") << "hello world";
  EXPECT_EQ(files_->look(digest).received, 11u);
  EXPECT_TRUE(add(digest, 11, 5, "").error.has_value());
  EXPECT_EQ(files_->look(digest).received, 0u);
  EXPECT_TRUE(add(digest, 0, 5, "hello").whole);
}

TEST_F(DatabaseFilesTest, WhatIsRemovedIsGone) {
  add(digest_, 0, 11, "hello world");
  add(sha256("other"), 0, 5, "oth");
  files_->remove(digest_);
  files_->remove(sha256("other"));
  EXPECT_FALSE(files_->look(digest_).bytes.has_value());
  EXPECT_EQ(files_->look(sha256("other")).received, 0u);
}

TEST_F(DatabaseFilesTest, AFolderThatIsGoneIsAnErrorOfTheDisk) {
  ASSERT_TRUE(remove_tree(folder_.root()).ok());
  const DatabaseAdded added = add(digest_, 0, 11, "hello ");
  ASSERT_TRUE(added.error.has_value());
  EXPECT_EQ(added.error->code, Errc::storage);
}

TEST_F(DatabaseFilesTest, TheListHasFilesOfEarlierProcessesAndNothingElse) {
  add(digest_, 0, 11, "hello world");
  add(sha256("another"), 0, 7, "ano");
  std::ofstream(folder_.root() + "/README") << "not a database";
  restart();
  std::map<Digest, std::uint64_t> sizes;
  for (const DatabasesListed::File& file : files_->list().files) {
    sizes[file.digest] = file.bytes;
  }
  EXPECT_EQ(sizes, (std::map<Digest, std::uint64_t>{{digest_, 11}, {sha256("another"), 3}}));
}

}  // namespace
}  // namespace fd
