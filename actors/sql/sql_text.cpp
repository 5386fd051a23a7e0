#include "actors/sql/sql_text.hpp"

#include "protocol/base/text.hpp"

namespace fd {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// SQLite takes every byte from 0x80 on as part of a name.
bool starts_word(char c) {
  return is_ascii_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool continues_word(char c) {
  return starts_word(c) || is_ascii_digit(c) || c == '$';
}

/// Returns where the literal that begins at `at` ends; a doubled closing quote is part of it.
std::size_t literal_end(std::string_view text, std::size_t at, char quote, bool& closed) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] != quote) {
      continue;
    }
    if (quote != ']' && i + 1 < text.size() && text[i + 1] == quote) {
      ++i;
      continue;
    }
    return i + 1;
  }
  closed = false;
  return text.size();
}

std::size_t number_end(std::string_view text, std::size_t at) {
  std::size_t i = at;
  while (i < text.size() && (continues_word(text[i]) || text[i] == '.' ||
                             ((text[i] == '+' || text[i] == '-') && i > at &&
                              is_ascii_digit(text[at]) && ascii_lower(text[i - 1]) == 'e'))) {
    ++i;
  }
  return i;
}

template <class Predicate>
std::size_t skip(std::string_view text, std::size_t at, Predicate predicate) {
  while (at < text.size() && predicate(text[at])) {
    ++at;
  }
  return at;
}

}  // namespace

std::optional<SqlToken> SqlTokenizer::next() {
  if (at_ >= text_.size()) {
    return std::nullopt;
  }
  const char c = text_[at_];
  const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  SqlToken token{SqlTokenKind::other, at_, at_ + 1, true};
  if (is_blank(c)) {
    token.kind = SqlTokenKind::space;
    token.end = skip(text_, at_, is_blank);
  } else if (starts_word(c)) {
    token.kind = SqlTokenKind::word;
    token.end = skip(text_, at_, continues_word);
  } else if (is_ascii_digit(c) || (c == '.' && is_ascii_digit(after))) {
    token.kind = SqlTokenKind::number;
    token.end = number_end(text_, at_);
  } else if (c == '\'') {
    token.kind = SqlTokenKind::string;
    token.end = literal_end(text_, at_, c, token.closed);
  } else if (c == '"' || c == '`' || c == '[') {
    token.kind = SqlTokenKind::quoted;
    token.end = literal_end(text_, at_, c == '[' ? ']' : c, token.closed);
  } else if (c == '-' && after == '-') {
    token.kind = SqlTokenKind::comment;
    token.end = skip(text_, at_, [](char one) { return one != '\n'; });
  } else if (c == '/' && after == '*') {
    token.kind = SqlTokenKind::comment;
    const std::size_t end = text_.find("*/", at_ + 2);
    token.closed = end != std::string_view::npos;
    token.end = token.closed ? end + 2 : text_.size();
  } else if (c == '(') {
    token.kind = SqlTokenKind::open;
  } else if (c == ')') {
    token.kind = SqlTokenKind::close;
  } else if (c == ';') {
    token.kind = SqlTokenKind::semicolon;
  }
  at_ = token.end;
  return token;
}

std::optional<SqlToken> SqlTokenizer::next_meaning() {
  auto token = next();
  while (token && (token->kind == SqlTokenKind::space || token->kind == SqlTokenKind::comment)) {
    token = next();
  }
  return token;
}

bool is_apostrophe(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_ascii_letter(text[at - 1]) &&
         is_ascii_letter(text[at + 1]);
}

bool is_blank_sql(std::string_view text) {
  SqlTokenizer tokens(text);
  while (const auto token = tokens.next_meaning()) {
    if (token->kind != SqlTokenKind::semicolon) {
      return false;
    }
  }
  return true;
}

std::string_view trim_sql(std::string_view text) {
  text = trimmed(text);
  while (!text.empty() && (is_blank(text.back()) || text.back() == ';')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace fd
