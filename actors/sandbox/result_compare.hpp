#pragma once

#include <string>
#include <string_view>

#include "actors/sandbox/sql_sandbox.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Returns whether the outermost query of `sql` has an ORDER BY of its own (not one in a subquery,
/// a window, a string or a comment).
bool has_top_level_order_by(std::string_view sql);

/// Returns whether `result` equals `gold` row by row. Requires: both are ok.
/// ordered: in the order of arrival; multiset: as multisets of rows; automatic: ordered exactly
/// when `gold_sql` has a top-level ORDER BY.
bool results_match(const SqlResult& gold, std::string_view gold_sql, const SqlResult& result,
                   MatchMode mode);

/// Returns the result's signature: hexadecimal SHA-256 of column count and sorted rows, so that
/// equal multisets have equal signatures whatever the order.
std::string result_signature(const SqlResult& result);

}  // namespace fd
