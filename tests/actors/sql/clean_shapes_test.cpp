// Cleaning keeps the answer or refuses it, never makes another: every shape of an answer with every
// query.
//
// FD_SET=DIR takes the queries of DIR/samples.jsonl (member gold_sql) and DIR/*.sqlite as well, one
// database of them; skipped without.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"
#include "tests/actors/sql/answer_shapes.hpp"
#include "tests/actors/sql/clean_judge.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the helpers of these tests

constexpr const char* kSchema =
    "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city TEXT, note TEXT);"
    "CREATE TABLE orders(id, customer_id, amount);"
    "CREATE TABLE \u5BA2\u6237(\u59D3\u540D, \u57CE\u5E02);";

const std::vector<std::string>& queries() {
  static const std::vector<std::string> list = {
      "SELECT name FROM customer",
      "SELECT name FROM customer WHERE city = 'Lyon'",
      "SELECT c.name, COUNT(*) AS n\nFROM customer c\nJOIN orders o ON o.customer_id = c.id\n"
      "WHERE o.amount > 10\nGROUP BY c.name\nHAVING COUNT(*) > 1\nORDER BY n DESC\nLIMIT 3",
      "WITH big AS (\n  SELECT customer_id FROM orders WHERE amount > 100\n)\nSELECT name\n"
      "FROM customer\nWHERE id IN (SELECT customer_id FROM big)",
      "SELECT name FROM customer WHERE city = 'Lyon'\nUNION\nSELECT city FROM customer",
      "SELECT name FROM customer WHERE note = 'it''s; so' OR note LIKE '%(select a from b)%'",
      "SELECT \"name\", [city] FROM `customer` WHERE \"city\" <> 'Oslo'",
      "SELECT \u59D3\u540D FROM \u5BA2\u6237 WHERE \u57CE\u5E02 = '\u91CC\u6602'",
      "VALUES (1, 'a'), (2, 'b')",
  };
  return list;
}

/// How many faults a test names.
constexpr std::size_t kShown = 12;

struct Count {
  std::size_t one_query = 0;  ///< answers that hold one query
  std::size_t lost = 0;       ///< of these, where nobody can doubt where it ends
  std::size_t altered = 0;
};

/// Cleans `query` in every shape. The first texts that are another query fail the test by name.
void clean_in_every_shape(const std::string& query, CleanJudge& judge, Count& count) {
  static const std::vector<AnswerShape> shapes = answer_shapes();
  for (const AnswerShape& shape : shapes) {
    const Cleaned cleaned = clean_sql(answer_of(shape, query));
    const CleanVerdict verdict = judge.judge(cleaned, query);
    const bool several = shape.expected == Expected::refusal;
    count.one_query += several ? 0 : 1;
    count.lost += shape.expected == Expected::query && verdict == CleanVerdict::refused ? 1 : 0;
    const bool wrong =
        verdict == CleanVerdict::altered || (several && verdict == CleanVerdict::right);
    if (wrong && ++count.altered <= kShown) {
      ADD_FAILURE() << "shape: " << shape.form << "\nquery: " << query
                    << "\nkept: " << cleaned.text;
    }
  }
}

TEST(CleanShapes, KeepTheQueryOrRefuseIt) {
  EXPECT_GE(answer_shapes().size(), 500u);
  CleanJudge judge;
  ASSERT_TRUE(judge.does(kSchema));
  Count count;
  for (const std::string& query : queries()) {
    ASSERT_TRUE(judge.prepares(query)) << query;
    clean_in_every_shape(query, judge, count);
  }
  EXPECT_EQ(count.altered, 0u);
  EXPECT_LE(count.lost * 100, count.one_query * 3);
  RecordProperty("answers", static_cast<int>(answer_shapes().size() * queries().size()));
  RecordProperty("lost", static_cast<int>(count.lost));
}

TEST(CleanShapes, KeepTheGoldQueriesOfASet) {
  const char* folder = std::getenv("FD_SET");
  if (folder == nullptr) {
    GTEST_SKIP() << "set FD_SET=DIR: a folder with samples.jsonl and a database";
  }
  std::string database;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    database = entry.path().extension() == ".sqlite" ? entry.path().string() : database;
  }
  CleanJudge judge(database);
  std::ifstream lines(std::string(folder) + "/samples.jsonl");
  Count count;
  std::size_t golds = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto row = json::parse(line);
    ASSERT_TRUE(row.ok()) << line;
    const std::string& gold = *row->find("gold_sql")->as_string();
    if (judge.prepares(gold)) {  // a few golds of published sets are broken
      clean_in_every_shape(std::string(trim_sql(gold)), judge, count);
      ++golds;
    }
  }
  EXPECT_GT(golds, 0u);
  EXPECT_EQ(count.altered, 0u);
  EXPECT_LE(count.lost * 100, count.one_query * 3);
  std::printf("%zu queries, %zu answers that hold one, %zu lost, %zu altered\n", golds,
              count.one_query, count.lost, count.altered);
}

}  // namespace
}  // namespace fd
