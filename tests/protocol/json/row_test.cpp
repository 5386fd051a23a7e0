#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"

namespace fd::json {
namespace {

std::string member_text(const RowParser& parser, std::string_view key) {
  std::string out;
  parser.append_member(key, out);
  return out;
}

TEST(RowParser, TellsMissingNullAndPresentApart) {
  RowParser parser;
  ASSERT_TRUE(parser.parse(R"({"a":null,"b":"text","c":0,"d":"","e":false})").ok());
  EXPECT_EQ(parser.member("a"), RowParser::Member::null);
  EXPECT_EQ(parser.member("b"), RowParser::Member::present);
  EXPECT_EQ(parser.member("c"), RowParser::Member::present);
  EXPECT_EQ(parser.member("d"), RowParser::Member::present);
  EXPECT_EQ(parser.member("e"), RowParser::Member::present);
  EXPECT_EQ(parser.member("f"), RowParser::Member::missing);
  EXPECT_EQ(parser.member(""), RowParser::Member::missing);
}

TEST(RowParser, GivesStringsUnescapedAndNothingElseAsAString) {
  RowParser parser;
  ASSERT_TRUE(parser.parse(R"({"s":"a\n\u00e9","n":1,"o":{"s":"x"},"z":null})").ok());
  EXPECT_EQ(parser.string("s"), "a\n\xC3\xA9");
  EXPECT_FALSE(parser.string("n"));
  EXPECT_FALSE(parser.string("o"));
  EXPECT_FALSE(parser.string("z"));
  EXPECT_FALSE(parser.string("x"));
  EXPECT_EQ(member_text(parser, "s"), "\"a\\n\xC3\xA9\"");
  EXPECT_EQ(member_text(parser, "o"), R"({"s":"x"})");
  EXPECT_EQ(member_text(parser, "z"), "null");
}

TEST(RowParser, ListsKeysInCanonicalOrder) {
  RowParser parser;
  ASSERT_TRUE(parser.parse("{\"\xEF\xAC\xB3\":1,\"b\":2,\"\xF0\x9F\x98\x80\":3,\"a\":4}").ok());
  const std::vector<std::string> keys(parser.keys().begin(), parser.keys().end());
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "\xF0\x9F\x98\x80", "\xEF\xAC\xB3"}));
}

TEST(RowParser, RefusesWhatIsNotOneObject) {
  RowParser parser;
  for (const char* line : {"[1]", "1", "\"a\"", "null", "18446744073709551616"}) {
    const Result<void> parsed = parser.parse(line);
    ASSERT_FALSE(parsed.ok()) << line;
    EXPECT_EQ(parsed.error().code, Errc::invalid_input);
    EXPECT_EQ(parsed.error().message, "not a JSON object");
  }
  EXPECT_EQ(parser.parse("").error().message, "unexpected end of the text at byte 0");
  EXPECT_EQ(parser.parse("{}{}").error().message, "text after the JSON value at byte 2");
}

TEST(RowParser, ReadsWholeNumbersOfMoreThan64BitsAndItsOtherMembers) {
  RowParser parser;
  ASSERT_TRUE(
      parser.parse(R"({"b":"te\"xt","a":10000000000000000000000,"n":null,"c":{"y":1,"x":2}})")
          .ok());
  std::string row;
  parser.append_row(row);
  EXPECT_EQ(row, R"({"a":1e+22,"b":"te\"xt","c":{"x":2,"y":1},"n":null})");
  EXPECT_EQ(parser.string("b"), "te\"xt");
  EXPECT_EQ(parser.member("n"), RowParser::Member::null);
  EXPECT_EQ(parser.keys().size(), 4u);
}

/// What is wrong with one member is that member's: the others are there as ever.
TEST(RowParser, GivesAFaultToAValueThatCannotBeKept) {
  struct Case {
    std::string value;
    std::string fault;
  };
  const std::vector<Case> cases{
      {"NaN", "NaN is no JSON number at byte 5"},
      {"[1,-Infinity]", "-Infinity is no JSON number at byte 8"},
      {"{\"y\":Infinity}", "Infinity is no JSON number at byte 10"},
      {"9007199254740993", "integer 9007199254740993 cannot be held exactly by a double at byte 5"},
      {"-1e999", "number -1e999 is too large for a double at byte 5"},
      {R"("\ud800A")", "lone surrogate at byte 6"},
      {R"("\ud800\n\udc00")", "lone surrogate at byte 6"},
      {"\"a\xff\"", "invalid UTF-8 at byte 7"},
      {R"({"k":1,"k":NaN})", "duplicate key \"k\" at byte 12"},
  };
  for (const Case& one : cases) {
    RowParser parser;
    const std::string line = "{\"x\":" + one.value + ",\"a\":[1, 2],\"b\":\"t\"}";
    ASSERT_TRUE(parser.parse(line).ok()) << line;
    EXPECT_EQ(parser.fault("x"), one.fault);
    EXPECT_EQ(parser.member("x"), RowParser::Member::present);
    EXPECT_EQ(parser.string("x"), std::nullopt);
    EXPECT_EQ(member_text(parser, "x"), one.value) << "as the line has it";
    EXPECT_EQ(parser.fault("a"), "");
    EXPECT_EQ(member_text(parser, "a"), "[1,2]");
    EXPECT_EQ(parser.fault("b"), "");
    EXPECT_EQ(parser.string("b"), "t");
  }
}

