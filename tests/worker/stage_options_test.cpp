#include "worker/stage_options.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(StageOptions, StagesComeInOrderAndOnce) {
  EXPECT_EQ(*stages_from_text("score,exec,clean,exec"),
            (std::vector{StageId::clean, StageId::exec, StageId::score}));
  for (const char* text : {"teacher", "teacher,judge", "judge,teacher"}) {
    EXPECT_EQ(*stages_from_text(text), (std::vector{StageId::teacher, StageId::select})) << text;
  }
}

TEST(StageOptions, UnknownStagesAndThoseToComeAreToldApart) {
  EXPECT_EQ(stages_from_text("teacher,jugde").error().message,
            "--stages: 'jugde' is none of teacher, clean, rules, exec, score, select, judge");
  EXPECT_EQ(stages_from_text("exec,").error().message,
            "--stages: '' is none of teacher, clean, rules, exec, score, select, judge");
  EXPECT_EQ(stages_from_text("student_gen").error().message,
            "--stages: student_gen is not available in this version");
  EXPECT_EQ(stages_from_text("exec,judge").error().message,
            "--stages: judge is asked where the teacher is: name both, or neither");
  EXPECT_EQ(stages_from_text("select").error().message,
            "--stages: select runs beside the teacher, and nobody asks another worker for it");
}

TEST(StageOptions, AWorkerListensWhereItReachesTheCoordinatorFrom) {
  EXPECT_EQ(default_peer_listen("tcp://127.0.0.1:5555"), "tcp://127.0.0.1:*");
  EXPECT_EQ(default_peer_listen("ipc:///tmp/socket"), std::nullopt);
}

TEST(StageOptions, AHostOfAllZerosIsReplacedByWhereOthersReachIt) {
  EXPECT_EQ(reachable_endpoint("tcp://127.0.0.2:7000", "tcp://127.0.0.1:5555"),
            "tcp://127.0.0.2:7000");
  EXPECT_EQ(reachable_endpoint("tcp://0.0.0.0:7000", "tcp://127.0.0.1:5555"),
            "tcp://127.0.0.1:7000");
  EXPECT_EQ(reachable_endpoint("tcp://0.0.0.0:7000", "ipc:///tmp/socket"), std::nullopt);
}

}  // namespace
}  // namespace fd
