#include "actors/sandbox/result_compare.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "actors/sql/sql_text.hpp"
#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns a sum that does not depend on the order of the rows: cheap proof that multisets differ.
std::uint64_t unordered_hash(const std::vector<std::string>& rows) {
  std::uint64_t sum = 0;
  for (const std::string& row : rows) {
    sum += std::hash<std::string_view>{}(row);
  }
  return sum;
}

std::vector<std::string_view> sorted_views(const std::vector<std::string>& rows) {
  std::vector<std::string_view> views(rows.begin(), rows.end());
  std::sort(views.begin(), views.end());
  return views;
}

}  // namespace

bool has_top_level_order_by(std::string_view sql) {
  SqlTokenizer tokens(sql);
  std::int64_t depth = 0;
  bool after_order = false;
  while (const auto token = tokens.next_meaning()) {
    const bool outermost_word = token->kind == SqlTokenKind::word && depth == 0;
    if (outermost_word && after_order && equals_ignoring_case(token_text(sql, *token), "by")) {
      return true;
    }
    after_order = outermost_word && equals_ignoring_case(token_text(sql, *token), "order");
    if (token->kind == SqlTokenKind::open) {
      ++depth;
    } else if (token->kind == SqlTokenKind::close) {
      --depth;
    }
  }
  return false;
}

bool results_match(const SqlResult& gold, std::string_view gold_sql, const SqlResult& result,
                   MatchMode mode) {
  FD_CHECK(gold.status == ExecStatus::ok && result.status == ExecStatus::ok);
  if (gold.columns != result.columns || gold.rows.size() != result.rows.size()) {
    return false;
  }
  if (gold.rows == result.rows) {
    return true;
  }
  if (mode == MatchMode::ordered ||
      (mode == MatchMode::automatic && has_top_level_order_by(gold_sql))) {
    return false;
  }
  // Equal sums prove nothing, so equality is always decided on the rows themselves.
  return unordered_hash(gold.rows) == unordered_hash(result.rows) &&
         sorted_views(gold.rows) == sorted_views(result.rows);
}

std::string result_signature(const SqlResult& result) {
  std::string text = std::to_string(result.columns) + " " + std::to_string(result.rows.size());
  text += '\n';
  for (const std::string_view row : sorted_views(result.rows)) {
    text += row;
    text += '\n';
  }
  return sha256(text).hex();
}

}  // namespace fd
