#include <string>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"

namespace fd::json {
namespace {

using std::string_literals::operator""s;

std::string repeat(std::string_view part, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += part;
  }
  return out;
}

/// Returns why both ways in refuse `text`, or what they make of it.
std::string outcome(const std::string& text) {
  const Result<Value> value = parse(text);
  // As a row's member, so that it is an object; the row parser must say the same as parse(), of the
  // row or of the member.
  const std::string row = "{\"row\":" + text + "}";
  const Result<Value> row_value = parse(row);
  RowParser parser;
  const Result<void> parsed = parser.parse(row);
  const std::string why(parsed.ok() ? parser.fault("row") : parsed.error().message);
  EXPECT_EQ(why, row_value.ok() ? "" : row_value.error().message) << text;
  EXPECT_EQ(parsed.ok() ? Errc::invalid_input : parsed.error().code, Errc::invalid_input);
  if (!value.ok()) {
    EXPECT_EQ(value.error().code, Errc::invalid_input);
    return value.error().message;
  }
  if (parsed.ok()) {
    std::string member;
    parser.append_member("row", member);
    EXPECT_EQ(member, canonical(*value));
  }
  return canonical(*value);
}

TEST(Parse, RefusesAKeyThatComesTwice) {
  EXPECT_EQ(outcome(R"({"a":1,"a":2})"), "duplicate key \"a\" at byte 7");
  EXPECT_EQ(outcome(R"({"a":1,"\u0061":2})"), "duplicate key \"a\" at byte 7");
  EXPECT_EQ(outcome(R"([{"b":{"z":1,"c":2,"z":3}}])"), "duplicate key \"z\" at byte 19");
  EXPECT_EQ(outcome(R"({"":1,"":2})"), "duplicate key \"\" at byte 6");
  EXPECT_EQ(outcome(R"({"a":1,"A":2,"b":{"a":1}})"), R"({"A":2,"a":1,"b":{"a":1}})");
}

TEST(Parse, ShortensALongKeyInItsMessage) {
  const std::string key(100, 'k');
  EXPECT_EQ(outcome("{\"" + key + "\":1,\"" + key + "\":2}"),
            "duplicate key \"" + key.substr(0, 64) + "\"... at byte 106");
}

TEST(Parse, RefusesInvalidUtf8) {
  EXPECT_EQ(outcome("\"a\xFF\""), "invalid UTF-8 at byte 2");
  EXPECT_EQ(outcome("\"\xC0\xAF\""), "invalid UTF-8 at byte 1");          // overlong
  EXPECT_EQ(outcome("\"ab\xED\xA0\x80\""), "invalid UTF-8 at byte 3");    // a surrogate
  EXPECT_EQ(outcome("\"\xF4\x90\x80\x80\""), "invalid UTF-8 at byte 1");  // above U+10FFFF
  EXPECT_EQ(outcome("\"\xE2\x82\""), "invalid UTF-8 at byte 1");          // cut short
  EXPECT_EQ(outcome("\"\xC3\xA9\x80\""), "invalid UTF-8 at byte 3");
  EXPECT_EQ(outcome("{\"\xFE\":1}"), "invalid UTF-8 at byte 2");
  EXPECT_EQ(outcome("\"\xED\x9F\xBF\xF4\x8F\xBF\xBF\""), "\"\xED\x9F\xBF\xF4\x8F\xBF\xBF\"");
}

TEST(Parse, RefusesLoneSurrogates) {
  EXPECT_EQ(outcome(R"("\ud800")"), "lone surrogate at byte 1");
  EXPECT_EQ(outcome(R"("ab\udc00")"), "lone surrogate at byte 3");
  EXPECT_EQ(outcome(R"("\ud800\ud800")"), "lone surrogate at byte 1");
  EXPECT_EQ(outcome(R"("\ud800x")"), "lone surrogate at byte 1");
  EXPECT_EQ(outcome(R"("\ud800\n")"), "lone surrogate at byte 1");
  EXPECT_EQ(outcome(R"({"\udfff":1})"), "lone surrogate at byte 2");
  EXPECT_EQ(outcome(R"("\ud83d\ude00\uDBFF\uDFFF")"), "\"\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\"");
}

TEST(Parse, RefusesIntegersThatADoubleCannotHold) {
  const auto refused = [](const std::string& digits) {
    return "integer " + digits + " cannot be held exactly by a double at byte 0";
  };
  EXPECT_EQ(outcome("9007199254740992"), "9007199254740992");
  EXPECT_EQ(outcome("9007199254740993"), refused("9007199254740993"));
  EXPECT_EQ(outcome("9007199254740994"), "9007199254740994");
  EXPECT_EQ(outcome("-9007199254740992"), "-9007199254740992");
  EXPECT_EQ(outcome("-9007199254740993"), refused("-9007199254740993"));
  EXPECT_EQ(outcome("-9007199254740994"), "-9007199254740994");
  EXPECT_EQ(outcome("18014398509481985"), refused("18014398509481985"));
  EXPECT_EQ(outcome("9223372036854775807"), refused("9223372036854775807"));
  EXPECT_EQ(outcome("-9223372036854775808"), "-9223372036854776000");
  EXPECT_EQ(outcome("-9223372036854775809"), refused("-9223372036854775809"));
  EXPECT_EQ(outcome("9223372036854775808"), "9223372036854776000");
  EXPECT_EQ(outcome("18446744073709549568"), "18446744073709550000");
  EXPECT_EQ(outcome("18446744073709549569"), refused("18446744073709549569"));
  EXPECT_EQ(outcome("18446744073709551615"), refused("18446744073709551615"));
}

TEST(Parse, TakesIntegersBeyond64BitsWhenTheyAreExact) {
  EXPECT_EQ(outcome("18446744073709551616"), "18446744073709552000");
  EXPECT_EQ(outcome("10000000000000000000000"), "1e+22");
  EXPECT_EQ(outcome("-10000000000000000000000"), "-1e+22");
  EXPECT_EQ(outcome("10000000000000000000001"),
            "integer 10000000000000000000001 cannot be held exactly by a double at byte 0");
  EXPECT_EQ(outcome("100000000000000000000000"),  // 1e23 as a whole number is not exact
            "integer 100000000000000000000000 cannot be held exactly by a double at byte 0");
  EXPECT_EQ(
      outcome("1" + std::string(308, '0')),
      "integer 1" + std::string(39, '0') + "... cannot be held exactly by a double at byte 0");
  EXPECT_EQ(outcome("1" + std::string(309, '0')),
            "number 1" + std::string(39, '0') + "... is too large for a double at byte 0");
}

TEST(Parse, AsksNoExactnessOfFractionsAndExponents) {
  EXPECT_EQ(outcome("9007199254740993.0"), "9007199254740992");
  EXPECT_EQ(outcome("1e23"), "1e+23");
  EXPECT_EQ(outcome("0.1"), "0.1");
  EXPECT_EQ(outcome("1.0"), "1");
  EXPECT_EQ(outcome("1e21"), "1e+21");
  EXPECT_EQ(outcome("1E+2"), "100");
}

TEST(Parse, WritesNegativeZeroAsZero) {
  EXPECT_EQ(outcome("-0"), "0");
  EXPECT_EQ(outcome("-0.0"), "0");
  EXPECT_EQ(outcome("-0e5"), "0");
}

TEST(Parse, RefusesWhatIsInfiniteAndRoundsWhatIsTinyToZero) {
  EXPECT_EQ(outcome("1e400"), "number 1e400 is too large for a double at byte 0");
  EXPECT_EQ(outcome("-1.5E+309"), "number -1.5E+309 is too large for a double at byte 0");
  EXPECT_EQ(outcome("1.7976931348623157e308"), "1.7976931348623157e+308");
  EXPECT_EQ(outcome("1.7976931348623159e308"),
            "number 1.7976931348623159e308 is too large for a double at byte 0");
  EXPECT_EQ(outcome("1e99999999999999999999"),
            "number 1e99999999999999999999 is too large for a double at byte 0");
  EXPECT_EQ(outcome("0e99999999999999999999"), "0");
  EXPECT_EQ(outcome("0.000e400"), "0");
  EXPECT_EQ(outcome("1e-400"), "0");
  EXPECT_EQ(outcome("-1e-400"), "0");
  EXPECT_EQ(outcome("1e-99999999999999999999"), "0");
  EXPECT_EQ(outcome("5e-324"), "5e-324");
  EXPECT_EQ(outcome("2.2250738585072011e-308"), "2.225073858507201e-308");
  EXPECT_EQ(outcome("0." + std::string(400, '0') + "1e401"), "1");
  EXPECT_EQ(outcome("1" + std::string(400, '0') + "e-400"), "1");
}

TEST(Parse, RefusesWordsThatAreNotJson) {
  for (const char* text : {"True", "nul", "undefined", "'a'", "+1", ".5"}) {
    EXPECT_EQ(outcome(text), "expected a value at byte 0") << text;
  }
  for (const std::string word : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_EQ(outcome(word), word + " is no JSON number at byte 0");
  }
  EXPECT_EQ(outcome("-Inf"), "expected a digit at byte 1");
}

TEST(Parse, RefusesMalformedNumbers) {
  EXPECT_EQ(outcome("01"), "number with a leading zero at byte 0");
  EXPECT_EQ(outcome("-007"), "number with a leading zero at byte 0");
  EXPECT_EQ(outcome("1."), "unexpected end of the text at byte 2");
  EXPECT_EQ(outcome("[1.]"), "expected a digit at byte 3");
  EXPECT_EQ(outcome("[1e]"), "expected a digit at byte 3");
  EXPECT_EQ(outcome("[1e+]"), "expected a digit at byte 4");
  EXPECT_EQ(outcome("[1e+-2]"), "expected a digit at byte 4");
  EXPECT_EQ(outcome("0x10"), "text after the JSON value at byte 1");
}

TEST(Parse, RefusesTrailingCommasAndGarbage) {
  EXPECT_EQ(outcome("[1,]"), "expected a value at byte 3");
  EXPECT_EQ(outcome("{\"a\":1,}"), "expected a key at byte 7");
  EXPECT_EQ(outcome("[1 2]"), "expected ',' or ']' at byte 3");
  EXPECT_EQ(outcome("{\"a\" 1}"), "expected ':' at byte 5");
  EXPECT_EQ(outcome("{\"a\":1 \"b\":2}"), "expected ',' or '}' at byte 7");
  EXPECT_EQ(outcome("{a:1}"), "expected a key at byte 1");
  EXPECT_EQ(outcome("{} {}"), "text after the JSON value at byte 3");
  EXPECT_EQ(outcome("1 // one"), "text after the JSON value at byte 2");
  EXPECT_EQ(outcome("1\0"s), "text after the JSON value at byte 1");
  EXPECT_EQ(outcome("\f1"), "expected a value at byte 0");
}

TEST(Parse, RefusesTextThatIsCutShort) {
  const std::string whole = R"({"a":[true,null,"x\u00e9\n",-1.5e3],"b":{}})";
  ASSERT_EQ(outcome(whole), "{\"a\":[true,null,\"x\xC3\xA9\\n\",-1500],\"b\":{}}");
  RowParser parser;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string text = whole.substr(0, length);
    const Result<Value> value = parse(text);
    ASSERT_FALSE(value.ok()) << text;
    const Result<void> row = parser.parse(text);
    ASSERT_FALSE(row.ok()) << text;
    EXPECT_EQ(row.error().message, value.error().message);
  }
  EXPECT_EQ(outcome("\"abc"), "unexpected end of the text at byte 4");
  EXPECT_EQ(parse("").error().message, "unexpected end of the text at byte 0");
  EXPECT_EQ(parse("  ").error().message, "unexpected end of the text at byte 2");
}

