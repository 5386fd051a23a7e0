#include "actors/sql/sql_begin.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "actors/sql/sql_words.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Words that begin an expression.
constexpr auto kExpressionWords = std::to_array<std::string_view>(
    {"case", "cast", "current_date", "current_time", "current_timestamp", "exists", "not", "null"});

struct Shape {
  std::string_view verb;
  std::string_view next;  ///< the word after it
};

/// Statements that are not queries are recognised so that they are refused for what they are.
constexpr auto kOtherStatements = std::to_array<Shape>(
    {{"explain", "select"},  {"explain", "query"},       {"explain", "analyze"},
     {"create", "or"},       {"create", "materialized"}, {"explain", "with"},
     {"insert", "into"},     {"insert", "or"},           {"replace", "into"},
     {"delete", "from"},     {"create", "table"},        {"create", "view"},
     {"create", "index"},    {"create", "unique"},       {"create", "trigger"},
     {"create", "temp"},     {"create", "temporary"},    {"create", "virtual"},
     {"drop", "table"},      {"drop", "view"},           {"drop", "index"},
     {"drop", "trigger"},    {"alter", "table"},         {"attach", "database"},
     {"detach", "database"}, {"vacuum", "into"}});

/// One statement's first tokens that mean something, with their text.
class Tokens {
 public:
  Tokens(std::string_view text, std::size_t at) : text_(text) {
    SqlTokenizer tokenizer(text.substr(0, at + kMaxBytes), at);
    while (list_.size() < kMaxTokens) {
      const auto token = tokenizer.next_meaning();
      if (!token || token->kind == SqlTokenKind::semicolon) {
        full_ = !token && text.size() > at + kMaxBytes;
        return;
      }
      list_.push_back(*token);
    }
    full_ = true;
  }

  /// Returns whether there are more tokens than are looked at.
  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] bool has(std::size_t i) const { return i < list_.size(); }
  [[nodiscard]] const SqlToken& at(std::size_t i) const { return list_[i]; }
  [[nodiscard]] std::string_view text(std::size_t i) const {
    return has(i) ? token_text(text_, list_[i]) : std::string_view{};
  }
  [[nodiscard]] bool is(std::size_t i, std::string_view word) const {
    return has(i) && equals_ignoring_case(text(i), word);
  }
  [[nodiscard]] bool kind(std::size_t i, SqlTokenKind kind) const {
    return has(i) && list_[i].kind == kind;
  }
  [[nodiscard]] bool adjacent(std::size_t i) const {
    return has(i + 1) && list_[i].end == list_[i + 1].begin;
  }
  /// Returns the token behind the parenthesis that opens at `i`.
  [[nodiscard]] std::size_t behind_parenthesis(std::size_t i) const {
    int depth = 0;
    for (; i < list_.size(); ++i) {
      depth += list_[i].kind == SqlTokenKind::open ? 1 : 0;
      depth -= list_[i].kind == SqlTokenKind::close ? 1 : 0;
      if (depth == 0) {
        return i + 1;
      }
    }
    return i;
  }

 private:
  static constexpr std::size_t kMaxTokens = 100;
  static constexpr std::size_t kMaxBytes =
      4096;  // a text of many beginnings is read in linear time
  std::string_view text_;
  std::vector<SqlToken> list_;
  bool full_ = false;
};

/// WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (
bool with_shape(const Tokens& tokens) {
  std::size_t i = tokens.is(1, "recursive") ? 2 : 1;
  if (!tokens.kind(i, SqlTokenKind::word) && !tokens.kind(i, SqlTokenKind::quoted)) {
    return false;
  }
  ++i;
  if (tokens.kind(i, SqlTokenKind::open)) {
    i = tokens.behind_parenthesis(i);
  }
  if (!tokens.is(i, "as")) {
    return false;
  }
  ++i;
  i += tokens.is(i, "not") ? 1 : 0;
  i += tokens.is(i, "materialized") ? 1 : 0;
  return tokens.kind(i, SqlTokenKind::open);
}

/// Returns whether the list behind SELECT begins with what is surely an expression.
bool begins_expression(const Tokens& tokens, std::size_t i) {
  switch (tokens.at(i).kind) {
    case SqlTokenKind::number:
    case SqlTokenKind::string:
    case SqlTokenKind::quoted:
    case SqlTokenKind::open:
      return true;
    case SqlTokenKind::other:
      return (tokens.is(i, "*") && !tokens.is(i + 1, "*")) ||
             ((tokens.is(i, "-") || tokens.is(i, "+") || tokens.is(i, "~")) && tokens.adjacent(i));
    case SqlTokenKind::word:
      return std::any_of(kExpressionWords.begin(), kExpressionWords.end(),
                         [&](std::string_view word) { return tokens.is(i, word); }) ||
             (tokens.kind(i + 1, SqlTokenKind::open) &&
              (tokens.adjacent(i) || !is_sentence_word(tokens.text(i))));
    default:
      return false;
  }
}

