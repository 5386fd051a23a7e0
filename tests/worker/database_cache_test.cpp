#include "worker/database_cache.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/files.hpp"

namespace fd {
namespace {

class DatabaseCacheTest : public testing::Test {
 protected:
  DatabaseCacheTest() {
    directory_ = testing::TempDir() + "fd_cache_" + std::to_string(getpid()) + "_" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    EXPECT_TRUE(remove_tree(directory_).ok());
    EXPECT_TRUE(make_directories(directory_).ok());
  }
  ~DatabaseCacheTest() override { EXPECT_TRUE(remove_tree(directory_).ok()); }

  static void fill(DatabaseCache& cache, const std::string& bytes) {
    const auto added = cache.add(sha256(bytes), 0, bytes.size(), bytes);
    ASSERT_TRUE(added.ok());
    ASSERT_EQ(*added, DatabaseCache::Chunk::complete);
  }

  std::string directory_;
};

TEST_F(DatabaseCacheTest, ChunksMakeTheWholeFile) {
  DatabaseCache cache(directory_, 1000);
  const Digest digest = sha256("hello world");
  EXPECT_EQ(*cache.add(digest, 0, 11, "hello "), DatabaseCache::Chunk::more);
  EXPECT_FALSE(cache.has(digest));
  EXPECT_EQ(cache.received(digest), 6u);
  EXPECT_EQ(*cache.add(digest, 0, 11, "hello "), DatabaseCache::Chunk::ignored);  // repeated
  EXPECT_EQ(*cache.add(digest, 8, 11, "rld"), DatabaseCache::Chunk::ignored);     // a gap
  EXPECT_EQ(*cache.add(digest, 6, 11, "world!"), DatabaseCache::Chunk::ignored);  // beyond the end
  EXPECT_EQ(*cache.add(digest, 6, 11, "world"), DatabaseCache::Chunk::complete);
  EXPECT_TRUE(cache.has(digest));
  EXPECT_EQ(*read_file(cache.path(digest)), "hello world");
}

TEST_F(DatabaseCacheTest, OtherBytesThanTheDigestSaysAreRefusedAndForgotten) {
  DatabaseCache cache(directory_, 1000);
  const Digest digest = sha256("right");
  const auto added = cache.add(digest, 0, 5, "wrong");
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Errc::corrupt);
  EXPECT_FALSE(cache.has(digest));
  EXPECT_EQ(*cache.add(digest, 0, 5, "right"), DatabaseCache::Chunk::complete);
}

TEST_F(DatabaseCacheTest, LeastRecentlyUsedGoesFirst) {
  DatabaseCache cache(directory_, 30);
  fill(cache, std::string(10, 'a'));
  fill(cache, std::string(10, 'b'));
  fill(cache, std::string(10, 'c'));  // exactly full
  EXPECT_TRUE(cache.has(sha256(std::string(10, 'a'))));
  fill(cache, std::string(1, 'd'));
  EXPECT_TRUE(cache.has(sha256(std::string(10, 'a'))));
  EXPECT_FALSE(cache.has(sha256(std::string(10, 'b'))));
  EXPECT_FALSE(file_exists(cache.path(sha256(std::string(10, 'b')))));
  EXPECT_EQ(cache.bytes(), 21u);
}

TEST_F(DatabaseCacheTest, PinnedDatabasesStayAndANewOneThatDoesNotFitIsRefused) {
  DatabaseCache cache(directory_, 20);
  const std::string first(10, 'a');
  fill(cache, first);
  cache.pin(sha256(first));
  const std::string large(11, 'b');
  const auto added = cache.add(sha256(large), 0, large.size(), large);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Errc::exhausted);
  EXPECT_TRUE(cache.has(sha256(first)));
  cache.unpin(sha256(first));
  fill(cache, large);
  EXPECT_FALSE(cache.has(sha256(first)));
}

TEST_F(DatabaseCacheTest, FilesOfAnEarlierProcessAreUsedWhenTheyAreWhole) {
  const std::string whole = "whole database";
  {
    DatabaseCache cache(directory_, 1000);
    fill(cache, whole);
  }
  DatabaseCache cache(directory_, 1000);
  EXPECT_TRUE(cache.has(sha256(whole)));
  const Digest other = sha256("another");
  std::ofstream(cache.path(other)) << "anothex";
  EXPECT_FALSE(cache.has(other));
  EXPECT_FALSE(file_exists(cache.path(other)));
}

TEST_F(DatabaseCacheTest, K11ADatabaseThatCameInPartGoesOnFromThere) {
  const Digest digest = sha256("hello world");
  {
    DatabaseCache cache(directory_, 1000);
    EXPECT_EQ(cache.received(digest), 0u);
    EXPECT_EQ(*cache.add(digest, 0, 11, "hello "), DatabaseCache::Chunk::more);
  }
  DatabaseCache cache(directory_, 1000);
  EXPECT_FALSE(cache.has(digest));
  EXPECT_EQ(*cache.add(digest, 0, 11, "hello "), DatabaseCache::Chunk::ignored);
  EXPECT_EQ(cache.received(digest), 6u);
  EXPECT_EQ(*cache.add(digest, 6, 11, "world"), DatabaseCache::Chunk::complete);
  EXPECT_EQ(*read_file(cache.path(digest)), "hello world");
}

TEST_F(DatabaseCacheTest, ADamagedPartIsFoundAtTheEndAndBegunAnew) {
  const Digest digest = sha256("hello world");
  DatabaseCache cache(directory_, 1000);
  std::ofstream(cache.path(digest) + ".part") << "hullo ";
  EXPECT_EQ(cache.received(digest), 6u);
  const auto added = cache.add(digest, 6, 11, "world");
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Errc::corrupt);
  EXPECT_EQ(cache.received(digest), 0u);
  EXPECT_EQ(*cache.add(digest, 0, 11, "hello world"), DatabaseCache::Chunk::complete);
}

TEST_F(DatabaseCacheTest, APartThatIsLongerThanTheDatabaseIsDropped) {
  const Digest digest = sha256("hello");
  DatabaseCache cache(directory_, 1000);
  std::ofstream(cache.path(digest) + ".part") << "hello world";
  EXPECT_EQ(cache.received(digest), 11u);
  EXPECT_FALSE(cache.add(digest, 11, 5, "").ok());
  EXPECT_EQ(cache.received(digest), 0u);
  EXPECT_EQ(*cache.add(digest, 0, 5, "hello"), DatabaseCache::Chunk::complete);
}

}  // namespace
}  // namespace fd
