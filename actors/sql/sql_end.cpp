#include "actors/sql/sql_end.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "actors/sql/prose.hpp"
#include "actors/sql/sql_begin.hpp"
#include "actors/sql/sql_text.hpp"
#include "actors/sql/sql_words.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

struct Counterpart {
  std::string_view open;
  std::string_view close;
};

constexpr auto kCounterparts = std::to_array<Counterpart>({{"(", ")"},
                                                           {"{", "}"},
                                                           {"<>", "</"},
                                                           {"[]", "[/"},
                                                           {"\u201C", "\u201D"},
                                                           {"\u2018", "\u2019"},
                                                           {"\u00AB", "\u00BB"},
                                                           {"\u300C", "\u300D"},
                                                           {"\u300E", "\u300F"}});

/// Punctuation and blanks that SQLite takes for letters.
constexpr auto kWideStops =
    std::to_array<std::string_view>({"\u00A0", "\u200B", "\u3000", "\u2026", "\u3002", "\uFF1B",
                                     "\u201D", "\u2019", "\u00BB", "\u300D", "\u300F"});

/// Returns what closes `wrapper`: a quote closes itself.
std::string_view closing_of(std::string_view wrapper) {
  const auto found = std::find_if(kCounterparts.begin(), kCounterparts.end(),
                                  [&](const Counterpart& one) { return one.open == wrapper; });
  return found == kCounterparts.end() ? wrapper : found->close;
}

/// Returns whether `rest` begins with a tag, and not with two comparisons: "</sql>", "<|im_end|>",
/// "<br/>", or "<eos>" with nothing behind it.
bool is_tag(std::string_view rest) {
  if (rest[0] != '<') {
    return false;
  }
  constexpr std::size_t kMaxName = 40;
  const std::string_view name = rest.substr(1, kMaxName);
  const std::size_t end = name.find_first_of("<>\n");
  if (name.starts_with('/') || name.starts_with('|')) {
    return true;
  }
  return end != 0 && end < name.size() && name[end] == '>' &&
         (name[end - 1] == '/' ||
          rest.find_first_not_of(kAsciiBlanks, end + 2) == std::string_view::npos);
}

/// Returns whether `rest` begins with what SQLite has no place for behind an operand.
bool begins_no_operator(std::string_view rest) {
  constexpr auto kSigns =
      std::to_array<std::string_view>({"$$", "##", "..", "\\]", "\\)", "\\end{"});
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return rest.starts_with(sign); }) ||
         ((rest[0] == '!' || rest[0] == '?') &&
          (rest.size() == 1 || kAsciiBlanks.find(rest[1]) != std::string_view::npos));
}

bool is_word_byte(std::string_view text, std::size_t at) {
  return at < text.size() && (is_ascii_alphanumeric(text[at]) || text[at] == '_');
}

class EndFinder {
 public:
  EndFinder(std::string_view text, std::size_t at, std::string_view wrapper, SqlRegion region)
      : text_(text),
        at_(at),
        closing_(closing_of(wrapper)),
        is_quote_(!wrapper.empty() && closing_ == wrapper),
        open_(region == SqlRegion::open),
        needs_select_(takes_select(text, at)) {}

  SqlEnd find() {
    SqlTokenizer tokens(text_, at_);
    while (const auto token = tokens.next()) {
      if (const auto end = end_at(*token)) {
        return *end;
      }
      if (token->kind == SqlTokenKind::comment) {
        continue;
      }
      if (token->kind == SqlTokenKind::space) {
        if (open_ && ends_at_line(*token)) {
          return {last_.end, token->end, SqlStop::line};
        }
        continue;
      }
      take(*token);
    }
    return {text_.size(), text_.size(), SqlStop::region};
  }

 private:
  /// Returns whether a SELECT on a line of its own belongs to the statement: WITH's own one, and
  /// what INSERT or EXPLAIN is about.
  static bool takes_select(std::string_view text, std::size_t at) {
    const std::string_view verb = token_text(text, *SqlTokenizer(text, at).next());
    return !equals_ignoring_case(verb, "select") && !equals_ignoring_case(verb, "values");
  }

  void take(const SqlToken& token) {
    depth_ += token.kind == SqlTokenKind::open ? 1 : 0;
    depth_ -= token.kind == SqlTokenKind::close ? 1 : 0;
    const std::string_view one = token_text(text_, token);
    if (depth_ == 0 && token.kind == SqlTokenKind::word &&
        (equals_ignoring_case(one, "select") || equals_ignoring_case(one, "values"))) {
      needs_select_ = false;
    }
    last_ = token;
  }

  [[nodiscard]] SqlEnd marked(std::size_t at) const { return {at, at, SqlStop::mark}; }
  [[nodiscard]] SqlEnd closed(std::size_t at) const {
    const bool tag = closing_ == "</" || closing_ == "[/";
    const std::size_t end = tag ? text_.find_first_of(">]\n", at) : at + closing_.size() - 1;
    return {at, std::min(end, text_.size() - 1) + 1, SqlStop::wrapper};
  }

