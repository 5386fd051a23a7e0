#include "tests/actors/sql/answer_shapes.hpp"

#include <initializer_list>

#include "protocol/json/json.hpp"

namespace fd::testing_support {
namespace {

using List = std::vector<std::string>;

/// Texts in front of what holds the query. None is a statement.
const List& fronts() {
  static const List list = {
      "",
      "Here is the query:\n\n",
      "Sure! The query below selects what you asked for.\n",
      "**Answer**\n\n",
      "### SQL\n\n",
      "To answer this, I join the tables and filter on the city:\n",
      "We need to select the rows from the customer table first.\n\n",
      "Question: who lives there?\n",
      "查询如下：\n\n",
      "Вот запрос:\n",
      "Step 1: look at the schema.\nStep 2: write the query.\n\n",
      "I'll use a join, since it's the simplest.\n\n",
      "- The table has the city.\n- So filter by it.\n\n",
      "The values (as given) matter.\n\n",
      "With the schema given, this is what I would run:\n\n",
      "> Who lives in Lyon?\n\n",
      "\xEF\xBB\xBF",
      "\n\n   ",
  };
  return list;
}

/// Texts behind a fence or another thing that closes.
const List& closers() {
  static const List list = {
      "",
      "\n",
      "\n\nThis query returns the names of all customers.",
      "\n\n**Explanation:**\n- `SELECT` picks the columns\n- the filter keeps Lyon",
      "\n\nExplanation: it doesn't matter.",
      "\n\nHope this helps!",
      "\nDone.",
      "\n\n这个查询返回住在里昂的客户。",
      "\n\nЭтот запрос возвращает имена.",
      "\n\n✅",
      "\n\n| name |\n|------|\n| Ann |\n",
      "\n\nNote: the order is not defined.\n1. It reads the table.\n2. It filters.",
      "\n\nIt's short, isn't it?",
      "\n<|im_end|>",
      "</s>",
      "\n\n---\nLet me know if you need anything else.",
  };
  return list;
}

/// Texts behind a query that nothing closes.
const List& tails() {
  static const List list = {
      "\n\nThis query returns the names of all customers.",
      "\nThis query returns the names of all customers.",
      "\n\nExplanation: it lists what was asked for.",
      "\nExplanation:\nThe filter keeps what was asked for.",
      "\n\n**Explanation**\n- It lists them",
      "\n\n### Notes\nNothing else is needed.",
      "\n\nHope this helps!",
      "\nDone.",
      "\nNames only",
      "\n\nIt's short, isn't it?",
      "\n\nIn this query we list what was asked for.",
      "\n\nAs you can see, it is short.",
      "\nReturns all that was asked for.",
      "\nFinally, this lists the result.",
      "\n\n- It lists the rows\n- It sorts nothing",
      "\n\n1. The query reads one table.",
      "\n这个查询返回住在里昂的客户",
      "\n这个查询返回住在里昂的客户。",
      "\n说明：返回姓名",
      "\n返回 姓名",
      "\nЭтот запрос возвращает имена",
      "\nVoilà, that's it.",
      "\nKlar!",
      "\n\nExplanation\n\nThis query returns the names.",
      "\n```",
      "\n```\n\nThis returns the names.",
      "</sql>",
      "\n</answer>",
      "<|im_end|>",
      "<|endoftext|>",
      "\n[/SQL]",
      "\nResult (names only)",
      "\n---\nThe query above lists the names.",
      "\n\nCustomers who live there are listed once.",
      ";",
      " ;\n\nThis query returns the names.",
      ";\nDone.",
      ";\n\nHope this helps!",
      "; -- that is all",
      ";\n\nwhich gives\n\nname\n----\nAnn\n",
      ";\nGO",
      ";\n✅",
      ";\n这个查询返回住在里昂的客户",
      "\n",
      "",
  };
  return list;
}

/// A last word that could be an alias: nobody can tell.
const List& doubtful_tails() {
  static const List list = {"\nDone", "\nGO",          "\nExplanation", "\nResult", "\n結果",
                            " ✅",     " 查询所有姓名", "\nVoilà",       "\n[END]",  "\n以上"};
  return list;
}

/// Blocks and other wrappings with both ends.
const List& blocks() {
  static const List list = {
      "```sql\n{q}\n```",
      "```sql\n{q};\n```",
      "```\n{q}\n```",
      "```SQL\n{q};\n```",
      "```sqlite\n{q}\n```",
      "```sqlite3\n{q} ;\n```",
      "```mysql\n{q}\n```",
      "```postgresql\n{q};\n```",
      "~~~sql\n{q}\n~~~",
      "~~~\n{q};\n~~~",
      "````sql\n{q}\n````",
      "```sql\n\n{q}\n\n```",
      "```sql {q} ```",
      "```{q}```",
      "```sql\n{q}```",
      "   ```sql\n{i}\n   ```",
      "1. ```sql\n{i}\n   ```",
      "- ```sql\n{i};\n  ```",
      "> ```sql\n> {>}\n> ```",
      "```sql\n-- the answer\n{q};\n```",
      "```sql\n/* why; how */\n{q}\n```",
      "```sql\n{q}; -- done\n```",
      "```text\n{q}\n```",
      "``{q}``",
      "<sql>{q}</sql>",
      "<sql>\n{q};\n</sql>",
      "<answer>\n```sql\n{q}\n```\n</answer>",
      "<SQL>{q}</SQL>",
      "[SQL] {q} [/SQL]",
      "[SQL]\n{q};\n[/SQL]",
      "<pre>{q}</pre>",
      "<pre><code>{q}</code></pre>",
      "<query>\n{q}\n</query>",
      "{\"sql\": \"{j}\"}",
      "{\"query\": \"{j};\", \"ok\": true}",
      "{\n  \"explanation\": \"It lists the names.\",\n  \"sql\": \"{j}\"\n}",
      "```json\n{\"sql\": \"{j}\"}\n```",
      "[{\"sql\": \"{j}\"}]",
      "```python\nimport sqlite3\nrows = db.execute(\"\"\"\n{q}\n\"\"\").fetchall()\n```",
      "\xE2\x80\x9C{q}\xE2\x80\x9D",
      "**{q};**",
      "\\boxed{{q}}",
      "```sql\nsqlite> {...};\n```",
  };
  return list;
}

/// What stands in front of a query that nothing closes.
const List& leads() {
  static const List list = {
      "",
      "SQL: ",
      "SQL:\n",
      "**SQL:** ",
      "SQL Query:\n",
      "Answer: ",
      "Answer:\n\n",
      "Query: ",
      "**Query:**\n",
      "Final answer: ",
      "- ",
      "* ",
      "1. ",
      "• ",
      "最终SQL：",
      "答案：\n",
      "### Query\n",
      "Here is the query: ",
      "Here is the query:\n\n",
      "sqlite> ",
      "-- the query\n",
      "I will select the best approach. ",
      "The query is ",
      "<sql>",
      "```sql\n",
  };
  return list;
}

/// Reasoning in front of the answer, with a draft in it.
const List& reasonings() {
  static const List list = {
      "<think>Maybe SELECT id FROM customer LIMIT 1?</think>\n",
      "<think>\nDraft:\nSELECT id FROM customer\n</think>\n\n",
      "<thinking>\nSELECT id FROM customer\n</thinking>\n",
      "<thought>SELECT id FROM customer</thought>",
      "<analysis>\n```sql\nSELECT id FROM customer\n```\n</analysis>\n",
      "<reasoning>I'd take SELECT id FROM customer.</reasoning>\n",
      "First SELECT id FROM customer, but no.\n</think>\n\n",
      "[THINK]Draft: SELECT id FROM customer[/THINK]",
      "◁think▷SELECT id FROM customer◁/think▷",
      "<seed:think>SELECT id FROM customer</seed:think>",
      "<mm:think>\nSELECT id FROM customer\n</mm:think>\n\n",
      "<|begin_of_thought|>SELECT id FROM customer<|end_of_thought|>\n\n<|begin_of_solution|>\n",
      "<|START_THINKING|>SELECT id FROM customer<|END_THINKING|><|START_RESPONSE|>",
      "<scratchpad>SELECT id FROM customer</scratchpad>\n",
      "<reflection>SELECT id FROM customer</reflection>\n",
      "<deep_thinking>\nSELECT id FROM customer\n</deep_thinking>\n",
      "<|channel|>analysis<|message|>Draft:\nSELECT id FROM customer\n<|end|><|start|>assistant"
      "<|channel|>final<|message|>",
      "analysisDraft:\nSELECT id FROM customer\nbut no.assistantfinal",
      "<think>It's a draft: SELECT id FROM customer; so don't.</think>\n",
      "<think>\n\n</think>\n\n",
  };
  return list;
}

/// Several statements, halves of statements, other dialects: nothing of them is the answer.
const List& refusals() {
  static const List list = {
      "{q};\nSELECT 42 AS other FROM customer;",
      "{q}; SELECT 42 AS other FROM customer",
      "{q}\n\nAlternatively:\n\nSELECT 42 AS other FROM customer",
      "Draft: {q}\nFinal: SELECT 42 AS other FROM customer",
      "- {q}\n- SELECT 42 AS other FROM customer",
      "1. {q}\n2. SELECT 42 AS other FROM customer",
      "```sql\n{q};\nSELECT 42 AS other FROM customer;\n```",
      "```sql\nSELECT 42 AS other FROM customer;\n{q}\n```",
      "```sql\nCREATE TEMP TABLE x AS SELECT 1;\n{q};\n```",
      "```sql\n{q};\nDROP TABLE customer;\n```",
      "Use `{q}` or, better, `SELECT 42 AS other FROM customer`.",
      "{\"first\": \"{j}\", \"second\": \"SELECT 42 AS other FROM customer\"}",
      "{q};\nWHERE 1 = 0",
      "{q}\n**WHERE 1 = 0**",
      "{q}\n# only those in Lyon\nAND 1 = 0",
      "```sql\n{q}\n# only those in Lyon\nAND 1 = 0\n```",
      "```sql\n{q}\nFETCH FIRST ROW ONLY\n```",
      "```sql\n{q}\nFOR JSON PATH\n```",
      "```sql\n{q}\nFOR UPDATE SKIP LOCKED\n```",
      "```sql\n{q}\nLATERAL VIEW explode(tags) t AS tag\n```",
      "```sql\n{q}\nSAMPLE SYSTEM (10)\n```",
      "{q}\nFETCH FIRST ROW ONLY",
      "{q}\nFOR JSON PATH",
      "{q}\nfor update skip locked",
      "{q}\nLATERAL VIEW explode(tags) t AS tag",
      "({q}) UNION (SELECT 42 FROM customer)",
      "({q})\nUNION\n(SELECT 42 FROM customer)",
      "({q}) EXCEPT {q}",
      "UNION\n{q}",
      "```sql\nCREATE MATERIALIZED VIEW v AS\n{q}\n```",
      "```sql\nSET @limit = 5;\n{q}\n```",
      "x = \"{q} \" \\\n    \"WHERE 1 = 0\"",
      "```python\nx = (\"{q} \"\n     \"LIMIT 0\")\n```",
      "`{q}` WHERE 1 = 0",
      "I'm sorry, but I can't write this query.",
      "Please select a table from the list.",
      "<think>{q}",
      "<think>{q}</think>",
      "<|channel|>analysis<|message|>{q}",
      "```sql\nThis is no query.\n```",
      "{q}\n```sql\nSELECT 42 AS other FROM customer;\n```\n```sql\n{q}; SELECT 1\n```",
  };
  return list;
}

/// Shapes with something else beside the query that is not the answer.
const List& singles() {
  static const List list = {
      "({q})",
      "`{q}`",
      "'{q}'",
      "\"{q}\"",
      "({q});",
      "`{q};`",
      "**`{q}`**",
      "`{q}`.",
      "Use `{q}` for this.",
      "The answer is `{q}`, which lists them.",
      "(`{q}`)",
      "```sql\nSELECT 42 AS other FROM customer\n```\nBetter:\n```sql\n{q}\n```",
      "```sql\nSELECT 42 AS other FROM customer\n```\nor\n```\nSELECT "
      "43\n```\nBest:\n```sql\n{q};\n```\nDone.",
      "```sql\n{q}\n```\nFor speed:\n```sql\nCREATE INDEX i ON customer(city);\n```",
      "```sql\n{q}\n```\nwhich gives\n```\nAnn\nBo\n```",
      "```sql\n{q}\n```\n```python\nprint(1)\n```",
      "```python\nprint(1)\n```\n```sql\n{q}\n```",
      "```sql\n{q}\n```\nOutput:\n```text\nname | city\nAnn | Lyon\n```",
      "```sql\n{q};\n{q};\n```",
      "{q};\n{q};",
      "```sql\n{q}\n```\nOnce more:\n```sql\n{q}\n```",
      "Here:\n```sql\n{q}",
      "Here:\n```sql\n{q}\n\nThis query returns the names.",
      "{q}\n```\nand a `mark` more",
      "```sql\n{q}\n```\n```",
      "```\n```\n{q}",
      "{q}\n\nFor speed you may also want to CREATE INDEX i ON customer(city).",
      "> {>}",
      "> Here is the query:\n> \n> {>}\n\nDone.",
      "sqlite> {...};\nAnn\nBo",
      "My answer:\n\n    {i}\n",
      "<br>\n{q}\n<br/>\n</div>",
      "<think>a <think>b</think> SELECT id FROM customer</think>{q}",
      "{q}\n<think>or SELECT id FROM customer",
      "{q}\n\n<think>or SELECT id FROM customer</think>",
      "I think in `<think>` tags.\n\n{q}",
      "<thinkers>{q}",
      "<output>{q}</output>",
      "<![CDATA[{q}]]>",
      "{\"sql\": \"{j}\", \"note\": \"uses customer\"}\n\nThis lists the names.",
      "{'sql': \"{j}\"}",
      "Final: {\"answer\": {\"sql\": \"{j}\"}}",
      "\"{j}\"",
      "cursor.execute(\"{j}\")",
      "```json\n[\n  \"{j}\"\n]\n```",
      "EXPLANATION: none.\nSQL: {q}",
      "| step | query |\n|---|---|\n\n{q}",
      "*{q}*;",
      "SQL\n{q}",
      "sql\n{q};",
      "SQLite\n\n{q}",
      "```sql\nSQL:\n{q}\n```",
      "```\nHere is the query:\n{q};\n```",
      "Answer = {q};",
  };
  return list;
}

std::string replaced(std::string text, const std::string& mark, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += by.size()) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

class ShapeList {
 public:
  void add(const std::string& form, Expected expected = Expected::query, bool crlf = false) {
    list_.push_back({form, expected, crlf});
  }
  void add_all(const List& forms, Expected expected = Expected::query) {
    for (const std::string& form : forms) {
      add(form, expected);
    }
  }
  std::vector<AnswerShape> take() { return std::move(list_); }

