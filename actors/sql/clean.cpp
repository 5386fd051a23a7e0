#include "actors/sql/clean.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "actors/sql/sql_answer.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return equals_ignoring_case(text.substr(0, start.size()), start);
}

std::string statement_at(std::string_view text, std::size_t at, char wrapper = '\0') {
  return std::string(trim_sql(text.substr(at, sql_end(text, at, wrapper) - at)));
}

/// Returns where the first token that is neither blank nor comment begins.
std::size_t first_meaning(std::string_view text) {
  const auto token = SqlTokenizer(text).next_meaning();
  return token ? token->begin : text.size();
}

/// Returns the statement that a text consists of, without the quotes, backticks or parentheses
/// around it.
std::optional<std::string> whole_statement(std::string_view text, SqlPlace place) {
  text = trim_sql(text);
  constexpr std::string_view kWrappers = "'\"`(";
  char open_wrapper = '\0';
  while (!text.empty() && kWrappers.find(text.front()) != std::string_view::npos) {
    const char wrapper = text.front();
    text.remove_prefix(1);
    if (wrapper != '(' && !text.empty() && text.back() == wrapper) {
      text.remove_suffix(1);
    } else if (wrapper != '(') {
      open_wrapper = wrapper;
    }
    text = trim_sql(text);
  }
  const std::size_t at = first_meaning(text);
  if (sql_begins(text, at, place)) {
    return statement_at(text, at, open_wrapper);
  }
  return std::nullopt;
}

/// Returns the first statement that begins a line.
std::optional<std::string> line_statement(std::string_view text) {
  for (std::size_t line = 0; line < text.size();) {
    std::size_t at = line;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) {
      ++at;
    }
    if (sql_begins(text, at, SqlPlace::prose)) {
      return statement_at(text, at);
    }
    const std::size_t end = text.find('\n', line);
    line = end == std::string_view::npos ? text.size() : end + 1;
  }
  return std::nullopt;
}

/// Returns the first statement in the midst of a sentence.
std::optional<std::string> inline_statement(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_ascii_letter(text[at]) && sql_begins(text, at, SqlPlace::prose)) {
      const char before = at == 0 ? '\0' : text[at - 1];
      const bool wrapped = before == '`' || before == '"' || before == '\'';
      return statement_at(text, at, wrapped ? before : '\0');
    }
  }
  return std::nullopt;
}

struct Fence {
  std::string_view info;
  std::string_view content;
};

/// Returns the text's fenced blocks. The info string is the first word behind the opening marks,
/// unless that is the beginning of a statement.
std::vector<Fence> find_fences(std::string_view text) {
  std::vector<Fence> fences;
  const auto next_mark = [&](std::size_t at) {
    return std::min(text.find("```", at), text.find("~~~", at));
  };
  for (std::size_t open = next_mark(0); open != std::string_view::npos;) {
    const char mark = text[open];
    const std::size_t run = text.find_first_not_of(mark, open);
    if (run == std::string_view::npos) {
      break;
    }
    std::size_t begin = run;
    while (begin < text.size() && (is_ascii_alphanumeric(text[begin]) || text[begin] == '-' ||
                                   text[begin] == '+' || text[begin] == '_')) {
      ++begin;
    }
    if (sql_begins(text, run, SqlPlace::given)) {
      begin = run;
    }
    const std::size_t close = text.find(std::string(run - open, mark), begin);
    const std::size_t end = std::min(close, text.size());
    fences.push_back({text.substr(run, begin - run), text.substr(begin, end - begin)});
    if (close == std::string_view::npos) {
      break;
    }
    const std::size_t behind = text.find_first_not_of(mark, close);
    open = behind == std::string_view::npos ? behind : next_mark(behind);
  }
  return fences;
}

bool is_sql_info(std::string_view info) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"", "sql", "sqlite", "sqlite3", "mysql", "postgres", "postgresql", "psql"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view one) { return equals_ignoring_case(info, one); });
}

/// The last fence that looks like SQL: the earlier ones are drafts. A fence that says it is SQL and
/// does not look like it is taken only when there is no other, for the sandbox to judge.
std::optional<std::string> fenced_statement(std::string_view text) {
  const std::vector<Fence> fences = find_fences(text);
  for (const bool sql_info : {true, false}) {
    for (auto fence = fences.rbegin(); fence != fences.rend(); ++fence) {
      if (is_sql_info(fence->info) != sql_info) {
        continue;
      }
      if (auto found = whole_statement(fence->content, SqlPlace::given)) {
        return found;
      }
      if (sql_info) {
        if (auto found = line_statement(fence->content)) {
          return found;
        }
      }
    }
  }
  for (auto fence = fences.rbegin(); fence != fences.rend(); ++fence) {
    if (!fence->info.empty() && is_sql_info(fence->info) && !is_blank_sql(fence->content)) {
      return std::string(trim_sql(fence->content));
    }
  }
  return std::nullopt;
}

/// Returns what stands behind "SQL:" at `at` (or "SQL query:", with a full-width colon, in bold),
/// or nothing when there is no such label.
std::optional<std::string_view> behind_label(std::string_view text, std::size_t at) {
  const bool inside_word = at > 0 && (is_ascii_letter(text[at - 1]) || text[at - 1] == '_');
  if (inside_word || !starts_with_ignoring_case(text.substr(at), "sql")) {
    return std::nullopt;
  }
  std::string_view rest = trimmed(text.substr(at + 3));
  for (const std::string_view noun : {"query", "statement"}) {
    if (starts_with_ignoring_case(rest, noun)) {
      rest = trimmed(rest.substr(noun.size()));
    }
  }
  const auto skip_stars = [&] {
    rest.remove_prefix(std::min(rest.find_first_not_of('*'), rest.size()));
  };
  skip_stars();
  constexpr std::string_view kWideColon = "\xEF\xBC\x9A";
  if (rest.substr(0, kWideColon.size()) == kWideColon) {
    rest.remove_prefix(kWideColon.size());
  } else if (rest.substr(0, 1) == ":") {
    rest.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  skip_stars();
  return rest;
}

/// Returns the statement behind the last label that has one.
std::optional<std::string> labelled_statement(std::string_view text) {
  for (std::size_t at = text.size(); at-- > 0;) {
    if (const auto rest = behind_label(text, at)) {
      if (auto found = whole_statement(*rest, SqlPlace::given)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Cleaned clean_sql(std::string_view answer) {
  const std::string text = without_reasoning(answer);
  if (text.size() > kMaxAnswerBytes) {
    return {"", "none"};
  }
  if (auto found = fenced_statement(text)) {
    return {std::move(*found), "fence"};
  }
  if (auto found = whole_statement(text, SqlPlace::given)) {
    return {std::move(*found), "whole"};
  }
  if (auto found = labelled_statement(text)) {
    return {std::move(*found), "label"};
  }
  if (auto found = line_statement(text)) {
    return {std::move(*found), "keyword"};
  }
  if (auto found = inline_statement(text)) {
    return {std::move(*found), "keyword"};
  }
  return {"", "none"};
}

}  // namespace fd
