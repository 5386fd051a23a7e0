#include <bit>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"

namespace fd::json {
namespace {

std::string read_data(const std::string& name) {
  std::ifstream file(std::string(FD_SOURCE_DIR) + "/tests/protocol/data/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string canonical_of(std::string_view text) {
  const Result<Value> value = parse(text);
  return value.ok() ? canonical(*value) : "refused: " + value.error().message;
}

std::string number_text(double number) {
  std::string out;
  append_number(number, out);
  return out;
}

class PublishedVector : public testing::TestWithParam<const char*> {};

TEST_P(PublishedVector, HasItsPublishedCanonicalText) {
  const std::string name = GetParam();
  const std::string expected = read_data(name + ".jcs");
  EXPECT_EQ(canonical_of(read_data(name + ".json")), expected);
  EXPECT_EQ(canonical_of(expected), expected);
}

INSTANTIATE_TEST_SUITE_P(Rfc8785, PublishedVector,
                         testing::Values("arrays", "french", "structures", "unicode", "values",
                                         "weird"));

// RFC 8785, section 3.2.4: the bytes of the sample of section 3.2.2.
TEST(Canonical, GivesTheBytesOfTheRfcSample) {
  const std::string hex =
      "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333"
      "333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22"
      "e282ac245c75303030665c6e412742"
      "5c225c5c5c5c5c222f227d";
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  EXPECT_EQ(canonical_of(read_data("values.json")), bytes);
}

// RFC 8785, section 3.2.3.
TEST(Canonical, L04SortsTheRfcSampleByUtf16Units) {
  EXPECT_EQ(canonical_of(R"({
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    })"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
            "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
            "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\","
            "\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

// RFC 8785, appendix B, without its two lines of NaN and infinity.
TEST(Canonical, L04WritesEveryNumberOfTheRfcTable) {
  const struct {
    std::uint64_t bits;
    const char* text;
  } table[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(number_text(std::bit_cast<double>(row.bits)), row.text);
  }
}

TEST(Canonical, LaysNumbersOutAtTheEdgesOfEveryForm) {
  EXPECT_EQ(number_text(1e20), "100000000000000000000");
  EXPECT_EQ(number_text(1e21), "1e+21");
  EXPECT_EQ(number_text(-1.5e300), "-1.5e+300");
  EXPECT_EQ(number_text(0.000001), "0.000001");
  EXPECT_EQ(number_text(0.0000001), "1e-7");
  EXPECT_EQ(number_text(1.25e-7), "1.25e-7");
  EXPECT_EQ(number_text(123.456), "123.456");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(9007199254740994.0), "9007199254740994");
  EXPECT_EQ(number_text(std::nextafter(1.0, 2.0)), "1.0000000000000002");
}

TEST(Canonical, EscapesOnlyWhatTheRfcEscapes) {
  std::string text;
  for (int byte = 0; byte < 0x80; ++byte) {
    text += static_cast<char>(byte);
  }
  std::string out;
  append_string(text, out);
  EXPECT_EQ(
      out,
      "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"
      "\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"
      "\\u001b\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'()*+,-./0123456789:;<=>?@"
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7F\"");
}

// The scan takes eight bytes at a time; a byte of 0x80 or more must not hide an escape beside it.
TEST(Canonical, FindsAnEscapeAtEveryPlaceOfAWord) {
  for (const std::string& filler : {std::string("a"), std::string("\xC3\xBF"), std::string("!")}) {
    for (std::size_t before = 0; before < 24; ++before) {
      std::string text;
      for (std::size_t i = 0; i < before; ++i) {
        text += filler;
      }
      const std::string lead = text;
      text += '\n';
      std::string tail;
      for (int i = 0; i < 12; ++i) {
        tail += filler;
      }
      std::string out;
      append_string(text + tail, out);
      EXPECT_EQ(out, '"' + lead + "\\n" + tail + '"');
    }
  }
}

TEST(KeyOrder, ComparesUtf16UnitsAndNotBytes) {
  const std::string_view private_use = "\xEE\x80\x80";  // U+E000
  const std::string_view last_bmp = "\xEF\xBF\xBF";     // U+FFFF
  const std::string_view before = "\xED\x9F\xBF";       // U+D7FF
  const std::string_view astral = "\xF0\x90\x80\x80";   // U+10000
  const std::string_view last = "\xF4\x8F\xBF\xBF";     // U+10FFFF
  EXPECT_TRUE(key_less(astral, private_use));
  EXPECT_FALSE(key_less(private_use, astral));
  EXPECT_TRUE(key_less(last, last_bmp));
  EXPECT_FALSE(key_less(last_bmp, last));
  EXPECT_TRUE(key_less(before, astral));
  EXPECT_FALSE(key_less(astral, before));
  EXPECT_TRUE(key_less(astral, last));
  EXPECT_TRUE(key_less(private_use, last_bmp));
  EXPECT_TRUE(key_less("\xF0\x90\x80\x80", "\xF0\x90\x80\x81"));
  EXPECT_TRUE(key_less("", "a"));
  EXPECT_TRUE(key_less("a", "ab"));
  EXPECT_FALSE(key_less("ab", "a"));
  EXPECT_FALSE(key_less("ab", "ab"));
  EXPECT_TRUE(key_less("z", "\xC3\xA9"));
}

TEST(Canonical, SortsAstralKeysBeforePrivateUseOnesInsideAValue) {
  Object members;
  members["\xEE\x80\x80"] = 1;
  members["\xF0\x90\x80\x80"] = 2;
  EXPECT_EQ(canonical(Value(members)), "{\"\xF0\x90\x80\x80\":2,\"\xEE\x80\x80\":1}");
}

TEST(Pretty, IndentsByTwoAndKeepsEmptyContainersShort) {
  EXPECT_EQ(pretty(*parse(R"({"b":[1,{"c":null}],"a":{},"d":[]})")),
            "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n"
            "  \"d\": []\n}");
}

TEST(Value, FindsMembersOfObjectsOnly) {
  const Result<Value> value = parse(R"({"a":{"b":7},"c":[1]})");
  ASSERT_TRUE(value.ok());
  ASSERT_NE(value->find("a"), nullptr);
  EXPECT_EQ(*value->find("a")->find("b")->as_number(), 7);
  EXPECT_EQ(value->find("x"), nullptr);
  EXPECT_EQ(value->find("c")->find("b"), nullptr);
}

TEST(Value, GivesWholeNumbersUpToTwoToThe53Only) {
  EXPECT_EQ(Value(9007199254740992.0).as_uint(), std::uint64_t{1} << 53);
  EXPECT_EQ(Value(0.0).as_uint(), 0u);
  EXPECT_EQ(Value(-0.0).as_uint(), 0u);
  EXPECT_FALSE(Value(9007199254740994.0).as_uint());
  EXPECT_FALSE(Value(-1.0).as_uint());
  EXPECT_FALSE(Value(1.5).as_uint());
  EXPECT_FALSE(Value("7").as_uint());
  EXPECT_EQ(*Value(std::uint64_t{1} << 53).as_number(), 9007199254740992.0);
  EXPECT_EQ(*Value(-(std::int64_t{1} << 53)).as_number(), -9007199254740992.0);
}

TEST(Value, SaturatesAtTheLargestIntegerThatADoubleHoldsExactly) {
  EXPECT_EQ(canonical(Value((std::uint64_t{1} << 53) + 1)), "9007199254740992");
  EXPECT_EQ(canonical(Value(UINT64_MAX)), "9007199254740992");
  EXPECT_EQ(canonical(Value(-(std::int64_t{1} << 53) - 1)), "-9007199254740992");
  EXPECT_EQ(canonical(Value(INT64_MIN)), "-9007199254740992");
}

}  // namespace
}  // namespace fd::json
