#include "actors/sql/clean.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fd {
namespace {

struct Case {
  const char* answer;
  const char* text;
  const char* rule;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Cleaned cleaned = clean_sql(one.answer);
    EXPECT_EQ(cleaned.text, one.text) << one.answer;
    EXPECT_EQ(cleaned.rule, one.rule) << one.answer;
  }
}

TEST(Clean, TakesAnAnswerThatIsSqlAsItIs) {
  expect_all({
      {"SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"select a from b", "select a from b", "whole"},
      {"  SELECT a FROM b ;\n", "SELECT a FROM b", "whole"},
      {"SELECT 1", "SELECT 1", "whole"},
      {"VALUES (1), (2)", "VALUES (1), (2)", "whole"},
      {"WITH c AS (SELECT a FROM t) SELECT * FROM c", "WITH c AS (SELECT a FROM t) SELECT * FROM c",
       "whole"},
      {"WITH RECURSIVE c(n) AS (SELECT 1) SELECT n FROM c",
       "WITH RECURSIVE c(n) AS (SELECT 1) SELECT n FROM c", "whole"},
      {"-- the answer\nSELECT a FROM b", "SELECT a FROM b", "whole"},
      {"SELECT a\nFROM t\n\nWHERE b = 1\n\nORDER BY a",
       "SELECT a\nFROM t\n\nWHERE b = 1\n\nORDER BY a", "whole"},
      {"SELECT\n  name,\n  population\nFROM\n  city\nWHERE\n  state_name = 'texas'",
       "SELECT\n  name,\n  population\nFROM\n  city\nWHERE\n  state_name = 'texas'", "whole"},
      {"SELECT a,\n\nb FROM t", "SELECT a,\n\nb FROM t", "whole"},
      {"SELECT a FROM b -- final: done", "SELECT a FROM b -- final: done", "whole"},
  });
}

TEST(Clean, DropsReasoningBlocks) {
  expect_all({
      {"<think>maybe SELECT x FROM y</think>SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"<thinking>hm</thinking>\nSELECT a FROM b", "SELECT a FROM b", "whole"},
      {"<THOUGHT>hm</THOUGHT>SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"<analysis>hidden</analysis> SQL: SELECT a FROM b", "SELECT a FROM b", "label"},
      {"<reasoning>one</reasoning><think>two</think>SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"the end of a thought SELECT x FROM y</think>SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"<think>a <think>b</think> SELECT x FROM y</think>SELECT a FROM b", "SELECT a FROM b",
       "whole"},
      {"<think>SELECT x FROM y</think>", "", "none"},
      {"<think>SELECT x FROM y and so on", "", "none"},
      {"SELECT a FROM b\n<think>or SELECT x FROM y", "SELECT a FROM b", "whole"},
      {"<thinkers>SELECT a FROM b", "SELECT a FROM b", "keyword"},
  });
}

TEST(Clean, PrefersTheLastFenceThatLooksLikeSql) {
  expect_all({
      {"```sql\nSELECT a FROM t\n```", "SELECT a FROM t", "fence"},
      {"```\nSELECT a FROM t;\n```", "SELECT a FROM t", "fence"},
      {"```sqlite\nSELECT a FROM t\n```", "SELECT a FROM t", "fence"},
      {"```SQL\nSELECT a FROM t```", "SELECT a FROM t", "fence"},
      {"```sql SELECT a FROM t```", "SELECT a FROM t", "fence"},
      {"```SELECT a FROM t```", "SELECT a FROM t", "fence"},
      {"~~~sql\nSELECT a FROM t\n~~~", "SELECT a FROM t", "fence"},
      {"````sql\nSELECT a FROM t\n````", "SELECT a FROM t", "fence"},
      {"Here:\n```sql\nSELECT a FROM t", "SELECT a FROM t", "fence"},
      {"Draft:\n```sql\nSELECT a FROM t\n```\nBetter:\n```sql\nSELECT b FROM t\n```\nDone.",
       "SELECT b FROM t", "fence"},
      {"```python\nprint(1)\n```\n```sql\nSELECT a FROM t\n```", "SELECT a FROM t", "fence"},
      {"```sql\nSELECT a FROM t\n```\n```python\nprint(1)\n```", "SELECT a FROM t", "fence"},
      {"```sql\nSELECT a FROM t\n```\n```text\n1 | 2\n```", "SELECT a FROM t", "fence"},
      {"```sql\nSELECT a FROM t\n```\nwhich gives\n```\n1 2\n```", "SELECT a FROM t", "fence"},
      {"```text\nSELECT a FROM t\n```", "SELECT a FROM t", "fence"},
      {"```sql\n-- why\nSELECT a FROM t -- here\n```", "SELECT a FROM t -- here", "fence"},
      {"SELECT a FROM t\n```\n", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t```", "SELECT a FROM t", "whole"},
      {"```sql\nDROP TABLE t\n```", "DROP TABLE t", "fence"},
      {"```sql\nSELCT a FROM t\n```", "SELCT a FROM t", "fence"},
      {"```python\nprint(1)\n```", "", "none"},
  });
}

TEST(Clean, FollowsALabel) {
  expect_all({
      {"SQL: SELECT a FROM b", "SELECT a FROM b", "label"},
      {"sql : select a from b", "select a from b", "label"},
      {"SQL\xEF\xBC\x9ASELECT 1", "SELECT 1", "label"},
      {"**SQL:** SELECT a FROM b", "SELECT a FROM b", "label"},
      {"**SQL Query**: `SELECT a FROM b`", "SELECT a FROM b", "label"},
      {"Question: how many?\nSQL query:\nSELECT COUNT(*) FROM b", "SELECT COUNT(*) FROM b",
       "label"},
      {"SQL: it is easy.\nSQL: SELECT a FROM b", "SELECT a FROM b", "label"},
      {"mysql: SELECT a FROM b", "SELECT a FROM b", "keyword"},
  });
}

TEST(Clean, FindsAStatementInATextButNoSentence) {
  expect_all({
      {"I will select the best approach. SELECT a FROM t", "SELECT a FROM t", "keyword"},
      {"With the schema given, here is the query:\n\nSELECT a FROM t", "SELECT a FROM t",
       "keyword"},
      {"Here is the query:\n  SELECT a FROM t", "SELECT a FROM t", "keyword"},
      {"The query is SELECT a FROM t.", "SELECT a FROM t", "keyword"},
      {"Use `SELECT a FROM t` for this.", "SELECT a FROM t", "keyword"},
      {"Use `SELECT `a` FROM `t`` for this.", "SELECT `a` FROM `t`", "keyword"},
      {"{\"sql\": \"SELECT a FROM t\"}", "SELECT a FROM t", "keyword"},
      {"reasoning: ...\nSELECT a FROM b\nfinal: done", "SELECT a FROM b", "keyword"},
      {"I will select the best approach.", "", "none"},
      {"With the schema given, I would need more.", "", "none"},
      {"Please select a table from the list.", "", "none"},
      {"We select from the table what is asked.", "", "none"},
      {"You can select name and age from the database below.", "", "none"},
      {"Values matter (a lot).", "", "none"},
      {"Update: the table is empty.", "", "none"},
      {"select", "", "none"},
      {"", "", "none"},
      {"42", "", "none"},
  });
}

TEST(Clean, CutsAtTheFirstStatementEnd) {
  expect_all({
      {"SELECT a FROM t; this lists a", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t;;", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t -- one; two\nWHERE b = 1; done", "SELECT a FROM t -- one; two\nWHERE b = 1",
       "whole"},
      {"SELECT a /* ; */ FROM t; x", "SELECT a /* ; */ FROM t", "whole"},
      {"SELECT \"a;b\", [c;d], `e;f` FROM t; x", "SELECT \"a;b\", [c;d], `e;f` FROM t", "whole"},
  });
}

TEST(Clean, DropsProseBehindAStatement) {
  expect_all({
      {"SELECT a FROM t\n\nThis query returns a.", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\nThis query returns a.", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\nExplanation: it doesn't matter", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n\nIt doesn't use b.", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\nIt's short", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n\n**Explanation**\n- x", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n\n- It lists a", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t.", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t</sql>", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t<|im_end|>", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t<end_of_turn>\n", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n<br/>\n", "SELECT a FROM t", "whole"},
      {"SELECT a <b> 5 FROM t", "SELECT a <b> 5 FROM t", "whole"},
      {"$$ SELECT a FROM t $$", "SELECT a FROM t", "keyword"},
      {"SELECT a FROM t ### Explanation", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\u00A0", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t WHERE b = (\n\nSELECT max(b) FROM t)",
       "SELECT a FROM t WHERE b = (\n\nSELECT max(b) FROM t)", "whole"},
  });
}

TEST(Clean, RemovesWhatWrapsTheStatement) {
  expect_all({
      {"'SELECT a FROM t'", "SELECT a FROM t", "whole"},
      {"\"SELECT a FROM t;\"", "SELECT a FROM t", "whole"},
      {"`SELECT a FROM t`", "SELECT a FROM t", "whole"},
      {"`SELECT a FROM t`.", "SELECT a FROM t", "whole"},
      {"`SELECT `a` FROM `t`` and more", "SELECT `a` FROM `t`", "whole"},
      {"(SELECT a FROM t)", "SELECT a FROM t", "whole"},
      {"'SELECT a FROM t WHERE b = 'x''", "SELECT a FROM t WHERE b = 'x'", "whole"},
      {"\"SELECT a FROM t WHERE b = \"x\"\"", "SELECT a FROM t WHERE b = \"x\"", "whole"},
      {"SELECT a FROM t'", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t`", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t)", "SELECT a FROM t", "whole"},
  });
}

TEST(Clean, LeavesLiteralsWhole) {
  expect_all({
      {"SELECT a FROM t WHERE b = 'final: x'", "SELECT a FROM t WHERE b = 'final: x'", "whole"},
      {"SELECT a FROM t WHERE b = 'x;y' AND c = 1", "SELECT a FROM t WHERE b = 'x;y' AND c = 1",
       "whole"},
      {"SELECT a FROM t WHERE b = 'sql: x'", "SELECT a FROM t WHERE b = 'sql: x'", "whole"},
      {"SELECT a FROM t WHERE b = 'sql: SELECT 1'", "SELECT a FROM t WHERE b = 'sql: SELECT 1'",
       "whole"},
      {"SELECT a FROM t WHERE b = '<think>'", "SELECT a FROM t WHERE b = '<think>'", "whole"},
      {"SELECT a FROM t WHERE b = '</think>'", "SELECT a FROM t WHERE b = '</think>'", "whole"},
      {"SELECT a FROM t WHERE b = 'it''s; so'", "SELECT a FROM t WHERE b = 'it''s; so'", "whole"},
      {"SELECT a FROM t WHERE b = 'one.\n\nThis query ends'",
       "SELECT a FROM t WHERE b = 'one.\n\nThis query ends'", "whole"},
      {"SELECT x'00ff' FROM t", "SELECT x'00ff' FROM t", "whole"},
      {"SELECT 'a)b' FROM t", "SELECT 'a)b' FROM t", "whole"},
  });
}

TEST(Clean, KeepsOtherStatementsForTheSandboxToRefuse) {
  expect_all({
      {"EXPLAIN SELECT a FROM t", "EXPLAIN SELECT a FROM t", "whole"},
      {"INSERT INTO t SELECT a FROM u", "INSERT INTO t SELECT a FROM u", "whole"},
      {"UPDATE t SET a = 1", "UPDATE t SET a = 1", "whole"},
      {"DELETE FROM t", "DELETE FROM t", "whole"},
      {"DROP TABLE t", "DROP TABLE t", "whole"},
      {"PRAGMA table_info(t)", "PRAGMA table_info(t)", "whole"},
      {"Answer:\nDELETE FROM t WHERE a IN (SELECT a FROM u)",
       "DELETE FROM t WHERE a IN (SELECT a FROM u)", "keyword"},
  });
}

TEST(Clean, AFenceThatIsNoQueryDisplacesNone) {
  expect_all({
      {"```sql\nSELECT a FROM t\n```\nFor speed:\n```sql\nCREATE INDEX i ON t(a)\n```",
       "SELECT a FROM t", "fence"},
      {"SELECT a FROM t\n\nFor speed:\n```sql\nCREATE INDEX i ON t(a)\n```", "SELECT a FROM t",
       "whole"},
      {"```sql\nCREATE INDEX i ON t(a)\n```", "CREATE INDEX i ON t(a)", "fence"},
      {"SELECT a FROM t\n```\nThis is the list that was asked for.", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n```sql\nThis is prose.", "SELECT a FROM t", "whole"},
      {"```sql\nSELECT a FROM t\n\nThis lists all of them.", "SELECT a FROM t", "fence"},
      {"```sql\nSELECT a FROM t\n```sql\nSELECT b FROM t\n```", "SELECT b FROM t", "fence"},
  });
}

TEST(Clean, TakesTheEarliestStatementWhole) {
  const std::string both = "SELECT a FROM t UNION\nSELECT b FROM u";
  for (const char* lead : {"Answer: ", "Query: ", "- ", "* ", "1. ", "> ", "<sql>", "[SQL] ",
                           "<pre>", "\\boxed{", "sqlite> ", "SQL: ", "The query is "}) {
    EXPECT_EQ(clean_sql(lead + both).text, both) << lead;
  }
  EXPECT_EQ(clean_sql("**" + both + "**").text, both);
  EXPECT_EQ(clean_sql("> SELECT a\n> FROM t\n> WHERE b > 1").text, "SELECT a\nFROM t\nWHERE b > 1");
}

TEST(Clean, RefusesASecondDifferentStatement) {
  for (const char* answer :
       {"SELECT a FROM t; SELECT b FROM t", "SELECT a FROM t\nSELECT b FROM t",
        "```sql\nSELECT a FROM t; SELECT b FROM t\n```", "SELECT a FROM t; DROP TABLE t",
        "Draft: SELECT a FROM t\nSQL: SELECT b FROM t",
        "```sql\nCREATE TABLE u AS SELECT 1;\nSELECT a FROM t;\n```",
        "`SELECT a FROM t` or `SELECT b FROM t`",
        "{\"a\": \"SELECT a FROM t\", \"b\": \"SELECT b FROM t\"}",
        "```sql\nSELECT a FROM t\n```\n```sql\nSELECT a FROM t; DROP TABLE t\n```"}) {
    EXPECT_EQ(clean_sql(answer).rule, "none") << answer;
    EXPECT_EQ(clean_sql(answer).text, "") << answer;
  }
  expect_all({
      {"SELECT a FROM t; select a\nfrom t", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t;\n- `SELECT a` picks a", "SELECT a FROM t", "whole"},
  });
}

TEST(Clean, RefusesAHalfOfALongerStatement) {
  for (const char* answer :
       {"SELECT a FROM t\n**WHERE b = 1**", "SELECT a FROM t\n# only some\nWHERE b = 1",
        "SELECT a FROM t;\nWHERE b = 1", "```sql\n(SELECT a FROM t) UNION (SELECT b FROM t)\n```",
        "(SELECT a FROM t) UNION (SELECT b FROM t)", "(SELECT a FROM t)\nEXCEPT SELECT b FROM t",
        "UNION\nSELECT a FROM t", "CREATE MATERIALIZED VIEW v AS\nSELECT a FROM t; SELECT 1",
        "a IN (SELECT a FROM t)", "x = \"SELECT a FROM t \" +\n    \"WHERE b = 1\"",
        "SET @a = 1;\nSELECT a FROM t", "SELECT a FROM t <think>hm</think> WHERE b = 1",
        "`SELECT a FROM t` WHERE b = 1", "SELECT a FROM t </b> where b = 1 AND c = 2",
        "```sql\nSELECT a FROM t\n```\n```sql\nWHERE b = 1\n```"}) {
    EXPECT_EQ(clean_sql(answer).rule, "none") << answer;
  }
  // Of another dialect, and for SQLite to refuse: nothing is cut until it runs.
  expect_all({
      {"```sql\nSELECT a FROM t\n# some\nWHERE b = 1\n```", "SELECT a FROM t\n# some\nWHERE b = 1",
       "fence"},
      {"SELECT a FROM t\nFETCH FIRST ROW ONLY", "SELECT a FROM t\nFETCH FIRST ROW ONLY", "whole"},
      {"SELECT a FROM t\nfor update skip locked", "SELECT a FROM t\nfor update skip locked",
       "whole"},
  });
}

TEST(Clean, TakesNoBareAliasInDoubt) {
  for (const char* answer :
       {"SELECT a FROM t\nDone", "```sql\nSELECT a FROM t\nGO\n```",
        "SELECT a FROM t\n\u7ED3\u679C", "SELECT a FROM t \u67E5\u8BE2\u6240\u6709",
        "```\nSELECT a FROM t \u67E5\u8BE2\n```", "SELECT a FROM t\n[END]",
        "SELECT a FROM t\nAS requested", "Use SELECT count(*) FROM t here."}) {
    EXPECT_EQ(clean_sql(answer).rule, "none") << answer;
  }
  expect_all({
      {"SELECT c.a FROM t\nc", "SELECT c.a FROM t\nc", "whole"},
      {"SELECT a FROM t c", "SELECT a FROM t c", "whole"},
      {"SELECT a FROM t AS \u5BA2", "SELECT a FROM t AS \u5BA2", "whole"},
      {"SELECT \u5BA2.a FROM t \u5BA2", "SELECT \u5BA2.a FROM t \u5BA2", "whole"},
      {"SELECT a FROM t\nDone;", "SELECT a FROM t\nDone", "whole"},
      {"SELECT a FROM t \u2705", "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\n\u8FD9\u4E2A\u67E5\u8BE2\u8FD4\u56DE\u6240\u6709\u5BA2\u6237",
       "SELECT a FROM t", "whole"},
      {"SELECT a FROM t\nDone.", "SELECT a FROM t", "whole"},
  });
}

TEST(Clean, UndoesTheEscapesOfJson) {
  expect_all({
      {R"({"sql": "SELECT \"a\"\nFROM t WHERE b = '\u00e9\ud83d\ude00'"})",
       "SELECT \"a\"\nFROM t WHERE b = '\u00E9\U0001F600'", "keyword"},
      {R"({"why": "I'd SELECT it.", "sql": "SELECT a FROM t;"})", "SELECT a FROM t", "keyword"},
      {"```json\n{\"sql\": \"SELECT a\\nFROM t\"}\n```", "SELECT a\nFROM t", "fence"},
      {R"("SELECT a\nFROM t")", "SELECT a\nFROM t", "whole"},
      {R"({"sql": "SELECT count(*) "n" FROM t"})", "", "none"},
      {R"({"sql": "SELECT a FROM t)", "", "none"},
  });
}

TEST(Clean, LooksBehindTheLastMarkOfReasoningFirst) {
  expect_all({
      {"SELECT x FROM y[/THINK]SELECT a FROM b", "SELECT a FROM b", "whole"},
      {"SELECT x FROM y\n</my_thinking>\nSELECT a FROM b", "SELECT a FROM b", "whole"},
      {"SELECT x FROM y</think>I cannot say.", "", "none"},
      {"SELECT a FROM b\n<think>SELECT x FROM y</think>\nDone.", "SELECT a FROM b", "whole"},
      {"```sql\nSELECT a FROM b WHERE c = '<think>x</think>'\n```",
       "SELECT a FROM b WHERE c = '<think>x</think>'", "fence"},
  });
}

TEST(Clean, LooksForSqlInNoMoreThanItsLimit) {
  const std::string sql = "SELECT a FROM t;";
  EXPECT_EQ(clean_sql(sql + std::string(kMaxSearchedBytes - sql.size(), 'x')).text,
            "SELECT a FROM t");
  EXPECT_EQ(clean_sql(sql + std::string(kMaxSearchedBytes - sql.size() + 1, 'x')).rule, "none");
  const std::string thought = "<think>" + std::string(2 * kMaxSearchedBytes, 'x') + "</think>";
  EXPECT_EQ(clean_sql(thought + sql).text, "SELECT a FROM t");
}

// Each of these makes a cleaner that looks at the rest of the text from every place take minutes.
TEST(Clean, EndsOnTextsMadeToTakeLong) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"<", "none"},
                                                                  {"<think>", "none"},
                                                                  {"sql: select '", "label"},
                                                                  {"select a, ", "whole"},
                                                                  {"```", "none"},
                                                                  {"```sql\nselect '", "fence"},
                                                                  {"with c as (", "whole"},
                                                                  {"(", "none"},
                                                                  {"select /*", "none"},
                                                                  {"sql:sql:", "none"},
                                                                  {"SELECT a '<think>' ", "whole"}};
  for (const auto& [part, rule] : cases) {
    std::string text;
    while (text.size() + part.size() <= kMaxSearchedBytes) {
      text += part;
    }
    EXPECT_EQ(clean_sql(text).rule, rule) << part;
  }
}

TEST(Clean, IsAFixedPoint) {
  for (const char* sql :
       {"SELECT a FROM t WHERE b = 'x;y'", "WITH c AS (SELECT 1) SELECT * FROM c", "VALUES (1)",
        "SELECT a\nFROM t\nWHERE b = (\n\nSELECT 1)", "DROP TABLE t"}) {
    const std::string once = clean_sql(sql).text;
    EXPECT_EQ(once, sql);
    EXPECT_EQ(clean_sql(once).text, once);
    EXPECT_EQ(clean_sql("Here it is:\n```sql\n" + once + ";\n```\nIt's simple.").text, once);
    EXPECT_EQ(clean_sql("<think>SELECT x FROM y</think>\n" + once).text, once);
  }
}

}  // namespace
}  // namespace fd
