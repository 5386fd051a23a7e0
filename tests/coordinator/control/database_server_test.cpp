#include "coordinator/control/database_server.hpp"

#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using testing_support::fresh_folder;
using testing_support::put_bytes;

/// A run with one database of more than one piece.
class DatabaseServerTest : public testing::Test {
 protected:
  DatabaseServerTest() : dir_(fresh_folder()), text_(kDatabaseChunkBytes, 'a') {
    text_ += "the end";
    digest_ = sha256(text_);
    path_ = dir_.database(digest_.hex());
    EXPECT_TRUE(make_directories(path_.substr(0, path_.rfind('/'))).ok());
    put_bytes(path_, text_);
  }

  RunDir dir_;
  std::string text_;
  Digest digest_;
  std::string path_;
};

TEST_F(DatabaseServerTest, ReadsPiecesOfAtMostOneChunk) {
  DatabaseServer server(dir_);
  const auto first = server.read({digest_, 0});
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->bytes, text_.substr(0, kDatabaseChunkBytes));
  EXPECT_EQ(first->file_bytes, text_.size());
  EXPECT_EQ(server.read({digest_, kDatabaseChunkBytes})->bytes, "the end");
}

TEST_F(DatabaseServerTest, ADatabaseThatChangedIsCorruptBeforeItsFirstPiece) {
  put_bytes(path_, text_ + "!");
  DatabaseServer server(dir_);
  const auto read = server.read({digest_, 0});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_EQ(read.error().message,
            path_ + ": its SHA-256 is " + sha256(text_ + "!").hex() + ", not its name");
}

TEST_F(DatabaseServerTest, ADatabaseThatIsGoneIsCorruptAlsoBetweenTwoPieces) {
  DatabaseServer server(dir_);
  ASSERT_TRUE(server.read({digest_, 0}).ok());
  ::unlink(path_.c_str());
  DatabaseServer next(dir_);
  for (DatabaseServer* one : {&server, &next}) {
    const auto read = one->read({digest_, kDatabaseChunkBytes});
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_NE(read.error().message.find(path_), std::string::npos);
  }
}

}  // namespace
}  // namespace fd
