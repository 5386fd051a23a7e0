// Each file in tests/golden is a conversation with the coordinator's core: the best documentation
// of the protocol there is. FD_UPDATE_GOLDEN=1 writes what the core says into the files: commit
// that only if you understand what changed it, and want it.

#include "tests/coordinator/control/conversation.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, ConversationGoesAsWritten) {
  const std::string path = std::string(FD_SOURCE_DIR) + "/tests/golden/" + GetParam() + ".txt";
  std::ifstream in(path);
  std::ostringstream expected;
  expected << in.rdbuf();
  ASSERT_FALSE(expected.str().empty()) << path;
  const std::string transcript = run_conversation(expected.str());
  if (std::getenv("FD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << transcript;
  }
  EXPECT_EQ(transcript, expected.str());
}

TEST(ProtocolPage, ShowsAConversationAsItIs) {
  const auto text_of = [](const std::string& name) {
    std::ifstream file(std::string(FD_SOURCE_DIR) + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  };
  std::string conversation = text_of("/tests/golden/lapse.txt");
  conversation.erase(conversation.find_last_not_of('\n') + 1);
  EXPECT_NE(text_of("/docs/protocol.md").find("```\n" + conversation + "\n"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Coordinator, Golden,
                         testing::Values("one_worker", "lapse", "worker_killed", "stale_answer",
                                         "conflicting_answers", "outcome_of_a_lost_answer", "slots",
                                         "resume", "drain", "repeats", "worker_restarted",
                                         "worker_replaced", "coordinator_restarted",
                                         "coordinator_slept", "poison", "poison_restarted",
                                         "silence_is_no_death", "deaf_worker", "late_answer",
                                         "repeated_calls", "repeated_answer", "late_states",
                                         "peers", "unserved_stage", "no_teacher", "writing_limit",
                                         "early", "slow_disk", "D12_done_stays_done"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace fd
