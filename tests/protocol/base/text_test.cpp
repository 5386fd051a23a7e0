#include "protocol/base/text.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

TEST(Text, KnowsTheEndsOfEveryClass) {
  for (const char c : {'0', '9'}) {
    EXPECT_TRUE(is_ascii_digit(c) && is_ascii_alphanumeric(c) && !is_ascii_letter(c)) << c;
  }
  for (const char c : {'a', 'z', 'A', 'Z'}) {
    EXPECT_TRUE(is_ascii_letter(c) && is_ascii_alphanumeric(c) && !is_ascii_digit(c)) << c;
  }
  for (const char c : {'/', ':', '@', '[', '`', '{', '\0', '\x80', '\xFF'}) {
    EXPECT_FALSE(is_ascii_alphanumeric(c)) << c;
  }
}

TEST(Text, LowersLettersAndNothingElse) {
  EXPECT_EQ(lowered("AZaz @[`{ \xC3\x84"), "azaz @[`{ \xC3\x84");
  EXPECT_EQ(lowered(""), "");
}

TEST(Text, ComparesWithoutTheCaseOfLetters) {
  EXPECT_TRUE(equals_ignoring_case("SeLect", "sElECT"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("select", "selects"));
  EXPECT_FALSE(equals_ignoring_case("selects", "select"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

TEST(Text, TrimsOnlyTheEnds) {
  EXPECT_EQ(trimmed("\t a b\r\n"), "a b");
  EXPECT_EQ(trimmed("\f\va\f\v"), "a");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("\n a \n", " "), "\n a \n");
  EXPECT_EQ(trimmed("''a'b'", "'"), "a'b");
}

TEST(Text, TrimsBlanksToTheEmptyTextAtTheirEnd) {
  const std::string_view blanks = " \n ";
  EXPECT_EQ(trimmed(blanks), "");
  EXPECT_EQ(trimmed(blanks).data(), blanks.data() + blanks.size());
}

TEST(Text, APlainNameBeginsWithALetterOrDigit) {
  for (const char* name : {"a", "Z", "0", "a.b_c-d", "9..", "a-"}) {
    EXPECT_TRUE(is_plain_name(name)) << name;
  }
  for (const char* name : {"", ".a", "_a", "-a", "a b", "a/b", "a\n", "\xC3\xA4"}) {
    EXPECT_FALSE(is_plain_name(name)) << name;
  }
}

}  // namespace
}  // namespace fd
