#include "protocol/frame.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Frame, HasTheBytesThatTheProtocolPageShows) {
  const std::string frame = encode_frame(MessageKind::ack, "r1", "xyz");
  EXPECT_EQ(frame, std::string("FDW1\x00\x01\x00\x09\x00\x00\x00\x03\x02r1xyz", 18));
}

TEST(Frame, ComesBackAsItWent) {
  const std::string bytes =
      encode_frame(MessageKind::samples, "text2sql-0123", std::string(1000, 'b'));
  const auto frame = decode_frame(bytes);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->kind, MessageKind::samples);
  EXPECT_EQ(frame->run_id, "text2sql-0123");
  EXPECT_EQ(frame->body, std::string(1000, 'b'));
}

TEST(Frame, EveryTruncationIsRefused) {
  const std::string bytes = encode_frame(MessageKind::order, "run", "body");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto frame = decode_frame(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(frame.ok()) << size;
    EXPECT_EQ(frame.error().code, Errc::invalid_input);
  }
  EXPECT_FALSE(decode_frame(bytes + "x").ok());
}

TEST(Frame, AnotherVersionIsNamedBesideOurs) {
  std::string bytes = encode_frame(MessageKind::order, "run", "body");
  bytes[5] = 7;
  const auto frame = decode_frame(bytes);
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, Errc::unsupported);
  EXPECT_EQ(frame.error().message, "frame: protocol version 7, this program speaks 1");
}

TEST(Frame, UnknownKindsOnBothSidesOfTheRangeAreRefused) {
  for (const char kind : {'\0', '\x0d'}) {
    std::string bytes = encode_frame(MessageKind::order, "run", "body");
    bytes[7] = kind;
    ASSERT_FALSE(decode_frame(bytes).ok());
    EXPECT_EQ(decode_frame(bytes).error().message, "frame: unknown kind of message");
  }
}

TEST(Frame, LargestFrameIsAcceptedAndOneByteMoreIsRefused) {
  const std::size_t fixed = encode_frame(MessageKind::order, "", "").size();
  std::string bytes =
      encode_frame(MessageKind::order, "", std::string(kMaxFrameBytes - fixed, 'x'));
  EXPECT_TRUE(decode_frame(bytes).ok());
  bytes += 'x';
  ASSERT_FALSE(decode_frame(bytes).ok());
  EXPECT_EQ(decode_frame(bytes).error().message, "frame: larger than the limit");
}

}  // namespace
}  // namespace fd
