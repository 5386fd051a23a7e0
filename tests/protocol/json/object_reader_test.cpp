#include "protocol/json/object_reader.hpp"

#include <gtest/gtest.h>

namespace fd::json {
namespace {

const Value& sample() {
  static const Value value =
      Object{{"text", "a"},           {"whole", 4294967295.0},       {"large", 4294967296.0},
             {"null", nullptr},       {"digest", sha256("x").hex()}, {"list", Array{"a", "b"}},
             {"wholes", Array{1, 2}}, {"counts", Object{{"a", 1}}}};
  return value;
}

TEST(ObjectReader, ReturnsWhatTheObjectHas) {
  ObjectReader reader(sample(), "it");
  EXPECT_EQ(reader.text("text"), "a");
  EXPECT_EQ(reader.whole<std::uint32_t>("whole"), 4294967295u);
  EXPECT_EQ(reader.whole("large"), 4294967296u);
  EXPECT_EQ(reader.digest("digest"), sha256("x"));
  EXPECT_EQ(reader.digest_or_null("digest"), sha256("x"));
  EXPECT_EQ(reader.digest_or_null("null"), std::nullopt);
  EXPECT_EQ(reader.texts("list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader.wholes("wholes"), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(reader.counts("counts"), (std::map<std::string, std::uint64_t>{{"a", 1}}));
  EXPECT_TRUE(reader.ok().ok());
}

TEST(ObjectReader, NamesTheMemberThatIsWrong) {
  const auto error_of = [](auto read) {
    ObjectReader reader(sample(), "w");
    read(reader);
    EXPECT_FALSE(reader.ok().ok());
    EXPECT_EQ(reader.ok().error().code, Errc::corrupt);
    return reader.ok().error().message;
  };
  using Reader = ObjectReader;
  EXPECT_EQ(error_of([](Reader& r) { r.text("no"); }), "w: no is missing");
  EXPECT_EQ(error_of([](Reader& r) { r.text("whole"); }), "w: whole is no text");
  EXPECT_EQ(error_of([](Reader& r) { r.whole("text"); }), "w: text is no whole number");
  EXPECT_EQ(error_of([](Reader& r) { r.whole<std::uint32_t>("large"); }),
            "w: large is out of range");
  EXPECT_EQ(error_of([](Reader& r) { r.digest("text"); }), "w: text is no digest");
  EXPECT_EQ(error_of([](Reader& r) { r.list("text"); }), "w: text is no list");
  EXPECT_EQ(error_of([](Reader& r) { r.texts("wholes"); }),
            "w: wholes has an item that is no text");
  EXPECT_EQ(error_of([](Reader& r) { r.wholes("list"); }), "w: list has an item out of range");
  EXPECT_EQ(error_of([](Reader& r) { r.counts("list"); }), "w: list is no object");
}

TEST(ObjectReader, KeepsTheFirstErrorAndReturnsNothingFromThenOn) {
  ObjectReader reader(sample(), "w");
  EXPECT_EQ(reader.text("no"), "");
  EXPECT_EQ(reader.text("text"), "");
  EXPECT_EQ(reader.whole("large"), 0u);
  EXPECT_TRUE(reader.list("list").empty());
  EXPECT_TRUE(reader.counts("counts").empty());
  reader.fail("text", "is wrong");
  EXPECT_EQ(reader.ok().error().message, "w: no is missing");
  EXPECT_EQ(ObjectReader(Array{}, "w").ok().error().message, "w: it is no object");
}

}  // namespace
}  // namespace fd::json
