#include "actors/sandbox/result_compare.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/sandbox/row_encoding.hpp"
#include "protocol/base/digest.hpp"

namespace fd {
namespace {

SqlResult rows(std::vector<std::string> list, std::uint32_t columns = 1) {
  SqlResult result;
  result.status = ExecStatus::ok;
  result.rows = std::move(list);
  result.columns = columns;
  return result;
}

constexpr const char* kUnordered = "SELECT a FROM t";
constexpr const char* kOrdered = "SELECT a FROM t ORDER BY a";

TEST(ResultCompare, OrderCountsOnlyWhereTheGoldAsksForIt) {
  const SqlResult gold = rows({"I1;", "I2;"});
  const SqlResult turned = rows({"I2;", "I1;"});
  EXPECT_TRUE(results_match(gold, kUnordered, turned, MatchMode::automatic));
  EXPECT_FALSE(results_match(gold, kOrdered, turned, MatchMode::automatic));
  EXPECT_TRUE(results_match(gold, kOrdered, gold, MatchMode::automatic));
  EXPECT_TRUE(results_match(gold, kOrdered, turned, MatchMode::multiset));
  EXPECT_FALSE(results_match(gold, kUnordered, turned, MatchMode::ordered));
}

TEST(ResultCompare, DuplicatesCount) {
  EXPECT_FALSE(results_match(rows({"I1;", "I1;", "I2;"}), kUnordered, rows({"I1;", "I2;", "I2;"}),
                             MatchMode::automatic));
  EXPECT_FALSE(
      results_match(rows({"I1;", "I1;"}), kUnordered, rows({"I1;"}), MatchMode::automatic));
  EXPECT_TRUE(results_match(rows({"I1;", "I2;", "I1;"}), kUnordered, rows({"I1;", "I1;", "I2;"}),
                            MatchMode::automatic));
}

TEST(ResultCompare, ColumnCountsMustAgreeEvenWithoutRows) {
  EXPECT_FALSE(results_match(rows({}, 1), kUnordered, rows({}, 2), MatchMode::automatic));
  EXPECT_TRUE(results_match(rows({}, 2), kUnordered, rows({}, 2), MatchMode::automatic));
}

TEST(ResultCompare, SortKeysThatLookAlikeStayApart) {
  EXPECT_FALSE(results_match(rows({"I1;"}), kUnordered, rows({"T1:1"}), MatchMode::multiset));
  EXPECT_FALSE(results_match(rows({"N"}), kUnordered, rows({"T4:None"}), MatchMode::multiset));
  EXPECT_TRUE(
      results_match(rows({"I1;", "T1:1"}), kUnordered, rows({"T1:1", "I1;"}), MatchMode::multiset));
}

TEST(ResultCompare, FindsOnlyATopLevelOrderBy) {
  for (const char* sql :
       {"SELECT a FROM t ORDER BY a", "select a from t order\n by a",
        "SELECT a FROM t order/**/by a", "SELECT a FROM (SELECT 1) ORDER BY a LIMIT 1",
        "SELECT 1 UNION SELECT 2 ORDER BY 1",
        "WITH c AS (SELECT 1 ORDER BY 1) SELECT * FROM c ORDER BY 1", "SELECT 'x' ORDER BY 1;"}) {
    EXPECT_TRUE(has_top_level_order_by(sql)) << sql;
  }
  for (const char* sql :
       {"", "SELECT a FROM t", "SELECT a FROM (SELECT a FROM t ORDER BY a)",
        "SELECT row_number() OVER (ORDER BY a) FROM t",
        "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY a)",
        "WITH c AS (SELECT 1 ORDER BY 1) SELECT * FROM c", "SELECT 'ORDER BY a' FROM t",
        "SELECT a FROM t -- ORDER BY a", "SELECT a FROM t /* ORDER BY a */",
        "SELECT \"order\" by FROM t", "SELECT a FROM [order by]", "SELECT reorder by FROM t",
        "SELECT a FROM t WHERE b IN (SELECT b FROM u ORDER BY c LIMIT 1)"}) {
    EXPECT_FALSE(has_top_level_order_by(sql)) << sql;
  }
}

TEST(ResultCompare, SignaturesDoNotDependOnTheOrder) {
  EXPECT_EQ(result_signature(rows({"I1;", "I2;"})), result_signature(rows({"I2;", "I1;"})));
  EXPECT_NE(result_signature(rows({"I1;"})), result_signature(rows({"I1;", "I1;"})));
  EXPECT_NE(result_signature(rows({"I1;"})), result_signature(rows({"T1:1"})));
  EXPECT_NE(result_signature(rows({}, 1)), result_signature(rows({}, 2)));
  EXPECT_NE(result_signature(rows({"I1;I2;"}, 2)), result_signature(rows({"I1;", "I2;"}, 1)));
}

TEST(ResultCompare, SignatureIsThatOfTheWorkedExample) {
  // The example of docs/sql.md.
  const SqlResult result = rows({"I3;T5:ChloeR2.55000000000e+01;", "I2;T3:BobN"}, 3);
  EXPECT_EQ(result_signature(result),
            sha256("3 2\nI2;T3:BobN\nI3;T5:ChloeR2.55000000000e+01;\n").hex());
  EXPECT_EQ(result_signature(result),
            "19503acbb239d056a74a5c8154e06e333ee6e47825578453360fc133ddf3dd96");
  std::ifstream in(FD_SOURCE_DIR "/docs/sql.md");
  const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_NE(page.find("\n" + result_signature(result) + "  -\n"), std::string::npos);
}

std::string real(double value) {
  std::string row;
  append_sql_real(value, row);
  return row;
}

TEST(RowEncoding, BothSidesOfEachBoundary) {
  EXPECT_EQ(real(9007199254740992.0), "I9007199254740992;");
  EXPECT_EQ(real(-9007199254740992.0), "I-9007199254740992;");
  EXPECT_EQ(real(9007199254740994.0), "R9.00719925474e+15;");
  EXPECT_EQ(real(-0.0), "I0;");
  EXPECT_EQ(real(5e-324), "R4.94065645841e-324;");
  EXPECT_EQ(real(0.9999999999996), "I1;");
  EXPECT_EQ(real(0.999999999999), "R9.99999999999e-01;");
}

}  // namespace
}  // namespace fd