 private:
  std::vector<AnswerShape> list_;
};

}  // namespace

std::vector<AnswerShape> answer_shapes() {
  ShapeList shapes;
  for (const std::string& block : blocks()) {
    for (const std::string& front : fronts()) {
      shapes.add(front + block);
    }
    for (const std::string& closer : closers()) {
      shapes.add("Here is the query:\n" + block + closer);
    }
    shapes.add("Here it is:\n" + block + "\nDone.", Expected::query, true);
  }
  for (const std::string& lead : leads()) {
    for (const std::string& tail : tails()) {
      shapes.add(lead + "{q}" + tail);
    }
    shapes.add(lead + "{q}\n\nThis lists the names.", Expected::query, true);
  }
  for (const std::string& reasoning : reasonings()) {
    for (const std::string answer : {"{q}", "{q};", "```sql\n{q}\n```", "SQL: {q}\n"}) {
      shapes.add(reasoning + answer);
    }
  }
  for (const std::string& tail : doubtful_tails()) {
    shapes.add("{q}" + tail, Expected::doubt);
    shapes.add("```sql\n{q}" + tail + "\n```", Expected::doubt);
  }
  shapes.add_all(singles());
  shapes.add_all(refusals(), Expected::refusal);
  shapes.add_all(halves(), Expected::refusal);
  return shapes.take();
}

std::string answer_of(const AnswerShape& shape, const std::string& query) {
  std::string escaped;
  json::append_string(query, escaped);
  std::string answer = shape.form;
  answer = replaced(answer, "{j}", escaped.substr(1, escaped.size() - 2));
  answer = replaced(answer, "{>}", replaced(query, "\n", "\n> "));
  answer = replaced(answer, "{...}", replaced(query, "\n", "\n   ...> "));
  answer = replaced(answer, "{i}", "   " + replaced(query, "\n", "\n   "));
  answer = replaced(answer, "{q}", query);
  return shape.crlf ? replaced(answer, "\n", "\r\n") : answer;
}

}  // namespace fd::testing_support
