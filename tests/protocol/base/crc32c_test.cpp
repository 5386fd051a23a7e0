#include "protocol/base/crc32c.hpp"

#include <iterator>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  std::string rising;
  for (char byte = 0; byte < 32; ++byte) {
    rising += byte;
  }
  const std::string falling(rising.rbegin(), rising.rend());
  const unsigned char read_command[48] = {
      0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
      0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  const std::string command(std::begin(read_command), std::end(read_command));
  for (const auto crc : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8A9136AAu);
    EXPECT_EQ(crc(std::string(32, '\xFF'), 0), 0x62A8AB43u);
    EXPECT_EQ(crc(rising, 0), 0x46DD794Eu);
    EXPECT_EQ(crc(falling, 0), 0x113FDB5Cu);
    EXPECT_EQ(crc(command, 0), 0xD9963A56u);
    EXPECT_EQ(crc("123456789", 0), 0xE3069283u);
    EXPECT_EQ(crc("", 0), 0u);
  }
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstructionAtEveryLengthAndAlignment) {
  std::mt19937_64 random(7);
  std::string bytes(600, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t length = 0; length + from <= bytes.size(); length += 1 + length / 64) {
      const std::string_view part = std::string_view(bytes).substr(from, length);
      const auto seed = static_cast<std::uint32_t>(random());
      ASSERT_EQ(crc32c(part, seed), crc32c_portable(part, seed)) << from << ' ' << length;
    }
  }
}

TEST(Crc32c, ContinuesFromAnEarlierValue) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view all = text;
    EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all));
    EXPECT_EQ(crc32c_portable(all.substr(cut), crc32c_portable(all.substr(0, cut))), crc32c(all));
  }
}

}  // namespace
}  // namespace fd
