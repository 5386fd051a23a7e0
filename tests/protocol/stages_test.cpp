#include "protocol/stages.hpp"

#include <set>

#include <gtest/gtest.h>

namespace fd {
namespace {

using Stages = std::vector<StageId>;

TEST(StageTable, NumbersAndNamesAreReadBackAndOthersAreNot) {
  std::set<std::uint64_t> found;
  for (std::uint64_t number = 0; number < 300; ++number) {
    if (const auto stage = stage_from_number(number)) {
      EXPECT_EQ(static_cast<std::uint64_t>(*stage), number);
      EXPECT_EQ(stage_from_name(name(*stage)), *stage);
      found.insert(number);
    }
  }
  EXPECT_EQ(found, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(stage_from_name("export"));
  EXPECT_FALSE(stage_from_name(""));
  EXPECT_FALSE(stage_from_number(UINT64_MAX));
}

TEST(StageTable, TheOrderIsTheTables) {
  EXPECT_EQ(stage_names(all_stages(), " "), "teacher clean rules exec score select");
  EXPECT_EQ(stage_names(pure_stages(), " "), "clean rules exec score select");
  EXPECT_EQ(stage_names(peer_stages(), " "), "clean rules exec score");
  EXPECT_EQ(stages_between(StageId::clean, StageId::exec),
            (Stages{StageId::clean, StageId::rules, StageId::exec}));
  EXPECT_EQ(stages_between(StageId::exec, StageId::exec), Stages{StageId::exec});
  EXPECT_EQ(stages_between(StageId::exec, StageId::rules), Stages{});
  EXPECT_EQ(next_stage(StageId::teacher), StageId::clean);
  EXPECT_EQ(next_stage(StageId::score), StageId::select);
  EXPECT_EQ(next_stage(StageId::select), std::nullopt);
  EXPECT_EQ(with_followers({StageId::score, StageId::clean, StageId::score}),
            (Stages{StageId::clean, StageId::score}));
}

TEST(StageTable, OnlyExecNeedsDatabases) {
  EXPECT_TRUE(opens_databases(all_stages()));
  EXPECT_FALSE(opens_databases(Stages{StageId::teacher, StageId::clean, StageId::select}));
  EXPECT_FALSE(opens_databases(Stages{}));
}

}  // namespace
}  // namespace fd
