#include "tests/actors/sandbox/attacks.hpp"

namespace fd {
namespace {

/// Where a long text `t.s` comes from.
struct Source {
  const char* name;
  std::string with;   ///< in front of the SELECT
  std::string table;  ///< named t, with a column s
};

std::vector<Source> sources() {
  const std::string doubled =
      "WITH RECURSIVE d(s, k) AS (SELECT '12345678', 0 UNION ALL SELECT s || s, k + 1 FROM d "
      "WHERE k < 11), t(s) AS (SELECT s FROM d WHERE k = 11) ";
  return {
      {"column", "", "(SELECT x AS s FROM large LIMIT 1) t"},
      {"joined", doubled, "t"},
      {"hex", "", "(SELECT hex(substr(x, 1, 16000)) AS s FROM large LIMIT 1) t"},
      {"literal", "", "(SELECT '" + std::string(8000, '7') + "' AS s) t"},
      {"megabyte", "", "(SELECT x AS s FROM huge LIMIT 1) t"},
  };
}

/// Expressions over `t.s`, each in a form that depends on the innermost loop (`b.n`).
const std::vector<CostlyStatement>& expressions() {
  static const std::vector<CostlyStatement> list = {
      {"abs", "abs(t.s) = b.n"},
      {"char", "length(char(b.n, b.n, b.n)) = length(t.s)"},
      {"date", "date(t.s, b.n || ' days') = t.s"},
      {"datetime", "datetime(b.n, t.s) = t.s"},
      {"glob", "t.s GLOB '*a*b*c*d*e*' || b.n"},
      {"hex", "hex(t.s) = b.n"},
      {"instr", "instr(t.s, 'zz' || b.n) = b.n"},
      {"instr long", "instr(t.s, substr(t.s, 2) || b.n) = b.n"},
      {"julianday", "julianday(t.s) = b.n"},
      {"length", "length(t.s) = b.n"},
      {"like", "t.s LIKE '%a%b%c%d%e%' || b.n"},
      {"like escape", "t.s LIKE '%a%b%c%d%e%' || b.n ESCAPE '!'"},
      {"lower", "lower(t.s) = b.n"},
      {"ltrim", "ltrim(t.s) = b.n"},
      {"ltrim set", "ltrim(t.s, t.s) = b.n"},
      {"min", "min(t.s, t.s, b.n) = b.n"},
      {"max nocase", "max(t.s COLLATE NOCASE, t.s, b.n) = b.n"},
      {"nullif", "nullif(t.s, t.s) = b.n"},
      {"octets", "length(CAST(t.s AS BLOB)) = b.n"},
      {"quote", "quote(t.s) = b.n"},
      {"replace", "replace(t.s, 'q', b.n) = b.n"},
      {"replace all", "replace(t.s, '1', '23') = b.n"},
      {"replace long", "replace(t.s, substr(t.s, 2) || b.n, '') = b.n"},
      {"round", "round(t.s) = b.n"},
      {"round digits", "round(t.s, t.s) = b.n"},
      {"rtrim", "rtrim(t.s) = b.n"},
      {"sign", "sign(t.s) = b.n"},
      {"sin", "sin(t.s) = b.n"},
      {"pow", "pow(t.s, t.s) = b.n"},
      {"strftime", "strftime('%J%J%J%J%J%J%J%J%J%J', b.n) = t.s"},
      {"strftime long", "strftime(t.s, b.n) = b.n"},
      {"strftime many", "strftime(replace(t.s, substr(t.s, 1, 1), '%f'), b.n) = b.n"},
      {"substr", "substr(t.s, b.n) = b.n"},
      {"substr end", "substr(t.s, -1) = b.n"},
      {"time", "time(t.s) = b.n"},
      {"trim", "trim(t.s) = b.n"},
      {"trim set", "trim(t.s, substr(t.s, 2) || b.n) = b.n"},
      {"unicode", "unicode(t.s) = b.n"},
      {"unixepoch", "unixepoch(t.s) = b.n"},
      {"upper", "upper(t.s) = b.n"},
      {"upper joined", "upper(t.s || b.n) = b.n"},
      {"nested", "upper(lower(upper(lower(upper(lower(t.s)))))) = b.n"},
      {"nested 2", "length(hex(substr(trim(upper(t.s)), 2))) = b.n"},
      {"plus", "t.s + b.n = t.s + t.s"},
      {"times", "t.s * t.s = t.s * b.n"},
      {"modulo", "t.s % b.n = t.s % 7"},
      {"and bits", "(t.s & b.n) = ~t.s"},
      {"shift", "t.s << b.n = b.n >> t.s"},
      {"minus sign", "-t.s = b.n"},
      {"cast number", "CAST(t.s AS INTEGER) = CAST(t.s AS REAL) + b.n"},
      {"cast text", "CAST(CAST(t.s AS BLOB) AS TEXT) = b.n"},
      {"truth", "NOT (b.n AND t.s AND t.s AND t.s) AND t.s"},
      {"case", "CASE WHEN t.s THEN b.n WHEN NOT t.s THEN 1 END < 0"},
      {"less", "t.s < t.s AND b.n"},
      {"less number", "b.n + 0 > t.s"},
      {"nocase", "t.s < t.s || b.n COLLATE NOCASE"},
      {"rtrim collation", "t.s < t.s || b.n COLLATE RTRIM"},
      {"join text", "t.s || b.n = t.s || 'x'"},
      {"in", "t.s IN (t.s || b.n, t.s || 'x', b.n)"},
      {"between", "t.s BETWEEN t.s || b.n AND t.s || 'z'"},
      {"coalesce", "coalesce(NULL, t.s, b.n) = b.n"},
      {"is", "t.s IS NOT t.s || b.n AND b.n < 0"},
  };
  return list;
}

/// What works on many rows at once.
std::vector<CostlyStatement> over_rows() {
  const std::string t = "(SELECT x AS s FROM large LIMIT 1) t, numbers a, numbers b";
  const std::string d =
      "(SELECT hex(substr(x, 1, 16000)) AS s FROM large LIMIT 1) t, numbers a, numbers b";
  return {
      {"plain cross join",
       "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.n < b.n + c.n"},
      {"plain recursion",
       "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"},
      {"real to text",
       "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.n * 1.1e300 || '' = b.n"},
      {"round real",
       "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE round(a.n * 1.1e300, 30) = b.n"},
      {"quote real",
       "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE quote(a.n / 3e-300) = b.n"},
      {"strftime plain",
       "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE strftime('%Y-%m-%d %H:%M:%f', "
       "b.n, '+1 month', 'start of year', 'weekday 1') = c.n"},
      {"sort in place",
       "SELECT sum((SELECT max(r) FROM (SELECT rowid AS r FROM rows WHERE rowid > a.n * 0 ORDER BY "
       "s DESC LIMIT 1900))) FROM numbers a"},
      {"sort nocase",
       "SELECT sum((SELECT max(r) FROM (SELECT rowid AS r FROM rows WHERE rowid > a.n * 0 ORDER BY "
       "s COLLATE NOCASE DESC LIMIT 1900))) FROM numbers a"},
      {"sort rtrim",
       "SELECT sum((SELECT max(r) FROM (SELECT rowid AS r FROM rows WHERE rowid > a.n * 0 ORDER BY "
       "s COLLATE RTRIM DESC LIMIT 1900))) FROM numbers a"},
      {"sort large",
       "SELECT sum((SELECT count(*) FROM (SELECT t.x FROM large t, numbers b WHERE b.n < 100 AND "
       "a.n ORDER BY t.x || b.n))) FROM numbers a"},
      {"distinct", "SELECT sum((SELECT count(DISTINCT s || a.n) FROM rows)) FROM numbers a"},
      {"distinct large",
       "SELECT sum((SELECT count(DISTINCT x || b.n || a.n) FROM large, numbers b WHERE b.n < 200)) "
       "FROM numbers a"},
      {"group by",
       "SELECT sum((SELECT max(c) FROM (SELECT count(*) AS c FROM rows WHERE rowid > a.n * 0 GROUP "
       "BY s))) FROM numbers a"},
      {"union",
       "SELECT sum((SELECT count(*) FROM (SELECT s || a.n AS s FROM rows UNION SELECT x FROM "
       "rows))) FROM numbers a"},
      {"except",
       "SELECT sum((SELECT count(*) FROM (SELECT s || a.n AS s FROM rows EXCEPT SELECT s FROM "
       "rows))) FROM numbers a"},
      {"window",
       "SELECT sum((SELECT max(length(w)) FROM (SELECT max(s) OVER (ORDER BY rowid ROWS 9 "
       "PRECEDING) AS w FROM rows WHERE rowid > a.n * 0))) FROM numbers a"},
      {"lag",
       "SELECT sum((SELECT max(length(w)) FROM (SELECT lag(s, 3) OVER (ORDER BY x) AS w FROM rows "
       "WHERE rowid > a.n * 0))) FROM numbers a"},
      {"group_concat",
       "SELECT max(length(g)) FROM (SELECT group_concat(b.n) AS g FROM numbers a, numbers b, "
       "numbers c GROUP BY a.n, c.n)"},
      {"group_concat window",
       "SELECT max(length(g)) FROM (SELECT group_concat(b.n) OVER (ORDER BY a.n, b.n ROWS 5000 "
       "PRECEDING) AS g FROM numbers a, numbers b)"},
      {"sum column", "SELECT sum(t.s), avg(t.s), total(t.s) FROM " + t},
      {"sum digits", "SELECT sum(t.s), avg(t.s), total(t.s) FROM " + d},
      {"min and max", "SELECT min(t.s), max(t.s || b.n) FROM " + t},
      {"count distinct", "SELECT count(DISTINCT t.s || b.n) FROM " + t},
      {"cross join of rows", "SELECT count(*) FROM rows a, rows b WHERE a.s < b.x"},
      {"cross join equal", "SELECT count(*) FROM rows a, rows b WHERE a.s = b.s || ''"},
      {"cross join nocase", "SELECT count(*) FROM rows a, rows b WHERE a.s = b.x COLLATE NOCASE"},
      {"cross join like", "SELECT count(*) FROM rows a, rows b WHERE a.s LIKE '%b%' || b.rowid"},
      {"cross join upper", "SELECT count(*) FROM rows a, rows b WHERE upper(a.s) = b.x"},
      {"not exists upper",
       "SELECT count(*) FROM rows a WHERE NOT EXISTS (SELECT 1 FROM rows b WHERE upper(b.s) = "
       "upper(a.x) || '!')"},
      {"three joins", "SELECT count(upper(a.x || b.rowid)) FROM rows a, rows b, rows c"},
      {"cross join large",
       "SELECT count(*) FROM large a, numbers b, large c WHERE a.x < c.x || b.n"},
      {"pages at random",
       "SELECT sum(length(p.pad)) FROM numbers a, numbers b, pages p WHERE p.k = (a.n * 7919 + b.n "
       "* 104729) % 40000"},
      {"pages without values",
       "SELECT count(*) FROM numbers a, numbers b, pages p WHERE p.k = (a.n * 7919 + b.n * 104729) "
       "% 40000"},
      {"scans", "SELECT count(p.pad) FROM numbers a, pages p"},
      {"megabytes", "SELECT count(*) FROM numbers a, numbers b, huge WHERE huge.x || a.n = b.n"},
      {"megabytes read",
       "SELECT max(substr(huge.x, a.n, 5) || b.n) FROM numbers a, numbers b, huge"},
      {"ctes",
       "WITH a AS (SELECT s FROM rows), b AS (SELECT a.s || c.s AS s FROM a, a c) SELECT max(s) "
       "FROM b"},
  };
}

}  // namespace

const char* const kCostlyScript =
    "CREATE TABLE numbers(n INTEGER);"
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)"
    "  INSERT INTO numbers SELECT n FROM c;"
    "CREATE TABLE rows(s TEXT, x TEXT);"
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000)"
    "  INSERT INTO rows SELECT replace(hex(zeroblob(1500)), '0', 'x') || n,"
    "    replace(hex(zeroblob(1500)), '0', 'X') || n FROM c;"
    "CREATE TABLE large(x TEXT);"
    "INSERT INTO large VALUES (replace(hex(zeroblob(16000)), '0', 'y'));"
    "CREATE TABLE huge(x TEXT);"
    "INSERT INTO huge VALUES (replace(hex(zeroblob(500000)), '0', 'z'));"
    "CREATE TABLE pages(k INTEGER PRIMARY KEY, pad TEXT);"
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 39999)"
    "  INSERT INTO pages SELECT n, replace(hex(zeroblob(300)), '0', 'p') FROM c;";

std::vector<CostlyStatement> costly_statements() {
  std::vector<CostlyStatement> all = over_rows();
  for (const Source& source : sources()) {
    for (const CostlyStatement& expression : expressions()) {
      all.push_back({expression.name + ", " + source.name,
                     source.with + "SELECT count(*) FROM " + source.table +
                         ", numbers a, numbers b, numbers c WHERE " + expression.sql});
    }
  }
  return all;
}

}  // namespace fd
