#include "actors/sql/sql_answer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "actors/sql/sql_text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view one) { return equals_ignoring_case(word, one); });
}

/// Words that stand between names in SQL. Three words in a row that are not among them are prose.
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"all",     "and",       "as",      "asc",       "between",   "by",     "case",   "cast",
     "collate", "cross",     "desc",    "distinct",  "else",      "end",    "escape", "except",
     "exists",  "filter",    "from",    "full",      "glob",      "group",  "having", "in",
     "inner",   "intersect", "is",      "isnull",    "join",      "left",   "like",   "limit",
     "natural", "not",       "notnull", "null",      "nulls",     "offset", "on",     "or",
     "order",   "outer",     "over",    "partition", "recursive", "right",  "select", "then",
     "union",   "using",     "values",  "when",      "where",     "window", "with"});

/// Words after which a statement cannot end.
constexpr auto kOpenWords = std::to_array<std::string_view>(
    {"all",    "and",    "as",     "between", "by",        "case",   "distinct", "else",
     "except", "from",   "having", "in",      "intersect", "is",     "join",     "like",
     "limit",  "not",    "on",     "or",      "over",      "select", "then",     "union",
     "using",  "values", "when",   "where",   "with"});

/// Words that begin an expression.
constexpr auto kExpressionWords = std::to_array<std::string_view>(
    {"case", "cast", "current_date", "current_time", "current_timestamp", "exists", "not", "null"});

/// Words that follow "select" or "from" in a sentence and are no names.
constexpr auto kSentenceWords = std::to_array<std::string_view>(
    {"an",    "any",  "clause", "each",    "every", "from",      "it",         "its",   "my",
     "only",  "our",  "query",  "queries", "some",  "statement", "statements", "that",  "the",
     "their", "them", "these",  "this",    "those", "to",        "what",       "which", "your"});

struct Shape {
  std::string_view verb;
  std::string_view next;  ///< the word after it
};

/// Statements that are not queries are recognised so that they are refused for what they are.
constexpr auto kOtherStatements = std::to_array<Shape>(
    {{"explain", "select"},  {"explain", "query"},    {"explain", "with"},   {"insert", "into"},
     {"insert", "or"},       {"replace", "into"},     {"delete", "from"},    {"create", "table"},
     {"create", "view"},     {"create", "index"},     {"create", "unique"},  {"create", "trigger"},
     {"create", "temp"},     {"create", "temporary"}, {"create", "virtual"}, {"drop", "table"},
     {"drop", "view"},       {"drop", "index"},       {"drop", "trigger"},   {"alter", "table"},
     {"attach", "database"}, {"detach", "database"},  {"vacuum", "into"}});

bool is_word(const SqlToken& token) {
  return token.kind == SqlTokenKind::word;
}

/// One statement's first tokens that mean something, with their text.
class Tokens {
 public:
  Tokens(std::string_view text, std::size_t at) : text_(text) {
    SqlTokenizer tokenizer(text, at);
    std::optional<SqlToken> token;
    while (list_.size() < kMaxTokens && (token = tokenizer.next_meaning())) {
      if (token->kind == SqlTokenKind::semicolon) {
        break;
      }
      list_.push_back(*token);
    }
  }

  /// Returns whether there are more tokens than are looked at.
  [[nodiscard]] bool full() const { return list_.size() == kMaxTokens; }
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
  std::string_view text_;
  std::vector<SqlToken> list_;
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
      return is_one_of(tokens.text(i), kExpressionWords) ||
             (tokens.kind(i + 1, SqlTokenKind::open) &&
              (tokens.adjacent(i) || !is_one_of(tokens.text(i), kSentenceWords)));
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
      const bool sentence = is_one_of(tokens.text(i + 1), kSentenceWords);
      return !sentence &&
             (tokens.kind(i + 1, SqlTokenKind::word) || tokens.kind(i + 1, SqlTokenKind::quoted) ||
              tokens.kind(i + 1, SqlTokenKind::open));
    }
    const bool plain = is_word(token) && !is_one_of(tokens.text(i), kKeywords);
    words_in_row = plain ? words_in_row + 1 : 0;
    if (words_in_row == 3) {
      return false;
    }
  }
  return !needs_from || tokens.full();
}

bool select_shape(const Tokens& tokens) {
  std::size_t i = 1;
  i += tokens.is(i, "distinct") || tokens.is(i, "all") ? 1 : 0;
  if (!tokens.has(i)) {
    return false;
  }
  if (begins_expression(tokens, i)) {
    return true;
  }
  if (!tokens.kind(i, SqlTokenKind::word) || is_one_of(tokens.text(i), kSentenceWords)) {
    return false;
  }
  // People write SELECT in capitals only when they mean SQL; then even a broken query is one.
  return names_then_from(tokens, i, tokens.text(0) != "SELECT");
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
  return std::any_of(kOtherStatements.begin(), kOtherStatements.end(), [&](const Shape& shape) {
    return tokens.is(0, shape.verb) && tokens.is(1, shape.next);
  });
}

bool word_begins(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return false;
  }
  const auto is_part = [](char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '$'; };
  return is_part(text[at]) && (at == 0 || !is_part(text[at - 1]));
}

/// Cheap first look: most words of a text begin no statement.
bool may_begin(std::string_view text, std::size_t at) {
  return std::string_view("sSwWvVeEiIrRdDcCaAuUpP").find(text[at]) != std::string_view::npos;
}

}  // namespace

