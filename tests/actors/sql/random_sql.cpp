#include "tests/actors/sql/random_sql.hpp"

#include "protocol/base/text.hpp"

namespace fd::testing_support {

const char* RandomSql::schema() {
  return "CREATE TABLE city(id INTEGER, name TEXT, area REAL, think TEXT, \"the query\" TEXT);"
         "CREATE TABLE river(id INTEGER, city_id INTEGER, name TEXT, length REAL, result TEXT);"
         "CREATE TABLE \u57CE\u5E02(id INTEGER, name TEXT, \u540D\u5B57 TEXT);";
}

std::string RandomSql::name(const char* plain) {
  switch (below(8)) {
    case 0:
      return '"' + std::string(plain) + '"';
    case 1:
      return '`' + std::string(plain) + '`';
    case 2:
      return '[' + std::string(plain) + ']';
    default:
      return plain;
  }
}

void RandomSql::alias() {
  if (one_in(3)) {
    return;
  }
  if (one_in(2)) {
    put({pick({"AS", "as", "As"})});
  }
  put({pick({"c", "n", "total", "Total", "X", "result", "Done", "GO", "\u6570\u91CF", "\u5BA2",
             "It", "This", "answer", "\"a b\"", "[END]", "'x'", "`q`", "note", "explanation"})});
}

std::vector<std::string> RandomSql::query() {
  out_.clear();
  if (one_in(12)) {
    put({"VALUES", "("});
    expression(2);
    put({")"});
  } else {
    if (one_in(5)) {
      put({pick({"WITH", "with"}), "w", "AS", "("});
      core(1);
      put({")"});
    }
    select(0);
  }
  return out_;
}

void RandomSql::select(int depth) {
  core(depth);
  if (one_in(6)) {
    put({pick({"UNION", "union", "EXCEPT", "INTERSECT"})});
    if (out_.back() == "UNION" && one_in(2)) {
      put({"ALL"});
    }
    put({"SELECT"});
    expression(2);
  }
  if (one_in(4)) {
    put({"ORDER", "BY", "1"});
    if (one_in(2)) {
      put({pick({"DESC", "asc"})});
    }
  }
  if (one_in(4)) {
    put({"LIMIT", pick({"3", "10"})});
    if (one_in(2)) {
      put({pick({"OFFSET", ","}), "1"});
    }
  }
}

void RandomSql::core(int depth) {
  put({pick({"SELECT", "SELECT", "select", "Select"})});
  if (one_in(6)) {
    put({"DISTINCT"});
  }
  expression(depth + 1);
  alias();
  if (one_in(10)) {
    return;
  }
  put({pick({"FROM", "from"})});
  source(depth);
  if (one_in(2)) {
    put({pick({"WHERE", "where"})});
    expression(depth + 1);
  }
  if (one_in(5)) {
    put({"GROUP", "BY", pick({"name", "id"})});
    if (one_in(2)) {
      put({"HAVING", "count", "(", "*", ")", ">", "1"});
    }
  }
}

void RandomSql::source(int depth) {
  switch (below(6)) {
    case 0:
      put({name("city"), "JOIN", name("\u57CE\u5E02"), "USING", "(", "id", ")"});
      return;
    case 1:
      put({"city", "c", pick({"JOIN", "left join", ","}), "river", "r"});
      if (out_[out_.size() - 3] != ",") {
        put({"ON", "r", ".", "city_id", "=", "c", ".", "id"});
      }
      return;
    case 2:
      if (depth < 2) {
        put({"("});
        select(depth + 1);
        put({")"});
        alias();
        return;
      }
      [[fallthrough]];
    default:
      put({name(one_in(3) ? "river" : "city")});
      alias();
  }
}

void RandomSql::expression(int depth) {
  operand(depth);
  while (one_in(3)) {
    put({pick({"=", "<", ">", "<>", "+", "-", "*", "/", "||", "|", "AND", "and", "OR", "IS", "LIKE",
               "IS NOT", "-", "*", ">"})});
    operand(depth);
  }
}

void RandomSql::operand(int depth) {
  switch (below(depth > 3 ? 9 : 16)) {
    case 0:
      return put({pick({"1", "5.", ".5", "1e3", "x'00ff'", "NULL", "-3", "~1"})});
    case 1:
      return put({pick({"'Lyon'", "'it''s; so'", "'select a from b'", "'```'", "'</think>'",
                        kLongLiteral, "''", "'SQL: x'", "'<think>'", "'a -- b'", "'/* no'",
                        "'\u201Cso\u201D'", "'\"'", "'`'", "'**b**'"})});
    case 2:
      return put({"city", ".", name("name")});
    case 3:
      return put({name("the query")});
    case 4:
      return put({"c", ".", "name"});
    case 5:
    case 6:
    case 7:
    case 8:
      return put({name(one_in(2) ? "name" : one_in(2) ? "id" : "think")});
    case 9:
      put({"("});
      select(depth + 1);
      return put({")"});
    case 10:
      put({pick({"count", "max", "lower", "sum"}), "("});
      expression(depth + 1);
      return put({")"});
    case 11:
      put({"CASE", "WHEN"});
      expression(depth + 1);
      put({"THEN"});
      operand(depth + 1);
      return put({"END"});
    case 12:
      put({"name", "IN", "("});
      select(depth + 1);
      return put({")"});
    case 13:
      return put({"row_number", "(", ")", "OVER", "(", "ORDER", "BY", "id", ")"});
    case 14:
      return put({"CAST", "(", "id", "AS", "unsigned big int", ")"});
    default:
      return put({"name", "COLLATE", "nocase"});
  }
}

std::string RandomSql::layout(const std::vector<std::string>& tokens) {
  const std::size_t newlines = 1 + below(6);
  std::string text;
  for (const std::string& token : tokens) {
    if (!text.empty()) {
      const bool needed = is_ascii_alphanumeric(text.back()) || is_ascii_alphanumeric(token[0]) ||
                          static_cast<unsigned char>(token[0]) >= 0x80 || text.back() == '\'' ||
                          static_cast<unsigned char>(text.back()) >= 0x80 || token[0] == '\'' ||
                          text.back() == token[0] || token[0] == '"' || token[0] == '`';
      if (one_in(newlines)) {
        text += pick({"\n", "\n  ", "\n\n", "\r\n", "\n\t", " -- and so on\n",
                      "\n-- SELECT x FROM y;\n", " /* it's one; */\n"});
      } else if (needed || one_in(2)) {
        text += one_in(30) ? " /* select b from c */ " : " ";
      }
    }
    text += token;
  }
  return text;
}

}  // namespace fd::testing_support
