// Valid SQLite in any layout and wrapping comes through whole, or is refused.

#include <gtest/gtest.h>

#include "tests/actors/sql/answer_shapes.hpp"
#include "tests/actors/sql/clean_judge.hpp"
#include "tests/actors/sql/random_sql.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the helpers of these tests

/// Returns a statement that SQLite prepares.
std::string valid_statement(RandomSql& random, CleanJudge& judge) {
  while (true) {
    std::string sql = random.layout(random.query());
    if (judge.prepares(sql)) {
      return sql;
    }
  }
}

/// Returns whether `shape` puts something into the literals of `sql` that go over several lines.
bool breaks_literals(const AnswerShape& shape, const std::string& sql) {
  const bool prefixes =
      shape.form.find("{i}") != std::string::npos || shape.form.find("{...}") != std::string::npos;
  return prefixes && sql.find(RandomSql::kLongLiteral) != std::string::npos;
}

TEST(CleanProperty, AValidStatementComesThroughWholeOrIsRefused) {
  const std::vector<AnswerShape> shapes = answer_shapes();
  CleanJudge judge;
  ASSERT_TRUE(judge.does(RandomSql::schema()));
  std::size_t whole = 0;
  constexpr std::size_t kStatements = 4000;
  for (std::uint32_t seed = 1; seed <= kStatements; ++seed) {
    RandomSql random(seed);
    const std::string sql = valid_statement(random, judge);
    const AnswerShape alone{"{q}"};
    const AnswerShape& wrapped = shapes[random.below(shapes.size())];
    for (const AnswerShape* shape : {&alone, &wrapped}) {
      if (shape->expected != Expected::query || breaks_literals(*shape, sql)) {
        continue;
      }
      const Cleaned cleaned = clean_sql(answer_of(*shape, sql));
      const CleanVerdict verdict = judge.judge(cleaned, sql);
      EXPECT_NE(verdict, CleanVerdict::altered)
          << "seed " << seed << ", shape: " << shape->form << "\nstatement: " << sql
          << "\nkept: " << cleaned.text;
      whole += shape == &alone && verdict == CleanVerdict::right ? 1 : 0;
    }
  }
  // An alias that stands alone on the last line, and is used nowhere, is the usual reason.
  EXPECT_GE(whole * 100, kStatements * 85);
}

}  // namespace
}  // namespace fd
