#include "actors/pipeline/chat_inbox.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

ChatResult tagged(std::uint64_t tag) {
  ChatResult result;
  result.tag = tag;
  return result;
}

TEST(ChatInbox, TheStageIsToldOnceForAllThatGathers) {
  ChatInbox inbox;
  EXPECT_TRUE(inbox.add(tagged(1)));
  EXPECT_FALSE(inbox.add(tagged(2)));
  const std::vector<ChatResult> taken = inbox.take();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].tag, 1U);
  EXPECT_EQ(taken[1].tag, 2U);
  EXPECT_TRUE(inbox.take().empty());
  EXPECT_TRUE(inbox.add(tagged(3)));
}

}  // namespace
}  // namespace fd
