#include "actors/sql/prose.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "actors/sql/sql_words.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

std::string_view line_at(std::string_view text, std::size_t at) {
  return text.substr(at, text.find('\n', at) - at);
}

bool has_foreign_letters(std::string_view word) {
  return std::any_of(word.begin(), word.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// Returns whether a word that SQLite takes for one name has the punctuation of a sentence in it.
bool has_wide_punctuation(std::string_view word) {
  constexpr auto kMarks = std::to_array<std::string_view>(
      {"\u3002", "\uFF0C", "\uFF1A", "\uFF1B", "\uFF01", "\uFF1F", "\u3001"});
  return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return word.find(mark) != std::string_view::npos;
  });
}

/// The first tokens of a line that mean something.
class LineTokens {
 public:
  explicit LineTokens(std::string_view line) : line_(line) {
    SqlTokenizer tokens(line);
    while (list_.size() < kLook) {
      const auto token = tokens.next_meaning();
      if (!token) {
        break;
      }
      list_.push_back(*token);
    }
  }
  [[nodiscard]] bool has(std::size_t i) const { return i < list_.size(); }
  [[nodiscard]] SqlTokenKind kind(std::size_t i) const { return list_[i].kind; }
  [[nodiscard]] std::size_t begin(std::size_t i) const { return list_[i].begin; }
  [[nodiscard]] std::string_view text(std::size_t i) const {
    return has(i) ? token_text(line_, list_[i]) : std::string_view{};
  }
  [[nodiscard]] bool is(std::size_t i, std::string_view word) const {
    return equals_ignoring_case(text(i), word);
  }
  [[nodiscard]] bool is_word(std::size_t i) const {
    return has(i) && kind(i) == SqlTokenKind::word;
  }
  [[nodiscard]] bool is_plain(std::size_t i) const {
    return is_word(i) && !is_sql_keyword(text(i));
  }
  [[nodiscard]] bool is_name(std::size_t i) const {
    return is_plain(i) ||
           (has(i) && (kind(i) == SqlTokenKind::quoted || kind(i) == SqlTokenKind::string));
  }
  [[nodiscard]] bool is_adjacent(std::size_t i) const {
    return has(i + 1) && list_[i].end == list_[i + 1].begin;
  }
  /// Returns whether word `i` goes on behind a quote: "that's".
  [[nodiscard]] bool has_apostrophe(std::size_t i) const {
    return is_adjacent(i) && kind(i + 1) == SqlTokenKind::string && text(i + 1).size() > 1 &&
           is_ascii_letter(text(i + 1)[1]);
  }
  /// Returns whether a colon follows token `i` directly, and is not the mark of a parameter.
  [[nodiscard]] bool is_label(std::size_t i) const {
    return text(i + 1) == ":" && is_adjacent(i) && !is_adjacent(i + 1);
  }

 private:
  static constexpr std::size_t kLook = 12;
  std::string_view line_;
  std::vector<SqlToken> list_;
};

/// Returns whether three plain words in a row begin at token `i` or behind words and commas alone:
/// no SQL has them, and none stands in front of them.
bool has_sentence(const LineTokens& tokens, std::size_t i) {
  for (; tokens.is_word(i) || tokens.text(i) == ","; ++i) {
    if (tokens.is_plain(i) && tokens.is_plain(i + 1) &&
        (tokens.is_plain(i + 2) || tokens.has_apostrophe(i + 1))) {
      return true;
    }
    if (i > 0 && tokens.text(i - 1) == "," && tokens.is_plain(i) && tokens.has_apostrophe(i)) {
      return true;
    }
  }
  return false;
}

