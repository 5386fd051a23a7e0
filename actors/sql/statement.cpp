#include "actors/sql/statement.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "actors/sql/escaped.hpp"
#include "actors/sql/prose.hpp"
#include "actors/sql/sql_begin.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/sql/sql_words.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// How many mentions of a statement's own parts are looked at behind it. Bounds the time that an
/// answer of nothing else can take.
constexpr int kMaxMentions = 32;

SqlFound refused(bool query) {
  return {SqlFound::Kind::refused, "", SqlLead::prose, query};
}

/// One statement as it stands in a text.
struct Piece {
  std::size_t at = 0;  ///< where it begins
  SqlEnd end;
  std::string text;
  bool broken = false;  ///< its string does not end as strings do, or has more than a statement
};

/// Returns the statement that the string whose quote stands at `at` holds, nothing else in front;
/// or where the string ends, when it is one with escapes.
std::variant<std::monostate, Piece, std::size_t> piece_in_string(std::string_view text,
                                                                 std::size_t at) {
  const auto string = escaped_string(text, at);
  if (!string) {
    return std::monostate();
  }
  SqlFound inner = find_statement(string->text, SqlRegion::closed);
  if (inner.kind == SqlFound::Kind::none || inner.lead != SqlLead::nothing) {
    return string->end;
  }
  const bool broken = !string->sound || inner.kind == SqlFound::Kind::refused;
  return Piece{at + 1, {at, string->end, SqlStop::wrapper}, std::move(inner.text), broken};
}

/// Returns the next statement at or behind `from`. `first` is where the text's first word stands.
std::optional<Piece> next_piece(std::string_view text, std::size_t from, std::size_t first,
                                SqlRegion region) {
  bool line_start = from == 0;
  std::size_t comment_end = 0;
  for (std::size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    if ((line_start || region == SqlRegion::closed) && text.substr(at, 2) == "--") {
      at = std::min(text.find('\n', at), text.size() - 1);
    } else if (comment_end != std::string_view::npos && text.substr(at, 2) == "/*") {
      comment_end = text.find("*/", at + 2);
      at = comment_end == std::string_view::npos ? at : comment_end + 1;
    } else if (c == '"' || c == '\'') {
      auto piece = piece_in_string(text, at);
      if (auto* found = std::get_if<Piece>(&piece)) {
        return std::move(*found);
      }
      if (const auto* end = std::get_if<std::size_t>(&piece)) {
        at = *end - 1;
      }
    } else if (is_ascii_letter(c) && sql_begins(text, at, SqlPlace::given)) {
      const SqlPlace place = at == first ? SqlPlace::given : place_of(text, at);
      if (sql_begins(text, at, place) && !(place == SqlPlace::prose && is_verb(text, at))) {
        const SqlEnd end = sql_end(text, at, wrapper_before(text, at), region);
        return Piece{at, end, std::string(trim_sql(text.substr(at, end.end - at))), false};
      }
    }
    line_start = at < text.size() && (text[at] == '\n' || (line_start && text[at] == ' '));
  }
  return std::nullopt;
}

