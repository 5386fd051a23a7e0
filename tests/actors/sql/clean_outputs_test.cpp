// FD_OUTPUTS=FILE judges what models have written. Each line of FILE is
//   {"output": "the whole answer", "query": "the query in it, or null for none that is to be kept"}
// and the test fails where cleaning keeps another text than the query, or loses more than 3 % of
// the queries. "query" may be missing: then only what was kept is counted. Skipped without
// FD_OUTPUTS.

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"
#include "tests/actors/sql/clean_judge.hpp"

namespace fd {
namespace {

TEST(CleanOutputs, OfModelsAreKeptOrRefused) {
  const char* file = std::getenv("FD_OUTPUTS");
  if (file == nullptr) {
    GTEST_SKIP() << "set FD_OUTPUTS=FILE: lines of {\"output\", \"query\"}";
  }
  std::ifstream lines(file);
  ASSERT_TRUE(lines.is_open()) << file;
  std::size_t number = 0;
  std::size_t kept = 0;
  std::size_t queries = 0;
  std::size_t lost = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto row = json::parse(line);
    ASSERT_TRUE(row.ok() && row->find("output") != nullptr) << file << ":" << number;
    const Cleaned cleaned = clean_sql(*row->find("output")->as_string());
    kept += cleaned.text.empty() ? 0 : 1;
    const json::Value* query = row->find("query");
    if (query == nullptr) {
      continue;
    }
    if (query->as_string() == nullptr) {
      EXPECT_EQ(cleaned.text, "") << file << ":" << number;
      continue;
    }
    ++queries;
    lost += cleaned.text.empty() ? 1 : 0;
    if (!cleaned.text.empty()) {
      using testing_support::CleanJudge;
      EXPECT_EQ(CleanJudge::tokens_of(cleaned.text), CleanJudge::tokens_of(*query->as_string()))
          << file << ":" << number << ": " << cleaned.text;
    }
  }
  EXPECT_LE(lost * 100, queries * 3);
  std::printf("%zu outputs, %zu kept; of %zu queries %zu lost\n", number, kept, queries, lost);
}

}  // namespace
}  // namespace fd
