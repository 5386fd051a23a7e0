#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/simulator/answer_book.hpp"
#include "tests/simulator/hash.hpp"
#include "tests/simulator/substring_index.hpp"

namespace fd::simulator {
namespace {

std::string answer_of(const AnswerBook& book, std::string_view message,
                      std::uint64_t decision = 0) {
  std::string out;
  book.append_answer(message, decision, out);
  return out;
}

TEST(SubstringIndex, AgreesWithTryingEveryPattern) {
  // Method: patterns and texts over two letters, so that overlaps, prefixes and ties abound.
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::vector<std::string> patterns;
    for (std::uint64_t index = 0; index < 80; ++index) {
      const std::uint64_t draw = mix(seed, index);
      std::string pattern;
      for (std::uint64_t at = 0; at <= draw % 14; ++at) {
        pattern.push_back((mix(draw, at) & 1u) != 0 ? 'a' : 'b');
      }
      patterns.push_back(pattern);
    }
    const SubstringIndex index(patterns);
    for (std::uint64_t number = 0; number < 40; ++number) {
      std::string text;
      for (std::uint64_t at = 0; at < number; ++at) {
        text.push_back((mix(mix(seed, number), at) & 1u) != 0 ? 'a' : 'b');
      }
      std::optional<std::uint32_t> best;
      for (std::uint32_t each = 0; each < patterns.size(); ++each) {
        if (text.find(patterns[each]) != std::string::npos &&
            (!best || patterns[each].size() > patterns[*best].size())) {
          best = each;
        }
      }
      ASSERT_EQ(index.longest_in(text), best) << "seed " << seed << " text " << text;
    }
  }
}

TEST(SubstringIndex, FindsNothingWithoutPatternsOrText) {
  EXPECT_EQ(SubstringIndex().longest_in("anything at all"), std::nullopt);
  EXPECT_EQ(SubstringIndex({"pattern"}).longest_in(""), std::nullopt);
  EXPECT_EQ(SubstringIndex({"pattern of 21 letters"}).longest_in("pattern of 21 letter"),
            std::nullopt);
}

TEST(SubstringIndex, StaysGoodWhenMoved) {
  SubstringIndex index({"abc", "a longer pattern"});
  const SubstringIndex moved = std::move(index);
  EXPECT_EQ(moved.longest_in("xabcx"), 0u);
  EXPECT_EQ(moved.longest_in("abc a longer pattern"), 1u);
}

TEST(AnswerBook, GivesTheAnswerOfTheLongestText) {
  const AnswerBook book = AnswerBook::from_lines(
      {{"how many cities", "A"}, {"how many cities in texas", "B"}, {"texas", "C"}});
  EXPECT_EQ(answer_of(book, "Question: how many cities in texas\nSQL:"), "B");
  EXPECT_EQ(answer_of(book, "how many cities in ohio"), "A");
  EXPECT_EQ(answer_of(book, "texas!"), "C");
  EXPECT_EQ(answer_of(book, "ohio"), kUnknownAnswer);
  EXPECT_EQ(answer_of(AnswerBook(), "ohio"), kUnknownAnswer);
}

TEST(AnswerBook, TellsRowsWithOneQuestionApartByTheirSchema) {
  const AnswerBook book = AnswerBook::from_dataset({{"how many rows", "t(a)", "first"},
                                                    {"how many rows", "u(b)", "second"},
                                                    {"how many rows", "u(b); v(c)", "third"}},
                                                   {});
  EXPECT_EQ(answer_of(book, "Schema: t(a)\nhow many rows"), "first");
  EXPECT_EQ(answer_of(book, "Schema: u(b)\nhow many rows"), "second");
  EXPECT_EQ(answer_of(book, "Schema: u(b); v(c)\nhow many rows"), "third");
  EXPECT_EQ(answer_of(book, "how many rows"), "first");
}

/// A database in memory, to see whether an answer runs and what it returns.
class Database {
 public:
  Database() {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(":memory:", &raw), SQLITE_OK);
    handle_.reset(raw);
    EXPECT_TRUE(run("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (5)"));
  }

