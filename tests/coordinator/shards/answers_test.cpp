#include "coordinator/shards/answers.hpp"

#include <gtest/gtest.h>

#include "tests/coordinator/replay/replay_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

TEST(AnswersInFolder, FindsWhatAReplayLeftInAFailedShard) {
  const RunConfig config = rules_config();
  const std::string root = write_rules_run(config, {{"good"}, {std::nullopt}}, 1);
  const auto records = answers_in_folder(RunDir(root).shard(0), 0);
  ASSERT_TRUE(records.ok()) << records.error().message;
  ASSERT_EQ(records->size(), 2u);  // a call may have brought several answers
  const Answer answer = rules_answer(config, rules_sample(0), 0, "good");
  EXPECT_EQ(records->front().answer, answer);
  EXPECT_EQ(records->back().call, answered_call(answer));
  const std::string whole = write_rules_run(config, {{"good"}}, 1);
  EXPECT_TRUE(answers_in_folder(RunDir(whole).shard(0), 0).value().empty());
  const std::string pending = write_rules_run(config, {{"good"}}, 1, {0});
  EXPECT_TRUE(answers_in_folder(RunDir(pending).shard(0), 0).value().empty());
}

}  // namespace
}  // namespace fd
