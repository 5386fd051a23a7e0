#include "protocol/base/utf16.hpp"

#include <string>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"

namespace fd {
namespace {

/// Decodes `bytes`, given in pieces of `piece` bytes.
std::string decoded(Utf16Order order, std::string_view bytes, std::size_t piece) {
  Utf16Reader reader(order);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.append(bytes.substr(at, piece), out);
  }
  return reader.finish(out) ? out : out + "(half)";
}

TEST(Utf16, KnowsItsMarks) {
  EXPECT_EQ(utf16_order("\xff\xfe"), Utf16Order::little);
  EXPECT_EQ(utf16_order("\xfe\xff{"), Utf16Order::big);
  EXPECT_EQ(utf16_order("\xff"), std::nullopt);
  EXPECT_EQ(utf16_order("\xef\xbb\xbf"), std::nullopt);
}

TEST(Utf16, DecodesPiecesOfAnySize) {
  const std::string little("a\0\xE9\0\xAC\x20\x3D\xD8\x00\xDE", 10);
  const std::string big("\0a\0\xE9\x20\xAC\xD8\x3D\xDE\x00", 10);
  for (std::size_t piece = 1; piece <= 10; ++piece) {
    EXPECT_EQ(decoded(Utf16Order::little, little, piece), "a\u00E9\u20AC\U0001F600") << piece;
    EXPECT_EQ(decoded(Utf16Order::big, big, piece), "a\u00E9\u20AC\U0001F600") << piece;
  }
}

TEST(Utf16, MakesNoCharacterOfALoneSurrogate) {
  for (const std::string& text :
       {std::string("\x3D\xD8\x61\0", 4), std::string("\x00\xDE\x61\0", 4),
        std::string("\x61\0\x3D\xD8", 4)}) {
    const std::string out = decoded(Utf16Order::little, text, 4);
    EXPECT_FALSE(json::valid_utf8(out));
    EXPECT_NE(out.find('a'), std::string::npos);
  }
}

TEST(Utf16, TellsThatHalfAUnitIsLeft) {
  EXPECT_EQ(decoded(Utf16Order::big, std::string("\0ab", 3), 2), "a(half)");
}

}  // namespace
}  // namespace fd
