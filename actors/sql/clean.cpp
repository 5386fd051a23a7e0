#include "actors/sql/clean.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "actors/sql/fences.hpp"
#include "actors/sql/reasoning.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/sql/statement.hpp"

namespace fd {
namespace {

using Kind = SqlFound::Kind;

std::string outside_rule(SqlLead lead) {
  return lead == SqlLead::nothing ? "whole" : lead == SqlLead::label ? "label" : "keyword";
}

/// What a part of an answer has, in the order of what is preferred.
class Choice {
 public:
  /// Returns whether the search is over: a query was found, or one that is refused.
  bool offer(SqlFound found, std::string rule) {
    if (found.kind == Kind::none || (chosen_ && !found.query)) {
      return false;
    }
    chosen_ = found.kind == Kind::refused ? Cleaned{"", "none"}
                                          : Cleaned{std::move(found.text), std::move(rule)};
    return found.query;
  }
  /// The query; else the first other statement, for the sandbox to refuse for what it is.
  std::optional<Cleaned> take() { return std::move(chosen_); }

 private:
  std::optional<Cleaned> chosen_;
};

/// Returns the statement of a part of an answer: the last fence that has a query, SQL ones first;
/// else what stands outside of fences; else a fence that says it is SQL, for the sandbox to judge.
/// Returns nothing when no SQL is there, and a text without a statement when it is refused.
std::optional<Cleaned> clean_part(std::string_view part) {
  const std::string text = without_quotation(part);
  const FencedText split = split_fences(text);
  Choice choice;
  for (const bool sql_info : {true, false}) {
    std::string_view behind;  // the block behind
    for (auto fence = split.fences.rbegin(); fence != split.fences.rend(); ++fence) {
      const SqlRegion region = fence->closed ? SqlRegion::closed : SqlRegion::open;
      if (fence->may_be_sql() != sql_info) {
        continue;
      }
      SqlFound found = find_statement(fence->content, region);
      if (found.kind == Kind::found && holds_clause(behind, found.text)) {
        found = {Kind::refused, "", found.lead, found.query};
      }
      if (choice.offer(std::move(found), "fence")) {
        return choice.take();
      }
      behind = fence->content;
    }
  }
  SqlFound outside = find_statement(split.outside, SqlRegion::open);
  std::string rule = outside_rule(outside.lead);
  choice.offer(std::move(outside), std::move(rule));
  if (auto chosen = choice.take()) {
    return chosen;
  }
  for (auto fence = split.fences.rbegin(); fence != split.fences.rend(); ++fence) {
    if (fence->closed && !fence->info.empty() && fence->may_be_sql() &&
        !is_blank_sql(fence->content)) {
      return Cleaned{std::string(trim_sql(fence->content)), "fence"};
    }
  }
  return std::nullopt;
}

}  // namespace

Cleaned clean_sql(std::string_view answer) {
  const std::vector<std::string_view> parts = answer_parts(answer);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->size() > kMaxSearchedBytes) {
      break;
    }
    if (auto cleaned = clean_part(*part)) {
      return *std::move(cleaned);
    }
    // Half of a statement that a mark cuts is no statement.
    if (holds_clause(*part, "")) {
      break;
    }
  }
  return {"", "none"};
}

}  // namespace fd