TEST(Parse, RefusesRawControlCharactersAndUnknownEscapes) {
  for (int byte = 0; byte < 0x20; ++byte) {
    EXPECT_EQ(outcome("\"a"s + static_cast<char>(byte) + "\""),
              "control character in a string at byte 2");
  }
  EXPECT_EQ(outcome("\"\x7F\""), "\"\x7F\"");
  EXPECT_EQ(outcome(R"("\x41")"), "unknown escape in a string at byte 1");
  EXPECT_EQ(outcome(R"("\u12g4")"), "\\u without four hexadecimal digits at byte 1");
  EXPECT_EQ(outcome(R"("\u-123")"), "\\u without four hexadecimal digits at byte 1");
  EXPECT_EQ(outcome(R"("\"\\\/\b\f\n\r\t\u00E9\u0000")"),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA9\\u0000\"");
}

TEST(Parse, RefusesAByteOrderMark) {
  EXPECT_EQ(parse("\xEF\xBB\xBF{}").error().message, "byte order mark at byte 0");
  EXPECT_EQ(outcome("[\xEF\xBB\xBF"s + "1]"), "expected a value at byte 1");
  RowParser parser;
  EXPECT_EQ(parser.parse("\xEF\xBB\xBF{}").error().message, "byte order mark at byte 0");
}

