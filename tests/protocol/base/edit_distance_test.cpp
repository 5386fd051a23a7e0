#include "protocol/base/edit_distance.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("temprature", "temperature"), 1u);
  EXPECT_EQ(edit_distance("taks", "task"), 1u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // no edit inside what was swapped
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearestName, IsTheFirstOfTheNearest) {
  const std::vector<std::string> names = {"--quiet", "--worker", "--workers"};
  EXPECT_EQ(nearest_name("--workerz", names, 3), "--worker");
  EXPECT_EQ(nearest_name("--workers", names, 3), "--workers");
}

TEST(NearestName, IsNoFurtherThanTheLimit) {
  const std::vector<std::string> names = {"task", "teacher"};
  EXPECT_EQ(nearest_name("tusks", names, 2), "task");
  EXPECT_EQ(nearest_name("tusks", names, 1), "");
  EXPECT_EQ(nearest_name("task", names, 0), "task");
  EXPECT_EQ(nearest_name("tas", names, 0), "");
  EXPECT_EQ(nearest_name("tas", names, 1), "task");
  EXPECT_EQ(nearest_name("tasked", names, 1), "");
  EXPECT_EQ(nearest_name("tasked", names, 2), "task");
  EXPECT_EQ(nearest_name("", names, SIZE_MAX - 1), "task");
  EXPECT_EQ(nearest_name("task", std::vector<std::string>(), 3), "");
}

}  // namespace
}  // namespace fd
