#include <bit>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"
#include "tests/protocol/json/random.hpp"

namespace fd::json {
namespace {

constexpr int kDocuments = 4000;

TEST(JsonProperty, CanonicalFormIsAFixedPoint) {
  RandomJson random(1);
  for (int i = 0; i < kDocuments; ++i) {
    const Value value = random.value(5);
    const std::string text = canonical(value);
    const Result<Value> again = parse_canonical(text);
    ASSERT_TRUE(again.ok()) << text << ": " << again.error().message;
    ASSERT_EQ(*again, value) << text;
    ASSERT_EQ(canonical(*again), text);
  }
}

TEST(JsonProperty, OrderOfKeysBlanksAndEscapesOfTheInputDoNotMatter) {
  RandomJson random(2);
  for (int i = 0; i < kDocuments; ++i) {
    const Value value = random.value(5);
    const std::string expected = canonical(value);
    for (int way = 0; way < 3; ++way) {
      const std::string text = random.text(value);
      const Result<Value> parsed = parse(text);
      ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().message;
      ASSERT_EQ(canonical(*parsed), expected) << text;
    }
  }
}

TEST(JsonProperty, PrettyTextIsTheSameDocument) {
  RandomJson random(3);
  for (int i = 0; i < kDocuments / 4; ++i) {
    const Value value = random.value(4);
    const Result<Value> again = parse_canonical(pretty(value));
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(*again, value);
  }
}

TEST(JsonProperty, L04EveryDoubleSurvivesBitForBit) {
  RandomJson random(4);
  std::string text;
  for (int i = 0; i < 250'000; ++i) {
    const double number = random.number();
    text.clear();
    append_number(number, text);
    const Result<Value> value = parse_canonical(text);
    ASSERT_TRUE(value.ok()) << text << ": " << value.error().message;
    const std::uint64_t expected = number == 0 ? 0 : std::bit_cast<std::uint64_t>(number);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*value->as_number()), expected) << text;
  }
}

TEST(JsonProperty, RowParserAgreesWithParse) {
  RandomJson random(5);
  RowParser parser;
  for (int i = 0; i < kDocuments; ++i) {
    const Value value = random.object(4, 12);
    const std::string text = random.text(value);
    const Result<void> parsed = parser.parse(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().message;
    std::string row;
    parser.append_row(row);
    ASSERT_EQ(row, canonical(value)) << text;
    ASSERT_EQ(parser.keys().size(), value.as_object()->size());
    for (const auto& [key, member] : *value.as_object()) {
      std::string out;
      parser.append_member(key, out);
      ASSERT_EQ(out, canonical(member));
      ASSERT_EQ(parser.member(key) == RowParser::Member::null, member.is_null());
      ASSERT_EQ(parser.string(key).has_value(), member.as_string() != nullptr);
    }
  }
}

/// Returns the first fault of a row's members, or nothing.
std::string first_fault(const RowParser& row) {
  for (const std::string_view key : row.keys()) {
    if (!row.fault(key).empty()) {
      return std::string(row.fault(key));
    }
  }
  return "";
}

/// Returns whether a row is not refused for this alone.
bool tolerable(const std::string& why) {
  return why.starts_with("invalid UTF-8") || why.starts_with("duplicate key") ||
         why.starts_with("lone surrogate") || why.starts_with("integer ") ||
         (why.starts_with("number ") && why.find("too large") != std::string::npos);
}

// Bytes changed at random make nearly valid texts: both ways in must refuse the same ones, the row
// parser some only where they are used, and make the same of the others.
TEST(JsonProperty, RowParserAndParseAgreeOnDamagedText) {
  RandomJson random(6);
  RowParser parser;
  int refused = 0;
  int accepted = 0;
  int faults = 0;
  for (int i = 0; i < 4 * kDocuments; ++i) {
    std::string text = random.text(random.object(3, 6));
    const std::string_view bytes("\"\\{}[]:,0919.eE+-tfnul \n\x01\x80\xC3\xED\xF0\xFF", 31);
    for (std::size_t damage = 1 + random.below(2); damage > 0; --damage) {
      const std::size_t at = random.below(text.size());
      switch (random.below(3)) {
        case 0:
          text[at] = bytes[random.below(bytes.size())];
          break;
        case 1:
          text.insert(at, 1, bytes[random.below(bytes.size())]);
          break;
        default:
          text.erase(at, 1);
          text += text.empty() ? "x" : "";
      }
    }
    const Result<Value> value = parse(text);
    const Result<void> row = parser.parse(text);
    if (value.ok() && value->as_object() != nullptr) {
      ++accepted;
      ASSERT_TRUE(row.ok()) << text << ": " << row.error().message;
      ASSERT_EQ(first_fault(parser), "") << text;
      std::string out;
      parser.append_row(out);
      ASSERT_EQ(out, canonical(*value)) << text;
    } else {
      ++refused;
      faults += row.ok() ? 1 : 0;
      const std::string why = value.ok() ? "not a JSON object" : value.error().message;
      const std::string fault = first_fault(parser);
      // Behind what only its field minds there may be more, which the row is refused for.
      ASSERT_TRUE(row.ok() ? !fault.empty() : row.error().message == why || tolerable(why))
          << text << ": " << why;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(accepted, 500);
  EXPECT_GT(faults, 100);
}

}  // namespace
}  // namespace fd::json