TEST(Parse, TakesTheDeepestNestingAndRefusesOneMore) {
  const auto nest = [](std::size_t depth) { return repeat("[", depth) + repeat("]", depth); };
  EXPECT_TRUE(parse(nest(kMaxDepth)).ok());
  EXPECT_EQ(parse(nest(kMaxDepth + 1)).error().message, "nested deeper than 128 at byte 128");
  EXPECT_EQ(parse(nest(100000)).error().message, "nested deeper than 128 at byte 128");
  const auto nest_objects = [](std::size_t depth) {
    return repeat("{\"a\":", depth) + "1" + repeat("}", depth);
  };
  RowParser parser;
  EXPECT_TRUE(parser.parse(nest_objects(kMaxDepth)).ok());
  EXPECT_EQ(parser.parse(nest_objects(kMaxDepth + 1)).error().message,
            "nested deeper than 128 at byte 640");
  EXPECT_FALSE(parser.parse(nest_objects(5000)).ok());
  EXPECT_TRUE(parser.parse("{\"a\":" + nest(kMaxDepth - 1) + "}").ok());
  EXPECT_EQ(parser.parse("{\"a\":" + nest(kMaxDepth) + "}").error().message,
            "nested deeper than 128 at byte 132");
}

TEST(Parse, TakesTheLongestTextAndRefusesOneByteMore) {
  std::string text = "{\"a\":\"" + std::string(kMaxTextBytes - 8, 'x') + "\"}";
  ASSERT_EQ(text.size(), kMaxTextBytes);
  RowParser parser;
  EXPECT_TRUE(parse(text).ok());
  EXPECT_TRUE(parser.parse(text).ok());
  EXPECT_EQ(parser.string("a")->size(), kMaxTextBytes - 8);
  text += ' ';
  const std::string message = "text of 67108865 bytes, more than the limit of 67108864";
  EXPECT_EQ(parse(text).error().message, message);
  EXPECT_EQ(parser.parse(text).error().message, message);
}

TEST(ParseCanonical, ReadsWholeNumbersThatOnlyTheCanonicalFormWrites) {
  const std::string text = "295147905179352830000";  // 2^68, which is ...825856
  EXPECT_EQ(parse(text).error().message,
            "integer 295147905179352830000 cannot be held exactly by a double at byte 0");
  const Result<Value> value = parse_canonical(text);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value->as_number(), 295147905179352825856.0);
  EXPECT_EQ(canonical(*value), text);
  EXPECT_EQ(parse_canonical("-72057594037927940").ok(), true);
}

TEST(ParseCanonical, RefusesWholeNumbersThatItNeverWrites) {
  for (const char* text : {"9007199254740993", "18446744073709551615", "295147905179352830001",
                           "10000000000000000000001", "72057594037927941"}) {
    const Result<Value> value = parse_canonical(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.error().message,
              "integer "s + text + " cannot be held exactly by a double at byte 0");
  }
  EXPECT_EQ(parse_canonical("{\"a\":1,\"a\":1}").error().message, "duplicate key \"a\" at byte 7");
}

}  // namespace
}  // namespace fd::json