/// Returns whether a line that begins with a keyword is a sentence: "In this query", "Order of
/// rows", "And that is it!".
bool is_keyword_sentence(const LineTokens& tokens) {
  constexpr auto kArticles = std::to_array<std::string_view>(
      {"the", "this", "that", "these", "those", "your", "our", "its", "an"});
  const std::string_view next = tokens.text(1);
  const bool article = std::any_of(kArticles.begin(), kArticles.end(), [&](std::string_view one) {
    return equals_ignoring_case(next, one);
  });
  const bool by = tokens.is(0, "order") || tokens.is(0, "group");
  std::size_t end = 1;
  while (tokens.is_word(end) || tokens.text(end) == ",") {
    ++end;
  }
  return (article && tokens.is_plain(2)) || (by && tokens.is_word(1) && !tokens.is(1, "by")) ||
         (tokens.text(end) == "!" && tokens.text(end + 1) != "=") || has_sentence(tokens, 1);
}

/// Returns whether `text` begins with what closes something around a statement: "[/SQL]".
bool begins_with_closing(std::string_view text) {
  constexpr auto kMarks =
      std::to_array<std::string_view>({"[/", "\u201D", "\u2019", "\u00BB", "\u300D", "\u300F"});
  return std::any_of(kMarks.begin(), kMarks.end(),
                     [&](std::string_view mark) { return text.starts_with(mark); });
}

/// Returns whether what begins with the name at token `i` cannot be an alias and what follows one.
bool is_no_alias(const LineTokens& tokens, std::size_t i) {
  const std::string_view name = tokens.text(i);
  if (!tokens.has(i + 1)) {
    constexpr std::size_t kLongestName = 24;  // eight Chinese characters
    return has_foreign_letters(name) && (name.size() > kLongestName || has_wide_punctuation(name));
  }
  if (begins_with_closing(tokens.text(i + 1))) {
    return false;
  }
  switch (tokens.kind(i + 1)) {
    case SqlTokenKind::word:
      return tokens.is_plain(i + 1) || !follows_alias(tokens.text(i + 1));
    case SqlTokenKind::semicolon:
    case SqlTokenKind::close:
      return has_wide_punctuation(name);
    default:
      // "Done." and "Result (names)", but not what closes a wrapper: "c</sql>", "c`".
      return tokens.text(i + 1) != "," &&
             (!tokens.is_adjacent(i) || tokens.has_apostrophe(i) ||
              std::string_view(".!?").find(tokens.text(i + 1)) != std::string_view::npos);
  }
}

/// Returns whether `line` is written as people write, and not as another dialect of SQL goes on
/// ("sample 10", "keep only id > 3"): it begins with a capital letter, or with one beyond ASCII, or
/// is a sentence that ends like one; and it compares nothing unless it ends like one.
bool is_written(std::string_view line, const LineTokens& tokens, std::size_t first) {
  line = line.substr(tokens.begin(first));
  const bool capital = (line[0] >= 'A' && line[0] <= 'Z') || has_foreign_letters(line.substr(0, 1));
  const bool compares = line.find_first_of("=<>") != std::string_view::npos;
  const std::size_t last = line.size() - std::min<std::size_t>(3, line.size());
  const bool ends = std::string_view(".!?:").find(line.back()) != std::string_view::npos ||
                    has_wide_punctuation(line.substr(last));
  return capital ? ends || !compares : ends && !compares && has_sentence(tokens, first);
}

bool begins_with_sign(std::string_view line) {
  constexpr auto kSigns = std::to_array<std::string_view>({"#", "**", "__", "===", "=>", "..."});
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return line.starts_with(sign); });
}

