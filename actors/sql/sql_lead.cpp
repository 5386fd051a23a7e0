#include "actors/sql/sql_lead.hpp"

#include <algorithm>
#include <array>

#include "actors/sql/prose.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/sql/sql_words.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// How far in front of a statement is looked at.
constexpr std::size_t kLook = 96;

constexpr std::string_view kLineBlanks = " \t\r";
constexpr std::string_view kWideColon = "\uFF1A";

/// Words in front of a "select" that is a verb: "we select name from the list".
constexpr auto kVerbMarks = std::to_array<std::string_view>(
    {"to",  "will",   "ll",     "and",    "then", "we",    "you",   "i",
     "can", "should", "must",   "please", "just", "would", "could", "not",
     "let", "let's",  "simply", "they",   "it",   "also",  "first"});

std::string_view near_before(std::string_view text, std::size_t at) {
  const std::size_t from = at > kLook ? at - kLook : 0;
  return text.substr(from, at - from);
}

std::string_view without_end(std::string_view text, std::string_view bytes) {
  return text.substr(0, text.find_last_not_of(bytes) + 1);
}

/// Returns the word that `text` ends with.
std::string_view last_word(std::string_view text) {
  std::size_t from = text.size();
  while (from > 0 && (is_ascii_alphanumeric(text[from - 1]) || text[from - 1] == '_')) {
    --from;
  }
  return text.substr(from);
}

/// Returns `text` without the colon and the stars that it ends with, or nothing when it has none.
std::string_view without_colon(std::string_view text) {
  text = without_end(text, "* \t\r\n");
  if (text.ends_with(':')) {
    return text.substr(0, text.size() - 1);
  }
  return text.ends_with(kWideColon) ? text.substr(0, text.size() - kWideColon.size())
                                    : std::string_view{};
}

/// Returns whether `before` ends with "SQL:", "SQL query:", with stars or a full-width colon.
bool ends_with_sql_label(std::string_view before) {
  before = without_end(without_colon(before), "* \t\r\n");
  for (const std::string_view noun : {"query", "statement"}) {
    if (equals_ignoring_case(last_word(before), noun)) {
      before = without_end(before.substr(0, before.size() - noun.size()), " \t\r\n*");
    }
  }
  return equals_ignoring_case(last_word(before), "sql");
}

/// Returns the tag that `before` ends with: "<>" for one in angle brackets, "[]" for one in square
/// ones; else nothing.
std::string_view tag_before(std::string_view before) {
  if (before.empty() || (before.back() != '>' && before.back() != ']')) {
    return {};
  }
  const bool angle = before.back() == '>';
  const std::size_t open = before.find_last_of(angle ? "<\n" : "[\n");
  if (open == std::string_view::npos || before[open] == '\n' || open + 2 >= before.size()) {
    return {};
  }
  return angle ? "<>" : "[]";
}

}  // namespace

std::size_t first_word(std::string_view text) {
  SqlTokenizer comments(text);
  std::size_t at = 0;
  while (at < text.size()) {
    at = std::min(text.find_first_not_of(" \t\r\n\f\v;`\"'(*", at), text.size());
    const auto token = SqlTokenizer(text, at).next();
    if (!token || token->kind != SqlTokenKind::comment) {
      break;
    }
    at = token->end;
  }
  return at;
}

std::string_view wrapper_before(std::string_view text, std::size_t at) {
  const std::string_view near = near_before(text, at);
  const std::string_view before = without_end(near, kAsciiBlanks);
  if (before.empty()) {
    return {};
  }
  constexpr auto kWide =
      std::to_array<std::string_view>({"\u201C", "\u2018", "\u00AB", "\u300C", "\u300E"});
  for (const std::string_view open : kWide) {
    if (before.ends_with(open)) {
      return open;
    }
  }
  const char last = before.back();
  if (last == '(' || last == '{') {
    return before.substr(before.size() - 1);
  }
  if (last == '>' || last == ']') {
    return tag_before(before);
  }
  const bool bullet = last == '*' && before.size() < near.size();
  if (bullet || std::string_view("`\"'*").find(last) == std::string_view::npos) {
    return {};
  }
  const std::size_t run = before.size() - (before.find_last_not_of(last) + 1);
  return last == '`' && run > 2 ? std::string_view{} : before.substr(before.size() - run);
}

SqlPlace place_of(std::string_view text, std::size_t at) {
  const std::string_view near = near_before(text, at);
  const std::string_view before = without_end(near, " \t\r`\"'*({[");
  if (before.empty() || before.back() == '\n') {
    return SqlPlace::line;
  }
  if (ends_with_sql_label(before)) {
    return SqlPlace::given;
  }
  const bool wrapped = !wrapper_before(text, at).empty();
  const std::string_view line = before.substr(before.rfind('\n') + 1);
  if (wrapped || before.back() == ':' || before.back() == ';' || before.ends_with(kWideColon) ||
      before.back() == '>' || without_line_marks(line).empty()) {
    return SqlPlace::line;
  }
  return SqlPlace::prose;
}

SqlLead lead_of(std::string_view text, std::size_t at, std::size_t first) {
  if (at == first) {
    return SqlLead::nothing;
  }
  const std::string_view before = without_end(near_before(text, at), " \t\r\n`\"'*(");
  return ends_with_sql_label(before) ? SqlLead::label : SqlLead::prose;
}

bool is_verb(std::string_view text, std::size_t at) {
  const std::string_view before = last_word(without_end(near_before(text, at), kLineBlanks));
  return ascii_lower(text[at]) == 's' && text.substr(at + 1, 5) == "elect" &&
         std::any_of(kVerbMarks.begin(), kVerbMarks.end(),
                     [&](auto word) { return equals_ignoring_case(before, word); });
}

bool continues_other(std::string_view text, std::size_t at) {
  const std::string_view wrapper = wrapper_before(text, at);
  if (!wrapper.empty() && wrapper != "(") {
    return false;
  }
  std::string_view before = without_end(near_before(text, at), " \t\r\n(");
  for (std::size_t line = before.rfind('\n') + 1; before.substr(line).starts_with("--");
       line = before.rfind('\n') + 1) {
    before = without_end(before.substr(0, line), " \t\r\n");
  }
  if (before.empty()) {
    return false;
  }
  if (before.ends_with(';') && !is_blank_sql(text.substr(0, at))) {
    return true;
  }
  const std::string_view word = last_word(before);
  constexpr auto kBefore = std::to_array<std::string_view>(
      {"all", "and", "any", "as", "except", "exists", "explain", "from", "in", "intersect", "into",
       "join", "not", "on", "or", "union", "where"});
  const bool open = std::any_of(kBefore.begin(), kBefore.end(), [&](std::string_view one) {
    return equals_ignoring_case(word, one);
  });
  const bool operand =
      wrapper == "(" && std::string_view("=<>+-*/|").find(before.back()) != std::string_view::npos;
  return operand || (open && wrapper == "(") ||
         (open && is_all_capitals(word) == is_all_capitals(text.substr(at, 4)));
}

}  // namespace fd
