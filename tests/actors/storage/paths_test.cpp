#include "actors/storage/paths.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Paths, TheFolderIsAsItIsWritten) {
  EXPECT_EQ(folder_of("a"), ".");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("/"), "/");
  EXPECT_EQ(folder_of("a/b"), "a");
  EXPECT_EQ(folder_of("a/b//"), "a");
  EXPECT_EQ(folder_of("../x/latest/"), "../x");
  EXPECT_EQ(folder_of(""), ".");
}

TEST(Paths, TheNameFollowsTheLastSlash) {
  EXPECT_EQ(name_of("a"), "a");
  EXPECT_EQ(name_of("/a/b.jsonl"), "b.jsonl");
  EXPECT_EQ(name_of("a/"), "");
}

}  // namespace
}  // namespace fd
