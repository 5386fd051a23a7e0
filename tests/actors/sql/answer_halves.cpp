#include "tests/actors/sql/answer_shapes.hpp"

namespace fd::testing_support {
namespace {

using List = std::vector<std::string>;

/// What follows the query and changes it. SQLite takes none of them behind a query.
const List& continuations() {
  static const List list = {
      "\n# filter\nWHERE 1 = 0",
      "\n// filter\nWHERE 1 = 0",
      "\n**WHERE** 1 = 0",
      "\n**WHERE 1 = 0**",
      "\n`WHERE 1 = 0`",
      "\n* WHERE 1 = 0",
      "\n1. WHERE 1 = 0",
      "\n<b>WHERE</b> 1 = 0",
      "<br/>WHERE 1 = 0",
      "<br/>\nWHERE 1 = 0",
      " </b> WHERE 1 = 0",
      " } WHERE 1 = 0",
      " ] WHERE 1 = 0",
      " ) WHERE 1 = 0",
      "\u2026 WHERE 1 = 0",
      "\u3002WHERE 1 = 0",
      "\u00A0WHERE 1 = 0",
      "! WHERE 1 = 0",
      "...\nWHERE 1 = 0",
      "; WHERE 1 = 0",
      ";\n\nLIMIT 0 OFFSET 1",
      ";\nUNION\nSELECT 42 FROM customer",
      "\n\nand then add:\n\nWHERE 1 = 0",
      "\nThen filter:\nWHERE 1 = 0",
      "\n(continued)\nWHERE 1 = 0",
      "\nGO\nAND 1 = 0",
      "\nwhere: 1 = 0",
      "\nFETCH FIRST 5 ROWS ONLY",
      "\nfetch first 5 rows only",
      "\nFOR JSON AUTO",
      "\nfor update",
      "\nQUALIFY x = 1",
      "\nqualify x = 1",
      "\nTABLESAMPLE (10 PERCENT)",
      "\ntablesample bernoulli (10)",
      "\nLATERAL VIEW explode(tags) t AS tag",
      "\nlateral view explode(tags) t as tag",
      "\nOUTER APPLY f(c.id)",
      "\nouter apply f(c.id)",
      "\npivot (x for y in (1))",
      "\nsample 10",
      "\nPREWHERE id > 3",
      "\nprewhere id > 3",
      "\nsettings max_threads = 1",
      "\nformat JSON",
      "\nallow filtering",
      "\nuse index (i)",
      "\nOPTION (RECOMPILE)",
      "\nwith rollup",
      "\ninto outfile 'x'",
      "\nkeep only id > 3",
      "\nsuch that id > 3",
      "\nonly 3",
      "\n::text",
      " FOR UPDATE SKIP LOCKED",
  };
  return list;
}

}  // namespace

std::vector<std::string> halves() {
  std::vector<std::string> forms;
  for (const std::string& continuation : continuations()) {
    const std::string half = "{q}" + continuation;
    for (const char* lead :
         {"", "SQL: ", "Answer:\n", "- ", "The query is:\n\n", "<think>hm</think>"}) {
      forms.push_back(lead + half);
      forms.push_back(lead + half + "\n\nThis lists the names.");
    }
    for (const std::string& wrapped :
         {"```sql\n" + half + "\n```", "```sql\n" + half, "<sql>" + half + "</sql>",
          "```python\nq = \"\"\"" + half + "\"\"\"\n```", "**" + half + "**"}) {
      forms.push_back(wrapped);
    }
  }
  return forms;
}

}  // namespace fd::testing_support