/// Returns whether names, commas and operators lead from `i` to FROM and to a table, as in
/// "a, t.b c FROM t", without three words in a row that SQL has no place for.
bool names_then_from(const Tokens& tokens, std::size_t i, bool needs_from) {
  int words_in_row = 0;
  int depth = 0;
  for (; tokens.has(i); ++i) {
    const SqlToken& token = tokens.at(i);
    depth += token.kind == SqlTokenKind::open ? 1 : 0;
    depth -= token.kind == SqlTokenKind::close ? 1 : 0;
    if (depth == 0 && tokens.is(i, "from")) {
      const bool sentence = is_sentence_word(tokens.text(i + 1));
      return !sentence &&
             (tokens.kind(i + 1, SqlTokenKind::word) || tokens.kind(i + 1, SqlTokenKind::quoted) ||
              tokens.kind(i + 1, SqlTokenKind::open));
    }
    const bool label = tokens.is(i, ":") && token.begin == tokens.at(i - 1).end;
    if (label && !tokens.adjacent(i)) {
      return false;  // "SELECT name: picks the names"
    }
    const bool plain =
        depth == 0 && token.kind == SqlTokenKind::word && !is_sql_keyword(tokens.text(i));
    words_in_row = plain ? words_in_row + 1 : 0;
    if (words_in_row == 3) {
      return false;
    }
  }
  return !needs_from || tokens.full();
}

bool select_shape(const Tokens& tokens, SqlPlace place) {
  std::size_t i = 1;
  i += tokens.is(i, "distinct") || tokens.is(i, "all") ? 1 : 0;
  if (!tokens.has(i)) {
    return false;
  }
  if (begins_expression(tokens, i)) {
    return true;
  }
  if (!tokens.kind(i, SqlTokenKind::word) || is_sentence_word(tokens.text(i))) {
    return false;
  }
  // People write SELECT in capitals only when they mean SQL; then even a broken query is one.
  return names_then_from(tokens, i, tokens.text(0) != "SELECT" || place == SqlPlace::prose);
}

bool other_shape(const Tokens& tokens) {
  if (tokens.is(0, "update")) {
    return tokens.is(2, "set") || tokens.is(4, "set");
  }
  if (tokens.is(0, "pragma")) {
    return tokens.kind(1, SqlTokenKind::word) &&
           (tokens.size() == 2 || tokens.is(2, "=") || tokens.is(2, "(") || tokens.is(2, "."));
  }
  if (tokens.is(0, "attach")) {
    return tokens.kind(1, SqlTokenKind::string) || tokens.is(1, "database");
  }
  if (tokens.is(0, "vacuum")) {
    return tokens.size() == 1 || tokens.is(1, "into");
  }
  return !is_sentence_word(tokens.text(2)) &&
         std::any_of(kOtherStatements.begin(), kOtherStatements.end(), [&](const Shape& shape) {
           return tokens.is(0, shape.verb) && tokens.is(1, shape.next);
         });
}

bool word_begins(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return false;
  }
  const auto is_part = [](char c) { return is_ascii_alphanumeric(c) || c == '_'; };
  return is_part(text[at]) && (at == 0 || !is_part(text[at - 1]));
}

/// Cheap first look: most words of a text begin no statement.
bool may_begin(std::string_view verb) {
  constexpr auto kVerbs = std::to_array<std::string_view>(
      {"alter", "attach", "create", "delete", "detach", "drop", "explain", "insert", "pragma",
       "replace", "select", "update", "vacuum", "values", "with"});
  return std::any_of(kVerbs.begin(), kVerbs.end(),
                     [&](std::string_view one) { return equals_ignoring_case(verb, one); });
}

/// More than the longest verb: a longer word is none.
constexpr std::size_t kMaxVerb = 16;

}  // namespace

bool sql_begins(std::string_view text, std::size_t at, SqlPlace place) {
  if (!word_begins(text, at)) {
    return false;
  }
  const std::string_view verb =
      token_text(text, *SqlTokenizer(text.substr(0, at + kMaxVerb), at).next());
  if (!may_begin(verb)) {
    return false;
  }
  const std::string_view behind = text.substr(at + verb.size(), 1);
  if (at > 0 && behind == text.substr(at - 1, 1) &&
      std::string_view("`\"'*").find(text[at - 1]) != std::string_view::npos) {
    return false;  // "`SELECT` picks the columns"
  }
  if (equals_ignoring_case(verb, "select")) {
    const Tokens tokens(text, at);
    return select_shape(tokens, place) || (place == SqlPlace::given && verb == "SELECT" &&
                                           tokens.size() > 1 && !tokens.is(2, ":"));
  }
  if (equals_ignoring_case(verb, "with")) {
    return with_shape(Tokens(text, at));
  }
  if (verb == "VALUES" || (place != SqlPlace::prose && equals_ignoring_case(verb, "values"))) {
    return Tokens(text, at).kind(1, SqlTokenKind::open);
  }
  if (place == SqlPlace::prose) {
    return false;
  }
  return other_shape(Tokens(text, at));
}

bool is_query(std::string_view statement) {
  const auto verb = SqlTokenizer(statement).next_meaning();
  constexpr auto kVerbs = std::to_array<std::string_view>({"select", "values", "with"});
  return verb && std::any_of(kVerbs.begin(), kVerbs.end(), [&](std::string_view one) {
           return equals_ignoring_case(token_text(statement, *verb), one);
         });
}

}  // namespace fd