bool is_prose(std::string_view line) {
  line = trimmed(line);
  if (begins_with_sign(line)) {
    return true;
  }
  const LineTokens tokens(line);
  if (!tokens.has(0)) {
    return false;
  }
  constexpr std::string_view kBullets = "-*+>";  // or operators
  if (kBullets.find(line[0]) != std::string_view::npos) {
    return has_sentence(tokens, 1) || (tokens.is_name(1) && tokens.is_label(1));
  }
  if (tokens.kind(0) == SqlTokenKind::number ||
      (line[0] == ':' && !tokens.is_word(1) && !tokens.is(1, ":"))) {
    return true;
  }
  const std::size_t first = tokens.kind(0) == SqlTokenKind::open ? 1 : 0;
  if (tokens.is_name(first) && tokens.is_label(first)) {
    return true;
  }
  if (!tokens.has(first) || is_all_capitals(tokens.text(first)) ||
      foreign_clause_begins(line, tokens.begin(first)) || !is_written(line, tokens, first)) {
    return false;
  }
  if (first == 1) {
    return tokens.is_plain(1) && tokens.is_plain(2);
  }
  if (is_sql_keyword(tokens.text(0))) {
    return is_keyword_sentence(tokens);
  }
  return has_sentence(tokens, 0) || (tokens.is_name(0) && is_no_alias(tokens, 0));
}

/// Returns whether a table of Markdown begins at `at`: no SQL has a bar at the end of a line and
/// one at the start of the next.
bool is_table(std::string_view text, std::size_t at) {
  const std::string_view line = trimmed(line_at(text, at));
  const std::size_t end = text.find('\n', at);
  return line.starts_with('|') && line.ends_with('|') && end != std::string_view::npos &&
         trimmed(line_at(text, end + 1)).starts_with('|');
}

/// Returns whether nothing but a usual heading stands on the line that begins at `at`.
bool is_heading(std::string_view text, std::size_t at) {
  constexpr auto kHeadings = std::to_array<std::string_view>(
      {"Explanation", "Note", "Notes", "Output", "Reasoning", "Result", "Results"});
  return std::find(kHeadings.begin(), kHeadings.end(), trimmed(line_at(text, at))) !=
         kHeadings.end();
}

}  // namespace

bool prose_begins(std::string_view text, std::size_t at, bool after_blank_line) {
  if (is_prose(line_at(text, at)) || is_table(text, at)) {
    return true;
  }
  if (!after_blank_line || !is_heading(text, at)) {
    return false;
  }
  const std::size_t next = text.find_first_not_of(kAsciiBlanks, text.find('\n', at));
  return next < text.size() && is_prose(line_at(text, next));
}

bool sentence_begins(std::string_view text, std::size_t at) {
  return has_sentence(LineTokens(line_at(text, at)), 0);
}

std::string_view without_line_marks(std::string_view line) {
  constexpr std::string_view kMarks = " \t\r>#*+-`\"'_|(";
  constexpr std::string_view kDot = "\u2022";
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kMarks), line.size()));
    const std::size_t digits = line.find_first_not_of("0123456789");
    if (digits != 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')')) {
      line.remove_prefix(digits + 1);
    } else if (line.starts_with(kDot)) {
      line.remove_prefix(kDot.size());
    } else {
      return line;
    }
  }
}

bool is_clause_line(std::string_view line, std::string_view statement) {
  std::string bare(without_line_marks(line));
  std::replace_if(
      bare.begin(), bare.end(), [](char c) { return c == '*' || c == '`'; }, ' ');
  const LineTokens tokens(bare);
  if (!tokens.is_word(0) || !tokens.has(1)) {
    return false;
  }
  if (!is_clause_word(tokens.text(0)) && !foreign_clause_begins(bare, 0)) {
    return false;
  }
  constexpr std::string_view kNoClause = ",:";  // "FROM: the table"
  if (is_sentence_word(tokens.text(1)) || has_sentence(tokens, 1) ||
      kNoClause.find(tokens.text(1)[0]) != std::string_view::npos) {
    return false;
  }
  const std::string_view text = trimmed(bare);
  if (!is_all_capitals(tokens.text(0)) && (text.ends_with('.') || text.ends_with(':'))) {
    return false;
  }
  SqlTokenizer own(statement);
  for (auto token = own.next_meaning(); token;) {
    const auto next = own.next_meaning();
    if (next && equals_ignoring_case(token_text(statement, *token), tokens.text(0)) &&
        equals_ignoring_case(token_text(statement, *next), tokens.text(1))) {
      return false;
    }
    token = next;
  }
  return true;
}

}  // namespace fd
