#include "actors/sql/sql_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

/// Returns one letter for each token, with its text.
std::string tokens_of(std::string_view text) {
  static constexpr const char* kLetters = "wnsqc_();?";
  std::string out;
  SqlTokenizer tokens(text);
  std::size_t at = 0;
  while (const auto token = tokens.next()) {
    EXPECT_EQ(token->begin, at);
    EXPECT_GT(token->end, token->begin);
    at = token->end;
    out += kLetters[static_cast<std::size_t>(token->kind)];
    out += "[" + std::string(token_text(text, *token)) + (token->closed ? "]" : "!");
  }
  EXPECT_EQ(at, text.size());
  return out;
}

TEST(SqlText, CutsAsSqliteDoes) {
  EXPECT_EQ(tokens_of("a_1 b$"), "w[a_1]_[ ]w[b$]");
  EXPECT_EQ(tokens_of("1.5e-3-2"), "n[1.5e-3]?[-]n[2]");
  EXPECT_EQ(tokens_of("t.a .5"), "w[t]?[.]w[a]_[ ]n[.5]");
  EXPECT_EQ(tokens_of("'it''s'x"), "s['it''s']w[x]");
  EXPECT_EQ(tokens_of("\"a\"\"b\"`c`[d;e]"), "q[\"a\"\"b\"]q[`c`]q[[d;e]]");
  EXPECT_EQ(tokens_of("a--b;\nc"), "w[a]c[--b;]_[\n]w[c]");
  EXPECT_EQ(tokens_of("a/*;*/b"), "w[a]c[/*;*/]w[b]");
  EXPECT_EQ(tokens_of("(;)"), "([(];[;])[)]");
  EXPECT_EQ(tokens_of("\xC3\xA9"), "w[\xC3\xA9]");
  EXPECT_EQ(tokens_of(""), "");
}

TEST(SqlText, SaysWhatIsNotClosed) {
  EXPECT_EQ(tokens_of("'a"), "s['a!");
  EXPECT_EQ(tokens_of("\"a"), "q[\"a!");
  EXPECT_EQ(tokens_of("[a"), "q[[a!");
  EXPECT_EQ(tokens_of("/*a"), "c[/*a!");
  EXPECT_EQ(tokens_of("/*/"), "c[/*/!");
  EXPECT_EQ(tokens_of("--a"), "c[--a]");
}

TEST(SqlText, BlankIsWhatSaysNothing) {
  for (const char* blank : {"", " \n", ";", "; ;", "-- x", "/* x */;", "-- x\n;"}) {
    EXPECT_TRUE(is_blank_sql(blank)) << blank;
  }
  for (const char* said : {"x", "-- x\ny", "';'", ";1"}) {
    EXPECT_FALSE(is_blank_sql(said)) << said;
  }
}

TEST(SqlText, TrimsOnlyTheEnds) {
  EXPECT_EQ(trim_sql(" a; b ; \n;"), "a; b");
  EXPECT_EQ(trim_sql(";a"), ";a");
  EXPECT_EQ(trim_sql(" ; "), "");
}

}  // namespace
}  // namespace fd