TEST(RowParser, GivesAFaultToAKeyThatComesTwice) {
  RowParser parser;
  ASSERT_TRUE(parser.parse(R"({"x":1,"b":2,"\u0078":3})").ok());
  EXPECT_EQ(parser.fault("x"), "duplicate key \"x\" at byte 13");
  EXPECT_EQ(parser.fault("b"), "");
  EXPECT_EQ(parser.fault("none"), "");
  EXPECT_EQ(parser.keys().size(), 2u);
}

TEST(RowParser, NamesAKeyOfBrokenBytesInUtf8) {
  RowParser parser;
  ASSERT_TRUE(parser.parse("{\"k\xff\":1}").ok());
  EXPECT_EQ(parser.keys()[0], "k\xEF\xBF\xBD");
  EXPECT_EQ(parser.fault("k\xEF\xBF\xBD"), "invalid UTF-8 at byte 3");
}

TEST(RowParser, RefusesWhatIsNoJsonWhereverItStands) {
  RowParser parser;
  for (const char* line : {R"({"x":nan,"a":1})", R"({"x":[1,"a":1})", R"({"x":01})",
                           R"({"x":"\q"})", "{\"x\":\"a\tb\"}", R"({"x":})", R"({"x":NaN)"}) {
    EXPECT_FALSE(parser.parse(line).ok()) << line;
  }
}

TEST(RowParser, HoldsNothingOfAnEarlierRow) {
  RowParser parser;
  ASSERT_TRUE(parser.parse(R"({"a":{"deep":[1,2]},"b":2})").ok());
  ASSERT_FALSE(parser.parse(R"({"a":1,"c":{"x":1)").ok());
  EXPECT_TRUE(parser.keys().empty());
  EXPECT_EQ(parser.member("a"), RowParser::Member::missing);
  ASSERT_TRUE(parser.parse(R"({"c":3})").ok());
  std::string row;
  parser.append_row(row);
  EXPECT_EQ(row, R"({"c":3})");
  ASSERT_TRUE(parser.parse("{}").ok());
  row.clear();
  parser.append_row(row);
  EXPECT_EQ(row, "{}");
}

// Rows of rising and falling length: the padded buffer and simdjson's own must follow.
TEST(RowParser, ReadsRowsOfAnyLengthOneAfterTheOther) {
  RowParser parser;
  for (const std::size_t length : {0u, 1u, 63u, 64u, 65u, 5000u, 10u, 200'000u, 3u, 1'000'000u}) {
    const std::string text(length, 'x');
    ASSERT_TRUE(parser.parse("{\"k\":\"" + text + "\",\"l\":[1]}").ok()) << length;
    EXPECT_EQ(parser.string("k"), text);
    EXPECT_EQ(member_text(parser, "l"), "[1]");
  }
}

TEST(RowParser, KeepsItsRowWhenMoved) {
  RowParser first;
  ASSERT_TRUE(first.parse(R"({"a":"b"})").ok());
  RowParser second = std::move(first);
  EXPECT_EQ(second.string("a"), "b");
}

TEST(RowParserDeathTest, StopsWhenAMemberThatIsNotThereIsAskedFor) {
  RowParser parser;
  ASSERT_TRUE(parser.parse(R"({"a":1})").ok());
  std::string out;
  EXPECT_EXIT(parser.append_member("b", out), testing::ExitedWithCode(70), "internal error");
}

TEST(Utf8, AcceptsExactlyWhatUnicodeCallsWellFormed) {
  for (const char* good : {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF", "a long run of ASCII and then \xE2\x82\xAC"}) {
    EXPECT_TRUE(valid_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "a long run of ASCII and then \xFF"}) {
    EXPECT_FALSE(valid_utf8(bad)) << bad;
    const std::string padded = std::string(16, 'a') + bad + std::string(16, 'b');
    EXPECT_FALSE(valid_utf8(padded)) << bad;
  }
}

// The Unicode Standard 15, section 3.9, tables 3-8 to 3-11.
TEST(Utf8, ReplacesEveryMaximalSubpartByOneCharacter) {
  const auto replaced = [](const std::string& marks) {
    std::string out;
    for (const char mark : marks) {
      out += mark == '?' ? std::string("\xEF\xBF\xBD") : std::string(1, mark);
    }
    return out;
  };
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), replaced("????????A"));
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), replaced("????????A"));
  EXPECT_EQ(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), replaced("?????A??B"));
  EXPECT_EQ(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), replaced("????A"));
  EXPECT_EQ(replace_invalid_utf8("fine \xE2\x82\xAC"), "fine \xE2\x82\xAC");
}

}  // namespace
}  // namespace fd::json
