#include "protocol/base/escape.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Escape, KnowsTheEndsOfTheControlCharacters) {
  for (const std::uint32_t code : {0x00u, 0x1Fu, 0x7Fu, 0x80u, 0x9Fu}) {
    EXPECT_TRUE(is_control(code)) << code;
  }
  for (const std::uint32_t code : {0x20u, 0x7Eu, 0xA0u, 0x2028u}) {
    EXPECT_FALSE(is_control(code)) << code;
  }
}

TEST(Escape, WritesTwoDigitsUpToAByteAndFourBeyond) {
  EXPECT_EQ(hex_byte(0), "00");
  EXPECT_EQ(hex_byte(0xFA), "fa");
  EXPECT_EQ(hex_escape(0x1B), "\\x1b");
  EXPECT_EQ(hex_escape(0xFF), "\\xff");
  EXPECT_EQ(hex_escape(0x100), "\\u0100");
  EXPECT_EQ(hex_escape(0xFEFF), "\\ufeff");
}

TEST(Escape, ReplacesWholeCharactersAndKeepsTheOthers) {
  const auto controls = [](std::uint32_t code) { return is_control(code) ? hex_escape(code) : ""; };
  EXPECT_EQ(escaped("", controls), "");
  EXPECT_EQ(escaped("a\x1b[31m\x7F", controls), "a\\x1b[31m\\x7f");
  EXPECT_EQ(escaped("\xC2\x9B\xC2\xA0", controls), "\\x9b\xC2\xA0");
  EXPECT_EQ(escaped("\xE6\xBC\xA2\n\xF0\x9F\x99\x82", controls),
            "\xE6\xBC\xA2\\x0a\xF0\x9F\x99\x82");
}

TEST(Escape, PercentEncodesAllBytesThatAreNotPlain) {
  EXPECT_EQ(percent_encoded("/a b?c#%", "/"), "/a%20b%3fc%23%25");
  EXPECT_EQ(percent_encoded("AZaz09", ""), "AZaz09");
  EXPECT_EQ(percent_encoded("a.b_c-d", "._-"), "a.b_c-d");
  EXPECT_EQ(percent_encoded("a.b", ""), "a%2eb");
  EXPECT_EQ(percent_encoded("\xC3\xA4", "/"), "%c3%a4");
}

}  // namespace
}  // namespace fd
