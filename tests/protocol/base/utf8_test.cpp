#include "protocol/base/utf8.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

struct Character {
  std::uint32_t code;
  std::string_view bytes;
};

// Both ends of every length (Unicode 15, table 3-7).
constexpr Character kCharacters[] = {{0x01, "\x01"},
                                     {0x7F, "\x7F"},
                                     {0x80, "\xC2\x80"},
                                     {0x7FF, "\xDF\xBF"},
                                     {0x800, "\xE0\xA0\x80"},
                                     {0xD7FF, "\xED\x9F\xBF"},
                                     {0xE000, "\xEE\x80\x80"},
                                     {0xFFFF, "\xEF\xBF\xBF"},
                                     {0x10000, "\xF0\x90\x80\x80"},
                                     {0x10FFFF, "\xF4\x8F\xBF\xBF"}};

TEST(Utf8, WritesAndReadsBothEndsOfEveryLength) {
  std::string all;
  for (const Character& character : kCharacters) {
    std::string out;
    append_utf8(character.code, out);
    EXPECT_EQ(out, character.bytes) << character.code;
    EXPECT_EQ(code_point(character.bytes), character.code);
    EXPECT_EQ(character_end(character.bytes, 0), character.bytes.size());
    all += out;
  }
  EXPECT_EQ(character_count(all), std::size(kCharacters));
}

TEST(Utf8, KnowsTheBytesThatContinueACharacter) {
  EXPECT_TRUE(continues_character('\x80') && continues_character('\xBF'));
  EXPECT_FALSE(continues_character('\x7F') || continues_character('\xC0'));
}

TEST(Utf8, ACharacterEndsWhereTheNextBegins) {
  const std::string_view text = "a\xC3\xA4\xE6\xBC\xA2z";
  EXPECT_EQ(character_end(text, 0), 1u);
  EXPECT_EQ(character_end(text, 1), 3u);
  EXPECT_EQ(character_end(text, 3), 6u);
  EXPECT_EQ(character_end(text, 6), 7u);
  EXPECT_EQ(character_count(text), 4u);
  EXPECT_EQ(character_count(""), 0u);
}

}  // namespace
}  // namespace fd
