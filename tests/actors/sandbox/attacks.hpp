#pragma once

#include <string>
#include <vector>

namespace fd {

/// A statement that does as much work in a step as its kind can.
struct CostlyStatement {
  std::string name;
  std::string sql;
};

/// Makes the tables that the statements read: numbers(n), long rows, a text of nearly
/// kOrdinaryValueBytes, one of nearly 1 MiB, and a table that is larger than the cache of pages.
extern const char* const kCostlyScript;

/// Returns statements over every function and operator that may take long within a step, with long
/// values from wherever these may come.
std::vector<CostlyStatement> costly_statements();

}  // namespace fd
