#include "actors/sql/sql_words.hpp"

#include <algorithm>
#include <array>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view one) { return equals_ignoring_case(word, one); });
}

constexpr auto kKeywords = std::to_array<std::string_view>(
    {"all",     "and",     "as",      "asc",     "between",   "by",        "case",
     "cast",    "collate", "cross",   "desc",    "distinct",  "else",      "end",
     "escape",  "except",  "exists",  "filter",  "from",      "full",      "glob",
     "group",   "having",  "in",      "indexed", "inner",     "intersect", "is",
     "isnull",  "join",    "left",    "like",    "limit",     "match",     "materialized",
     "natural", "not",     "notnull", "null",    "nulls",     "offset",    "on",
     "or",      "order",   "outer",   "over",    "partition", "recursive", "regexp",
     "right",   "select",  "then",    "union",   "using",     "values",    "when",
     "where",   "window",  "with"});

/// The keywords that can be the last word of a statement.
constexpr auto kLastWords =
    std::to_array<std::string_view>({"asc", "desc", "end", "indexed", "isnull", "notnull", "null"});

constexpr auto kClauseWords = std::to_array<std::string_view>(
    {"and",   "cross",     "except", "from",  "full",  "group",   "having",
     "inner", "intersect", "join",   "left",  "limit", "natural", "offset",
     "on",    "or",        "order",  "right", "union", "where",   "window"});

constexpr auto kAliasFollowers = std::to_array<std::string_view>(
    {"cross", "except",    "from",  "full",  "group", "having",  "indexed",
     "inner", "intersect", "join",  "left",  "limit", "natural", "not",
     "on",    "order",     "right", "union", "using", "where",   "window"});

constexpr auto kSentenceWords = std::to_array<std::string_view>(
    {"an",    "any",  "clause", "each",    "every", "from",      "it",         "its",   "my",
     "only",  "our",  "query",  "queries", "some",  "statement", "statements", "that",  "the",
     "their", "them", "these",  "this",    "those", "to",        "what",       "which", "your"});

struct Pair {
  std::string_view first;
  std::string_view second;  ///< empty: any
};

constexpr auto kForeignClauses = std::to_array<Pair>(
    {{"fetch", "first"}, {"fetch", "next"},    {"for", "update"},   {"for", "share"},
     {"for", "json"},    {"for", "xml"},       {"lateral", "view"}, {"outer", "apply"},
     {"cross", "apply"}, {"sample", "system"}, {"qualify", ""},     {"tablesample", ""},
     {"with", "rollup"}, {"with", "ties"},     {"option", "("},     {"connect", "by"},
     {"start", "with"},  {"distribute", "by"}, {"cluster", "by"},   {"sort", "by"},
     {"into", "outfile"}});

}  // namespace

bool is_sql_keyword(std::string_view word) {
  return is_one_of(word, kKeywords);
}

bool is_clause_word(std::string_view word) {
  return is_one_of(word, kClauseWords);
}

bool follows_alias(std::string_view word) {
  return is_one_of(word, kAliasFollowers);
}

bool may_end_after(std::string_view text, const SqlToken& token) {
  const std::string_view one = token_text(text, token);
  switch (token.kind) {
    case SqlTokenKind::word:
      return !is_sql_keyword(one) || is_one_of(one, kLastWords);
    case SqlTokenKind::number:
    case SqlTokenKind::string:
    case SqlTokenKind::quoted:
    case SqlTokenKind::close:
      return true;
    default:
      return false;
  }
}

bool is_sentence_word(std::string_view word) {
  return is_one_of(word, kSentenceWords);
}

bool is_all_capitals(std::string_view word) {
  return std::count_if(word.begin(), word.end(), is_ascii_letter) > 1 &&
         std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool foreign_clause_begins(std::string_view text, std::size_t at) {
  SqlTokenizer tokens(text.substr(0, at + 128), at);
  const auto first = tokens.next_meaning();
  const auto second = tokens.next_meaning();
  if (!first || !second) {
    return false;
  }
  return std::any_of(kForeignClauses.begin(), kForeignClauses.end(), [&](const Pair& pair) {
    return equals_ignoring_case(token_text(text, *first), pair.first) &&
           (pair.second.empty() || equals_ignoring_case(token_text(text, *second), pair.second));
  });
}

}  // namespace fd