  /// Returns how the statement ends in front of `token` or within it, for what the token is.
  [[nodiscard]] std::optional<SqlEnd> end_at(const SqlToken& token) const {
    if (const std::size_t pair = closing_pair(token); pair != 0) {
      return closed(pair);
    }
    if (token.begin == at_) {
      return std::nullopt;
    }
    const std::string_view rest = text_.substr(token.begin);
    if (token.kind == SqlTokenKind::semicolon) {
      return SqlEnd{token.begin, token.end, SqlStop::semicolon};
    }
    if (!closing_.empty() && closes_wrapper(token, rest)) {
      return closed(token.begin);
    }
    if (!open_) {
      return std::nullopt;
    }
    if (token.kind == SqlTokenKind::word || token.kind == SqlTokenKind::number) {
      return end_in_word(token);
    }
    return ends_before(token, rest) ? std::optional(marked(token.begin)) : std::nullopt;
  }

  [[nodiscard]] bool closes_wrapper(const SqlToken& token, std::string_view rest) const {
    if (!rest.starts_with(closing_)) {
      return false;
    }
    if (closing_ == ")") {
      return depth_ == 0;
    }
    // A quote behind an operand closes, unless a name begins there: `count(*) "n"`.
    return !is_quote_ ||
           (may_end_after(text_, last_) && !is_word_byte(text_, token.begin + closing_.size()));
  }

  /// In "`SELECT a FROM `t``" the last two marks close the name and the wrapper: a tokenizer takes
  /// them for a doubled mark inside the name. Returns where the second of them stands, or 0.
  [[nodiscard]] std::size_t closing_pair(const SqlToken& token) const {
    if (!is_quote_ || text_[token.begin] != closing_[0] || (token.closed && closing_[0] != '`')) {
      return 0;
    }
    const std::string_view one = token_text(text_, token).substr(1);
    const std::size_t pair = one.find(std::string(closing_.size() + 1, closing_[0]));
    return pair == std::string_view::npos ? 0 : token.begin + pair + 2;
  }

  /// Returns whether `word` is a sign, like a check mark or a no-break space, and the last of its
  /// line: SQLite takes every character beyond ASCII for a letter.
  [[nodiscard]] bool is_last_sign(std::string_view word, std::size_t behind) const {
    const std::size_t next = text_.find_first_not_of(" \t\r", behind);
    const bool sign = word[0] == '\xE2' || word[0] == '\xF0' || word.starts_with("\u00A0");
    return sign && depth_ == 0 && may_end_after(text_, last_) &&
           (next == std::string_view::npos || text_[next] == '\n');
  }

  [[nodiscard]] std::optional<SqlEnd> end_in_word(const SqlToken& token) const {
    const std::string_view word = token_text(text_, token);
    if (is_last_sign(word, token.end)) {
      return marked(token.begin);
    }
    std::size_t first = word.size();
    for (const std::string_view mark : kWideStops) {
      first = std::min(first, word.find(mark));
    }
    if (first >= word.size()) {
      return std::nullopt;
    }
    const std::size_t at = token.begin + first;
    return text_.substr(at).starts_with(closing_) && !closing_.empty() ? closed(at) : marked(at);
  }

  /// Returns whether no SQL can go on with `token`, which `rest` begins with.
  [[nodiscard]] bool ends_before(const SqlToken& token, std::string_view rest) const {
    const bool line_start = text_[token.begin - 1] == '\n';
    if (rest.starts_with("```") || (line_start && rest.starts_with("~~~")) || is_tag(rest) ||
        rest.starts_with("[/")) {
      return true;
    }
    if (token.kind == SqlTokenKind::string || token.kind == SqlTokenKind::quoted) {
      return !token.closed && trim_sql(rest.substr(1)).empty();
    }
    if (depth_ > 0) {
      return false;
    }
    if (begins_no_operator(rest) && may_end_after(text_, last_)) {
      return true;
    }
    return token.kind == SqlTokenKind::close || rest[0] == ']' || rest[0] == '}' ||
           (rest[0] == '.' && ends_sentence(rest.substr(1)));
  }

  /// Returns whether the full stop that `behind` follows is none between two names.
  [[nodiscard]] bool ends_sentence(std::string_view behind) const {
    if (!may_end_after(text_, last_)) {
      return false;
    }
    const std::size_t next = behind.find_first_not_of(kAsciiBlanks);
    return next == std::string_view::npos || behind.starts_with("```") ||
           (next > 0 && sentence_begins(behind, next));
  }

  /// Returns whether the statement ends in front of the line that begins behind `space`.
  [[nodiscard]] bool ends_at_line(const SqlToken& space) const {
    const std::string_view blanks = token_text(text_, space);
    const auto lines = std::count(blanks.begin(), blanks.end(), '\n');
    if (depth_ > 0 || lines == 0 || !may_end_after(text_, last_) || space.end == text_.size() ||
        text_.substr(space.end).starts_with("--")) {
      return false;
    }
    const std::string_view line = text_.substr(space.end, text_.find('\n', space.end) - space.end);
    const std::size_t marks = line.size() - without_line_marks(line).size();
    const bool inner = line.substr(0, marks).find('(') != std::string_view::npos;
    if (!needs_select_ && !inner && sql_begins(text_, space.end + marks, SqlPlace::line)) {
      return true;
    }
    return prose_begins(text_, space.end, lines > 1);
  }

  std::string_view text_;
  std::size_t at_;
  std::string_view closing_;
  bool is_quote_;
  bool open_;
  bool needs_select_;
  int depth_ = 0;
  SqlToken last_;
};

}  // namespace

SqlEnd sql_end(std::string_view text, std::size_t at, std::string_view wrapper, SqlRegion region) {
  return EndFinder(text, at, wrapper, region).find();
}

}  // namespace fd