bool sql_begins(std::string_view text, std::size_t at, SqlPlace place) {
  if (!word_begins(text, at) || !may_begin(text, at)) {
    return false;
  }
  SqlTokenizer first(text, at);
  const std::string_view verb = token_text(text, *first.next());
  if (equals_ignoring_case(verb, "select")) {
    const Tokens tokens(text, at);
    return select_shape(tokens) ||
           (place == SqlPlace::given && verb == "SELECT" && tokens.size() > 1);
  }
  if (equals_ignoring_case(verb, "with")) {
    return with_shape(Tokens(text, at));
  }
  const Tokens tokens(text, at);
  if (equals_ignoring_case(verb, "values")) {
    return tokens.kind(1, SqlTokenKind::open);
  }
  return other_shape(tokens);
}

namespace {

/// Returns whether the line that begins at `at` is prose behind a statement.
bool prose_begins(std::string_view text, std::size_t at, bool after_blank_line) {
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  if (line.substr(0, 2) == "**" || line.substr(0, 1) == "#") {
    return true;
  }
  if (after_blank_line && (line.substr(0, 2) == "- " || line.substr(0, 2) == "* ")) {
    return true;
  }
  SqlTokenizer tokens(line);
  int words_in_row = 0;
  std::size_t count = 0;
  std::optional<SqlToken> token;
  while ((token = tokens.next_meaning())) {
    const std::string_view one = token_text(line, *token);
    if (token->kind != SqlTokenKind::word) {
      // "Explanation:", "The result:"; and the apostrophe of "doesn't", which is no blob's x'00'.
      const bool label = one == ":" && count == static_cast<std::size_t>(words_in_row) && count > 0;
      const bool apostrophe = token->kind == SqlTokenKind::string && words_in_row > 0 &&
                              token->begin > 1 && line[token->begin - 1] != ' ' &&
                              !equals_ignoring_case(line.substr(token->begin - 1, 1), "x");
      return label || apostrophe;
    }
    const bool keyword = is_one_of(one, kKeywords);
    if (count == 0 && after_blank_line && !keyword) {
      return true;
    }
    words_in_row = keyword ? 0 : words_in_row + 1;
    ++count;
    if (words_in_row == 3) {
      return true;
    }
  }
  return false;
}

bool may_end_after(std::string_view text, const SqlToken& token) {
  if (token.kind == SqlTokenKind::word) {
    return !is_one_of(token_text(text, token), kOpenWords);
  }
  return token.kind != SqlTokenKind::other || token_text(text, token) == "*";
}

bool has_blank_line(std::string_view space) {
  return std::count(space.begin(), space.end(), '\n') > 1;
}

/// Returns whether the quote at `at` closes what wraps the statement, rather than opening a
/// literal: a literal has a blank or an operator in front of it.
bool closes_wrapper(std::string_view text, std::size_t at, char wrapper) {
  return wrapper != '\0' && text[at] == wrapper &&
         std::string_view(" \t\n(,.=<>|").find(text[at - 1]) == std::string_view::npos;
}

/// In "`SELECT a FROM `t``" the last two marks close the name and the wrapper: a tokenizer takes
/// them for a doubled mark inside the name. Returns where the second of them stands, or 0.
std::size_t closing_pair(std::string_view text, const SqlToken& token, char wrapper) {
  if (wrapper == '\0' || text[token.begin] != wrapper || (token.closed && wrapper != '`')) {
    return 0;
  }
  const std::string_view one = token_text(text, token).substr(1);
  const std::size_t pair = one.find(std::string(2, wrapper));
  return pair == std::string_view::npos ? 0 : token.begin + pair + 2;
}

/// Returns whether the statement ends in front of `token`, for what the token itself is.
bool ends_before(std::string_view text, const SqlToken& token, int depth, char wrapper) {
  const std::string_view rest = text.substr(token.begin);
  if (rest.substr(0, 3) == "```" || rest.substr(0, 3) == "~~~" ||
      closes_wrapper(text, token.begin, wrapper)) {
    return true;
  }
  if (token.kind == SqlTokenKind::string || token.kind == SqlTokenKind::quoted) {
    return !token.closed && trim_sql(rest.substr(1)).empty();
  }
  if (depth > 0) {
    return false;
  }
  const std::string_view pair = rest.substr(0, 2);
  const bool period = rest[0] == '.' && (rest.size() == 1 || rest[1] == ' ' || rest[1] == '\n');
  return token.kind == SqlTokenKind::semicolon || token.kind == SqlTokenKind::close ||
         pair == "</" || pair == "<|" || period;
}

}  // namespace

std::size_t sql_end(std::string_view text, std::size_t at, char wrapper) {
  SqlTokenizer tokens(text, at);
  int depth = 0;
  SqlToken last;
  while (const auto token = tokens.next()) {
    if (const std::size_t closing = closing_pair(text, *token, wrapper); closing != 0) {
      return closing;
    }
    if (token->begin > at && ends_before(text, *token, depth, wrapper)) {
      return token->begin;
    }
    if (token->kind == SqlTokenKind::comment) {
      continue;
    }
    const std::string_view one = token_text(text, *token);
    if (token->kind == SqlTokenKind::space) {
      if (depth == 0 && one.find('\n') != std::string_view::npos && may_end_after(text, last) &&
          prose_begins(text, token->end, has_blank_line(one))) {
        return token->begin;
      }
      continue;
    }
    depth += token->kind == SqlTokenKind::open ? 1 : 0;
    depth -= token->kind == SqlTokenKind::close ? 1 : 0;
    last = *token;
  }
  return text.size();
}

}  // namespace fd
