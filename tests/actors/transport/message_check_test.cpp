#include "actors/transport/message_check.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/transport/transport_limits.hpp"

namespace fd {
namespace {

constexpr std::size_t kOurFrames = 2;

class MessageCheckTest : public testing::Test {
 protected:
  MessageCheck with(const AllowList* allowed) {
    return {allowed, [this](TransportNotice::Kind kind, const std::string& detail) {
              kinds_.push_back(kind);
              details_.push_back(detail);
            }};
  }
  const CurvePublicKey key_{"the key"};
  AllowList allowed_{AllowList::Users{{key_, "gpu"}}};
  std::vector<TransportNotice::Kind> kinds_;
  std::vector<std::string> details_;
};

TEST_F(MessageCheckTest, TheSenderIsTheUserOfTheKeyUntilTheKeyIsTakenAway) {
  MessageCheck check = with(&allowed_);
  EXPECT_EQ(check.sender(key_, kOurFrames, kOurFrames), "gpu");
  EXPECT_TRUE(kinds_.empty());
  allowed_.replace({});
  EXPECT_EQ(check.sender(key_, kOurFrames, kOurFrames), std::nullopt);
  EXPECT_EQ(kinds_, std::vector{TransportNotice::Kind::key_removed});
}

TEST_F(MessageCheckTest, NothingCountsOfAKeyAfterTheLastOddMessageThatIsBorne) {
  MessageCheck check = with(&allowed_);
  for (std::uint32_t i = 1; i < kOddMessagesMax; ++i) {
    EXPECT_EQ(check.sender(key_, kOurFrames + 1, kOurFrames), std::nullopt);
  }
  EXPECT_EQ(check.sender(key_, kOurFrames, kOurFrames), "gpu");
  EXPECT_EQ(kinds_, std::vector(kOddMessagesMax - 1, TransportNotice::Kind::frame_count));
  EXPECT_EQ(details_.back(), "gpu sent a message of 3 frames");
  EXPECT_EQ(check.sender(key_, kOurFrames + 1, kOurFrames), std::nullopt);
  EXPECT_EQ(kinds_.back(), TransportNotice::Kind::peer_refused);
  EXPECT_EQ(check.sender(key_, kOurFrames, kOurFrames), std::nullopt);
}

TEST_F(MessageCheckTest, WithoutAListOnlyTheFramesAreLookedAt) {
  MessageCheck check = with(nullptr);
  EXPECT_EQ(check.sender({}, kOurFrames, kOurFrames), "");
  for (std::uint32_t i = 0; i <= kOddMessagesMax; ++i) {
    EXPECT_EQ(check.sender({}, 1, kOurFrames), std::nullopt);
  }
  EXPECT_EQ(check.sender({}, kOurFrames, kOurFrames), "");
}

}  // namespace
}  // namespace fd
