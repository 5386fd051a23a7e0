#include "protocol/base/coding.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

using std::string_view_literals::operator""sv;

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  std::string out;
  append_big_endian(value, bytes, out);
  return out;
}

TEST(Coding, PutsTheHighestByteFirst) {
  EXPECT_EQ(big_endian(0x0102030405060708, 8), "\x01\x02\x03\x04\x05\x06\x07\x08"sv);
  EXPECT_EQ(big_endian(0x010203FF, 4), "\x01\x02\x03\xFF"sv);
  EXPECT_EQ(big_endian(0x80, 2), "\x00\x80"sv);
  EXPECT_EQ(big_endian(0xFF, 1), "\xFF"sv);
  EXPECT_EQ(big_endian(0xFF, 0), ""sv);
}

TEST(Coding, PutsTheLowestBytesOfWhatIsTooLarge) {
  EXPECT_EQ(big_endian(0x100, 1), "\x00"sv);
  EXPECT_EQ(big_endian(0x12345678, 2), "\x56\x78"sv);
}

TEST(Coding, AppendsToWhatIsThere) {
  std::string out = "FD";
  append_big_endian(0x4142, 2, out);
  EXPECT_EQ(out, "FDAB");
}

TEST(Coding, ReadsAsManyBytesAsItGets) {
  EXPECT_EQ(read_big_endian(""sv), 0u);
  EXPECT_EQ(read_big_endian("\x80"sv), 0x80u);
  EXPECT_EQ(read_big_endian("\x00\x01"sv), 1u);
  EXPECT_EQ(read_big_endian("\xFF\xFE\xFD\xFC"sv), 0xFFFEFDFCu);
  EXPECT_EQ(read_big_endian("\x01\x02\x03\x04\x05\x06\x07\x08"sv), 0x0102030405060708u);
}

TEST(Coding, ReadsWhatWasPutAtBothEndsOfEveryWidth) {
  for (std::size_t bytes = 1; bytes <= 8; ++bytes) {
    const std::uint64_t most = UINT64_MAX >> (64 - 8 * bytes);
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, most / 2, most}) {
      EXPECT_EQ(big_endian(value, bytes).size(), bytes);
      EXPECT_EQ(read_big_endian(big_endian(value, bytes)), value) << bytes;
    }
  }
}

}  // namespace
}  // namespace fd