  /// Returns whether `sql` runs; `result` gets the first column of all rows.
  bool run(const std::string& sql, std::string* result = nullptr) {
    std::string ignored;
    return sqlite3_exec(
               handle_.get(), sql.c_str(),
               [](void* out, int, char** values, char**) {
                 static_cast<std::string*>(out)->append(values[0] != nullptr ? values[0] : "NULL");
                 return 0;
               },
               result != nullptr ? result : &ignored, nullptr) == SQLITE_OK;
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

const std::vector<DatasetRow> kRows = {
    {"what is the sum", "t(a)", "SELECT sum(a) FROM t;"},
    {"what is the highest", "t(a)", "SELECT max(a) FROM t"},
    {"what is the lowest", "t(a)", "SELECT min(a) FROM t -- low"},
    {"what is alone", "z(b)", "SELECT max(a) FROM t"}};

TEST(Mistakes, AreNoneAtRateZero) {
  const AnswerBook book = AnswerBook::from_dataset(kRows, {});
  for (std::uint64_t decision = 0; decision < 200; ++decision) {
    ASSERT_EQ(answer_of(book, "what is the sum", decision), kRows[0].gold);
  }
}

TEST(Mistakes, BrokenAnswersNeverRun) {
  const AnswerBook book = AnswerBook::from_dataset(kRows, {.wrong = 0, .fenced = 0, .broken = 1});
  Database database;
  for (const DatasetRow& row : kRows) {
    for (std::uint64_t decision = 0; decision < 50; ++decision) {
      const std::string sql = answer_of(book, row.question, decision);
      ASSERT_FALSE(database.run(sql)) << sql;
    }
  }
}

TEST(Mistakes, WrongAnswersRunAndReturnSomethingElse) {
  const AnswerBook book = AnswerBook::from_dataset(kRows, {.wrong = 1, .fenced = 0, .broken = 0});
  Database database;
  for (const DatasetRow& row : kRows) {
    std::string right;
    ASSERT_TRUE(database.run(row.gold, &right));
    for (std::uint64_t decision = 0; decision < 50; ++decision) {
      std::string given;
      const std::string sql = answer_of(book, row.question, decision);
      ASSERT_TRUE(database.run(sql, &given)) << sql;
      EXPECT_NE(given, right) << sql;
    }
  }
}

TEST(Mistakes, FencedAnswersHoldTheQueryInTheLastFence) {
  const AnswerBook book = AnswerBook::from_dataset(kRows, {.wrong = 0, .fenced = 1, .broken = 0});
  int thoughts = 0;
  for (std::uint64_t decision = 0; decision < 200; ++decision) {
    const std::string text = answer_of(book, "what is the sum", decision);
    ASSERT_TRUE(text.ends_with("\n```")) << text;
    const std::size_t fence = text.rfind("```sql\n");
    ASSERT_NE(fence, std::string::npos);
    EXPECT_EQ(text.substr(fence + 7, text.size() - fence - 11), kRows[0].gold);
    thoughts += text.starts_with("<think>") ? 1 : 0;
  }
  EXPECT_GT(thoughts, 30);
  EXPECT_LT(thoughts, 110);
}

TEST(Mistakes, HappenAsOftenAsAsked) {
  const AnswerBook book =
      AnswerBook::from_dataset(kRows, {.wrong = 0.2, .fenced = 0.3, .broken = 0.05});
  Database database;
  std::map<std::string, int> counts;
  for (std::uint64_t decision = 0; decision < 4000; ++decision) {
    std::string text = answer_of(book, "what is the sum", mix(7, decision));
    if (const std::size_t fence = text.rfind("```sql\n"); fence != std::string::npos) {
      ++counts["fenced"];
      text = text.substr(fence + 7, text.size() - fence - 11);
    }
    ++counts[!database.run(text) ? "broken" : text == kRows[0].gold ? "right" : "wrong"];
  }
  EXPECT_NEAR(counts["fenced"], 1200, 120);
  EXPECT_NEAR(counts["wrong"], 800, 100);
  EXPECT_NEAR(counts["broken"], 200, 60);
}

}  // namespace
}  // namespace fd::simulator
