#include "protocol/frame.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr Speaker kSpeaker{0x0102030405060708, 0x1112131415161718, 0x2122232425262728};

TEST(Frame, HasTheBytesThatTheProtocolPageShows) {
  const std::string frame = encode_frame(MessageKind::ack, "r1", kSpeaker, "xyz");
  EXPECT_EQ(frame, std::string("FDW1\x00\x02\x00\x09\x00\x00\x00\x03\x02"
                               "\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"
                               "\x21\x22\x23\x24\x25\x26\x27\x28r1xyz",
                               42));
}

TEST(Frame, ComesBackAsItWent) {
  const std::string bytes =
      encode_frame(MessageKind::samples, "text2sql-0123", kSpeaker, std::string(1000, 'b'));
  const auto frame = decode_frame(bytes);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->kind, MessageKind::samples);
  EXPECT_EQ(frame->run_id, "text2sql-0123");
  EXPECT_EQ(frame->speaker, kSpeaker);
  EXPECT_EQ(frame->body, std::string(1000, 'b'));
}

TEST(Frame, EveryTruncationIsRefused) {
  const std::string bytes = encode_frame(MessageKind::order, "run", kSpeaker, "body");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto frame = decode_frame(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(frame.ok()) << size;
    EXPECT_EQ(frame.error().code, Errc::invalid_input);
  }
  EXPECT_FALSE(decode_frame(bytes + "x").ok());
}

TEST(Frame, AnotherVersionIsNamedBesideOurs) {
  std::string bytes = encode_frame(MessageKind::order, "run", kSpeaker, "body");
  bytes[5] = 7;
  const auto frame = decode_frame(bytes);
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, Errc::unsupported);
  EXPECT_EQ(frame.error().message,
            "frame: protocol version 7, this program speaks 2: coordinator and workers must be of "
            "one version");
}

/// Version 1 had no speaker: its shortest frame is shorter than ours.
TEST(Frame, AnotherVersionIsNamedHoweverShortItsFramesAre) {
  const std::string oldest("FDW1\x00\x01\x00\x09\x00\x00\x00\x03\x02r1xyz", 18);
  for (std::size_t size = 6; size <= oldest.size(); ++size) {
    const auto frame = decode_frame(std::string_view(oldest).substr(0, size));
    ASSERT_FALSE(frame.ok());
    EXPECT_EQ(frame.error().code, Errc::unsupported);
    EXPECT_EQ(frame.error().message,
              "frame: protocol version 1, this program speaks 2: coordinator and workers must be "
              "of one version");
  }
  EXPECT_EQ(decode_frame(std::string_view(oldest).substr(0, 5)).error().code, Errc::invalid_input);
}

TEST(Frame, RunIdsHaveTheirLimit) {
  const std::string longest(kMaxRunIdBytes, 'r');
  std::string bytes = encode_frame(MessageKind::order, longest, kSpeaker, "b");
  ASSERT_TRUE(decode_frame(bytes).ok());
  EXPECT_EQ(decode_frame(bytes)->run_id, longest);
  bytes[12] = static_cast<char>(kMaxRunIdBytes + 1);
  bytes += 'b';
  EXPECT_EQ(decode_frame(bytes).error().message, "frame: lengths do not add up");
}

TEST(Frame, UnknownKindsOnBothSidesOfTheRangeAreRefused) {
  for (const char kind : {'\0', '\x0d'}) {
    std::string bytes = encode_frame(MessageKind::order, "run", kSpeaker, "body");
    bytes[7] = kind;
    ASSERT_FALSE(decode_frame(bytes).ok());
    EXPECT_EQ(decode_frame(bytes).error().message, "frame: unknown kind of message");
  }
}

TEST(Frame, LargestFrameIsAcceptedAndOneByteMoreIsRefused) {
  const std::size_t fixed = encode_frame(MessageKind::order, "", kSpeaker, "").size();
  std::string bytes =
      encode_frame(MessageKind::order, "", kSpeaker, std::string(kMaxFrameBytes - fixed, 'x'));
  EXPECT_TRUE(decode_frame(bytes).ok());
  bytes += 'x';
  ASSERT_FALSE(decode_frame(bytes).ok());
  EXPECT_EQ(decode_frame(bytes).error().message, "frame: larger than the limit");
}

}  // namespace
}  // namespace fd
