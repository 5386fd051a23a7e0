#include "actors/sandbox/error_class.hpp"

#include <array>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

struct Rule {
  std::string_view begin;  ///< the message begins so
  std::string_view end;    ///< and ends so
  std::string_view name;
};

// Messages quote names of the statement in the middle or at the end, so a rule looks at the
// beginning, and at the end only where SQLite's own words stand there.
constexpr std::array kRules{
    Rule{"near \"", ": syntax error", "syntax_error"},
    Rule{"incomplete input", "", "syntax_error"},
    Rule{"unrecognized token", "", "syntax_error"},
    Rule{"hex literal too big", "", "syntax_error"},
    Rule{"no such table", "", "no_such_table"},
    Rule{"no such column", "", "no_such_column"},
    Rule{"no such function", "", "no_such_function"},
    Rule{"no such collation sequence", "", "no_such_collation"},
    Rule{"no such module", "", "no_such_module"},
    Rule{"no such window", "", "misuse"},
    Rule{"ambiguous column name", "", "ambiguous_column"},
    Rule{"ambiguous reference to ", "", "ambiguous_column"},
    Rule{"wrong number of arguments to function", "", "wrong_arg_count"},
    Rule{"too many arguments on function", "", "wrong_arg_count"},
    Rule{"datatype mismatch", "", "type_mismatch"},
    Rule{"integer overflow", "", "overflow"},
    Rule{"sub-select returns ", "", "column_count"},
    Rule{"SELECTs to the left and right of ", "", "column_count"},
    Rule{"IN(...) element has ", "", "column_count"},
    Rule{"expected ", "", "column_count"},
    Rule{"all VALUES must have the same number of terms", "", "column_count"},
    Rule{"table ", " columns", "column_count"},
    Rule{"misuse of ", "", "misuse"},
    Rule{"row value misused", "", "misuse"},
    Rule{"aggregate functions are not allowed in ", "", "misuse"},
    Rule{"a GROUP BY clause is required before HAVING", "", "misuse"},
    Rule{"HAVING clause on a non-aggregate query", "", "misuse"},
    Rule{"ORDER BY clause should come after ", "", "misuse"},
    Rule{"LIMIT clause should come after ", "", "misuse"},
    Rule{"DISTINCT aggregates must have exactly one argument", "", "misuse"},
    Rule{"ESCAPE expression must be a single character", "", "misuse"},
    Rule{"no tables specified", "", "misuse"},
    Rule{"cannot join using column ", "", "no_such_column"},
    Rule{"circular reference: ", "", "misuse"},
    Rule{"multiple references to recursive table", "", "misuse"},
    Rule{"multiple recursive references", "", "misuse"},
    Rule{"recursive ", "", "misuse"},
    Rule{"cannot use window functions in recursive queries", "", "misuse"},
    Rule{"ON clause references tables to its right", "", "misuse"},
    Rule{"a NATURAL join may not have ", "", "misuse"},
    Rule{"a JOIN clause is required before ", "", "misuse"},
    Rule{"FILTER ", "", "misuse"},
    Rule{"DISTINCT is not supported for window functions", "", "misuse"},
    Rule{"RANGE with offset ", "", "misuse"},
    Rule{"frame ", "", "misuse"},
    Rule{"unsupported frame specification", "", "misuse"},
    Rule{"argument of ntile must be ", "", "misuse"},
    Rule{"second argument to nth_value must be ", "", "misuse"},
    Rule{"string or blob too big", "", "too_big"},
    Rule{"too many ", "", "too_complex"},
    Rule{"Expression tree is too large", "", "too_complex"},
    Rule{"parser stack overflow", "", "too_complex"},
    Rule{"LIKE or GLOB pattern too complex", "", "too_complex"},
    Rule{"at most ", "", "too_complex"},
    Rule{"out of memory", "", "out_of_memory"},
    Rule{"interrupted", "", "interrupted"},
    Rule{"database disk image is malformed", "", "corrupt"},
    Rule{"malformed database schema", "", "corrupt"},
    Rule{"not authorized", "", "denied"},
    Rule{"unsafe use of ", "", "denied"},
    Rule{"", "() may not be used as a window function", "misuse"},
    Rule{"'", "' is not a function", "misuse"},
};

}  // namespace

std::string_view sql_error_class(std::string_view message) {
  for (const Rule& rule : kRules) {
    if (message.substr(0, rule.begin.size()) == rule.begin &&
        message.size() >= rule.begin.size() + rule.end.size() &&
        message.substr(message.size() - rule.end.size()) == rule.end) {
      return rule.name;
    }
  }
  // "1st ORDER BY term out of range", "2nd GROUP BY term out of range".
  if (!message.empty() && is_ascii_digit(message.front()) &&
      message.find(" BY term ") != std::string_view::npos) {
    return "misuse";
  }
  return "other";
}

}  // namespace fd