/// Returns `statement` with one blank for every run of them, in small letters.
std::string plain_form(std::string_view statement) {
  std::string out;
  for (const char c : statement) {
    if (kAsciiBlanks.find(c) == std::string_view::npos) {
      out += ascii_lower(c);
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

/// Returns `line` from its first letter on, behind what closes something: quotes, signs, a tag.
std::string_view from_first_word(std::string_view line) {
  if (line.starts_with('<')) {
    line.remove_prefix(std::min(line.find('>'), line.size()));
  }
  const auto word = std::find_if(line.begin(), line.end(), is_ascii_letter);
  return line.substr(static_cast<std::size_t>(word - line.begin()));
}

/// Returns whether what stands behind a statement on its line goes on with it, as in
/// "(SELECT a) UNION (SELECT b)".
bool goes_on(std::string_view text, const Piece& piece) {
  const std::size_t at = piece.end.rest;
  const bool parenthesis = text.substr(piece.end.end, 1) == ")";
  std::string_view line = trimmed(text.substr(at, text.find('\n', at) - at), " \t\r)");
  constexpr std::string_view kOperators = "+-*/=<>|%&";
  if (parenthesis && !line.empty() && kOperators.find(line[0]) != std::string_view::npos) {
    return true;
  }
  line = from_first_word(line);
  SqlTokenizer tokens(line);
  const bool capitals = is_all_capitals(piece.text.substr(0, 4));
  bool first = true;
  for (auto token = tokens.next(); token; token = tokens.next()) {
    const std::string_view word = token_text(line, *token);
    const bool clause = is_clause_word(word) || (first && foreign_clause_begins(line, 0));
    const bool as_written = is_all_capitals(word) || (first && (!capitals || parenthesis));
    if (clause && as_written && !sentence_begins(line, 0)) {
      return true;
    }
    if (piece.end.stop == SqlStop::wrapper && !first) {
      return false;
    }
    first = false;
  }
  return false;
}

/// Returns whether the last word of `statement` may be no part of it: an alias that no name is
/// qualified with, on a line of its own, or of letters of another script; or the number of a
/// sentence that ends.
bool ends_in_doubt(std::string_view statement, SqlStop stop, bool sentence, SqlRegion region) {
  SqlTokenizer tokens(statement);
  std::array<SqlToken, 3> last;  // the last three that mean something
  while (const auto token = tokens.next_meaning()) {
    std::rotate(last.begin(), last.begin() + 1, last.end());
    last[2] = *token;
  }
  const std::string_view word = token_text(statement, last[2]);
  const bool wrapped = stop == SqlStop::wrapper;
  if (last[2].kind == SqlTokenKind::number) {
    return region == SqlRegion::open && !wrapped && word.ends_with('.');
  }
  const bool has_as = equals_ignoring_case(token_text(statement, last[1]), "as");
  const SqlToken& before = has_as ? last[0] : last[1];
  const bool name = last[2].kind == SqlTokenKind::quoted ||
                    (last[2].kind == SqlTokenKind::word && !is_sql_keyword(word));
  if (!name || before.end == 0 || !may_end_after(statement, before)) {
    return false;
  }
  const std::string_view between = statement.substr(before.end, last[2].begin - before.end);
  const bool foreign = !has_as && std::any_of(word.begin(), word.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80;
  });
  if ((wrapped || !(sentence || foreign)) && between.find('\n') == std::string_view::npos) {
    return false;
  }
  SqlTokenizer uses(statement);
  std::string_view one;
  for (auto token = uses.next_meaning(); token; token = uses.next_meaning()) {
    const std::string_view next = token_text(statement, *token);
    if (next == "." && equals_ignoring_case(one, word)) {
      return false;
    }
    one = next;
  }
  return true;
}

/// Returns whether what is left of `text` behind `piece` has another statement, or goes on with it.
/// `inside_line`: goes_on() has looked at the rest of its line.
bool holds_more(std::string_view text, const Piece& piece, SqlRegion region, bool inside_line) {
  const std::string form = plain_form(piece.text);
  const std::size_t line = inside_line ? text.find('\n', piece.end.rest) : piece.end.rest;
  int mentions = 0;
  for (std::size_t from = piece.end.rest;;) {
    const auto other = next_piece(text, from, std::string_view::npos, region);
    if (!other) {
      return holds_clause(text.substr(std::min(line, text.size())), piece.text);
    }
    if (++mentions > kMaxMentions || other->broken ||
        form.find(plain_form(other->text)) == std::string::npos) {
      return true;
    }
    from = std::max(other->end.rest, other->at + 1);
  }
}

}  // namespace

bool holds_clause(std::string_view text, std::string_view statement) {
  int mentions = 0;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view one = trimmed(text.substr(line, end - line));
    const auto word = SqlTokenizer(without_line_marks(one)).next();
    if (word && !one.starts_with("--") &&
        is_clause_word(token_text(without_line_marks(one), *word)) &&
        (++mentions > kMaxMentions || is_clause_line(one, statement))) {
      return true;
    }
    line = end + 1;
  }
  return false;
}

SqlFound find_statement(std::string_view text, SqlRegion region) {
  const std::size_t first = first_word(text);
  auto piece = next_piece(text, 0, first, region);
  if (!piece) {
    return {};
  }
  const SqlLead lead = lead_of(text, piece->at, first);
  const bool sentence = lead == SqlLead::prose && place_of(text, piece->at) == SqlPlace::prose;
  const bool query = is_query(piece->text);
  const SqlStop stop = piece->end.stop;
  const bool inside_line = stop == SqlStop::wrapper || stop == SqlStop::mark;
  if (piece->broken || continues_other(text, piece->at) ||
      (query && stop != SqlStop::semicolon && ends_in_doubt(piece->text, stop, sentence, region)) ||
      (inside_line && goes_on(text, *piece)) || holds_more(text, *piece, region, inside_line)) {
    return refused(query);
  }
  return {SqlFound::Kind::found, std::move(piece->text), lead, query};
}

}  // namespace fd
