#include "actors/keys/allow_list.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

const CurvePublicKey kA{"a-key"};
const CurvePublicKey kB{"b-key"};

TEST(AllowList, KnowsEachKeyUntilItIsTakenAway) {
  AllowList list({{kA, "gpu"}, {kB, "gpu"}});
  EXPECT_EQ(list.user_of(kA), "gpu");
  EXPECT_EQ(list.user_of(kB), "gpu");
  EXPECT_EQ(list.user_of({"another"}), std::nullopt);
  list.replace({{kB, "gpu"}});
  EXPECT_EQ(list.user_of(kA), std::nullopt);
  EXPECT_EQ(list.user_of(kB), "gpu");
}

TEST(AllowList, B26AWorkerHasItsUsersNameOrOneThatBeginsWithIt) {
  const AllowList list({{kA, "gpu"}});
  for (const char* name : {"gpu", "gpu-0", "gpu-rack-1", "gpu-"}) {
    EXPECT_TRUE(list.may_be_called("gpu", name)) << name;
  }
  for (const char* name : {"", "gp", "gpus", "GPU", "gpu.1", "other", "other-gpu", "local-0"}) {
    EXPECT_FALSE(list.may_be_called("gpu", name)) << name;
  }
}

TEST(AllowList, B26ANameThatIsAnotherUsersIsNotFreeToTheShorterOne) {
  AllowList list({{kA, "gpu"}, {kB, "gpu-rack"}});
  EXPECT_TRUE(list.may_be_called("gpu", "gpu-0"));
  EXPECT_FALSE(list.may_be_called("gpu", "gpu-rack"));
  EXPECT_FALSE(list.may_be_called("gpu", "gpu-rack-1"));
  EXPECT_TRUE(list.may_be_called("gpu", "gpu-racks"));
  EXPECT_TRUE(list.may_be_called("gpu-rack", "gpu-rack-1"));
  list.replace({{kA, "gpu"}});
  EXPECT_TRUE(list.may_be_called("gpu", "gpu-rack-1"));
}

}  // namespace
}  // namespace fd
