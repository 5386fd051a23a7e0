#include "actors/config/yaml_reader.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

/// Returns the first problem of `text` as "line:column: what", or "".
std::string problem(std::string_view text) {
  const YamlDocument document = read_yaml(text, 0);
  if (document.problems.empty()) {
    return "";
  }
  const YamlProblem& first = document.problems.front();
  return std::to_string(first.place.line) + ":" + std::to_string(first.place.column) + ": " +
         first.what;
}

TEST(YamlReader, KeepsPlacesOfKeysAndValues) {
  const YamlDocument document = read_yaml("a: 1\nb:\n  c: [x, 'y']\n", 7);
  ASSERT_TRUE(document.problems.empty());
  ASSERT_EQ(document.root.members.size(), 2u);
  const YamlMember& b = document.root.members[1];
  EXPECT_EQ(b.key, "b");
  EXPECT_EQ(b.place, (YamlPlace{7, 2, 1}));
  const YamlNode* c = b.value.find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->place, (YamlPlace{7, 3, 6}));
  ASSERT_EQ(c->items.size(), 2u);
  EXPECT_EQ(c->items[1].place, (YamlPlace{7, 3, 10}));
  EXPECT_FALSE(c->items[0].quoted);
  EXPECT_TRUE(c->items[1].quoted);
  EXPECT_EQ(c->items[1].text, "y");
}

TEST(YamlReader, PlacesAnAbsentValueAtItsKey) {
  const YamlDocument document = read_yaml("a: 1\nb:\n\n\nc: 2\n", 0);
  ASSERT_TRUE(document.problems.empty());
  const YamlNode* b = document.root.find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->kind, YamlNode::Kind::nothing);
  EXPECT_EQ(b->place, (YamlPlace{0, 2, 1}));
}

TEST(YamlReader, ReadsBlocksAndWindowsLineEnds) {
  const YamlDocument document = read_yaml("a: |\r\n  x\r\n  y\r\nb: >-\r\n  1\r\n  2\r\n", 0);
  ASSERT_TRUE(document.problems.empty());
  EXPECT_EQ(document.root.find("a")->text, "x\ny\n");
  EXPECT_EQ(document.root.find("b")->text, "1 2");
  EXPECT_TRUE(document.root.find("b")->quoted);
}

TEST(YamlReader, GivesNothingForATextWithoutContent) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n"}) {
    const YamlDocument document = read_yaml(text, 0);
    EXPECT_TRUE(document.problems.empty()) << text;
    EXPECT_EQ(document.root.kind, YamlNode::Kind::nothing) << text;
  }
}

TEST(YamlReader, RefusesWhatHasSurprises) {
  EXPECT_EQ(problem("a: &x 1\n"), "1:4: anchors (&name) are not allowed");
  EXPECT_EQ(problem("a: &x {b: 1}\n"), "1:4: anchors (&name) are not allowed");
  EXPECT_EQ(problem("a: !!str 1\n"), "1:4: tags (!name) are not allowed");
  EXPECT_EQ(problem("a: !x [1]\n"), "1:4: tags (!name) are not allowed");
  EXPECT_EQ(problem("a: 1\n---\nb: 2\n"), "2:1: a second document (---) is not allowed");
  EXPECT_EQ(problem("a: 1\nb: 2\na: 3\n"), "3:1: key 'a' is given twice, first in line 1");
  EXPECT_EQ(problem("a: {{x}}\n"),
            "1:5: a key must be text; text that begins with { or [ needs quotes");
}

TEST(YamlReader, CountsAliasesWithoutExpandingThem) {
  std::string text = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
  }
  const YamlDocument document = read_yaml(text, 0);
  EXPECT_EQ(document.problems.size(), 40u + 2 * 39u);
}

TEST(YamlReader, RefusesBytesThatYamlWouldGuessAbout) {
  EXPECT_EQ(problem("a: \xff\n"), "0:0: is not valid UTF-8");
  EXPECT_EQ(problem(std::string_view("a: 1\n\x04z: 2\n", 11)),
            "2:1: control character 4 is not allowed");
  EXPECT_EQ(problem(std::string_view("a\0:\0", 4)), "1:2: control character 0 is not allowed");
  EXPECT_EQ(problem("\xef\xbb\xbf"
                    "a: 1\n"),
            "");
}

TEST(YamlReader, RefusesSyntaxErrorsWithTheirPlace) {
  EXPECT_EQ(problem("a: 1\nb: {c: 1\n"), "3:1: is not valid YAML: end of map flow not found");
  EXPECT_EQ(problem("a: \"\\ud800\"\n"), "1:11: is not valid YAML: invalid unicode: 55296");
}

TEST(YamlReader, NamesIndentationThatOnlyLooksLikeBlanks) {
  EXPECT_EQ(problem("a:\n  b: 1\n\tc: 2\n"),
            "3:1: is indented by a tab; YAML takes plain blanks only");
  EXPECT_EQ(problem("a:\n  b: 1\n \tc: 2\n"),
            "3:2: is indented by a tab; YAML takes plain blanks only");
  EXPECT_EQ(problem("a:\n\u00a0\u00a0b: 1\n  c: |\n    d\n"),
            "2:1: is indented by a blank of another kind (\\xa0); YAML takes plain blanks only");
  EXPECT_EQ(problem("a:\n\u3000b: 1\n  c: |\n    d\n"),
            "2:1: is indented by a blank of another kind (\\u3000); YAML takes plain blanks only");
  EXPECT_EQ(problem("a: |\n  x\n  \ty\n  \u00a0z\n"), "") << "a text may have them";
}

TEST(YamlReader, LimitsBytes) {
  std::string text = "a: 1\n#";
  text.resize(kMaxYamlBytes, 'x');
  EXPECT_EQ(problem(text), "");
  EXPECT_EQ(problem(text + "x"), "0:0: is larger than 1048576 bytes");
}

TEST(YamlReader, LimitsDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_EQ(problem(nested(kMaxYamlDepth)), "");
  EXPECT_EQ(problem(nested(kMaxYamlDepth + 1)), "1:33: nested deeper than 32 levels");
  EXPECT_NE(problem(std::string(kMaxYamlBytes, '[')), "");
  EXPECT_NE(problem(std::string(kMaxYamlBytes, '{')), "");
}

TEST(YamlReader, LimitsNodes) {
  const auto list = [](std::size_t items) {
    std::string text = "[";
    for (std::size_t i = 0; i < items; ++i) {
      text += "1,";
    }
    return text + "]";
  };
  EXPECT_EQ(problem(list(kMaxYamlNodes - 1)), "");  // the list is a value too
  EXPECT_EQ(problem(list(kMaxYamlNodes)), "1:1: more than 100000 values");
}

}  // namespace
}  // namespace fd
