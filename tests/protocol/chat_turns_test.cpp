#include "protocol/chat_turns.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

/// Returns the turns as "role:content|", or why they are refused.
std::string told(const Result<std::vector<ChatMessage>>& turns) {
  if (!turns.ok()) {
    EXPECT_EQ(turns.error().code, Errc::invalid_input);
    return turns.error().message;
  }
  std::string out;
  for (const ChatMessage& turn : *turns) {
    out += turn.role + ":" + turn.content + "|";
  }
  return out;
}

std::string turns_of(const char* text) {
  return told(chat_turns(json::parse(text).value()));
}

std::string asked_of(const char* text) {
  return told(asked_turns(json::parse(text).value()));
}

TEST(ChatTurns, AreTheRolesAndTextsOfAList) {
  EXPECT_EQ(turns_of("[]"), "");
  EXPECT_EQ(turns_of(R"([{"role":"system","content":"s"},{"role":"user","content":"","x":1},
                         {"content":"a","role":"assistant","tool_calls":[]}])"),
            "system:s|user:|assistant:a|");
}

TEST(ChatTurns, NameTheTurnThatIsNone) {
  EXPECT_EQ(turns_of(R"("text")"), "is no list of turns");
  EXPECT_EQ(turns_of(R"([{"role":"user","content":"q"},7])"), "turn 2 has no text 'role'");
  EXPECT_EQ(turns_of(R"([{"role":"user"}])"), "turn 1 has no text 'content'");
  EXPECT_EQ(turns_of(R"([{"role":"user","content":[{"type":"text"}]}])"),
            "turn 1 has no text 'content'");
  EXPECT_EQ(turns_of(R"([{"role":"tool","content":"x"}])"),
            "turn 1 is of the role \"tool\", which is none of system, user and assistant");
  EXPECT_EQ(turns_of(R"([{"from":"human","value":"x"}])"),
            "turn 1 has 'from' and 'value' (ShareGPT); write them as 'role' (system, user, "
            "assistant) and 'content'");
  EXPECT_EQ(turns_of(R"([{"role":"assistant","content":"","tool_calls":[{}]}])"),
            "turn 1 calls tools, which are not sent");
}

TEST(AskedTurns, EndWithTheLastTurnOfTheUser) {
  EXPECT_EQ(asked_of(R"([{"role":"user","content":"q"},{"role":"assistant","content":"a"},
                         {"role":"user","content":"r"},{"role":"assistant","content":"b"}])"),
            "user:q|assistant:a|user:r|");
  EXPECT_EQ(asked_of(R"([{"role":"user","content":"q"}])"), "user:q|");
  const std::string none = "has no turn of the user that could be answered at its end";
  EXPECT_EQ(asked_of("[]"), none);
  EXPECT_EQ(asked_of(R"([{"role":"system","content":"s"}])"), none);
  EXPECT_EQ(asked_of(R"([{"role":"assistant","content":"s"}])"), none);
}

}  // namespace
}  // namespace fd
