#include "actors/sql/fences.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "actors/sql/sql_begin.hpp"
#include "actors/sql/sql_end.hpp"
#include "actors/sql/sql_lead.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// What may stand in front of a fence on its line: a bullet, a number, a quotation.
constexpr std::string_view kLineMarks = " \t>-*.0123456789";

/// What stands outside for a block: a mark, at which a statement ends.
constexpr std::string_view kFenceHere = "\n```\n";

/// A run of three or more backticks, or of tildes at the start of a line.
struct FenceMark {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view info;
  bool line_start = false;
};

/// Walks over the marks of a text that stand in no literal.
class FenceMarks {
 public:
  explicit FenceMarks(std::string_view text) : text_(text), at_(first_statement_end(text)) {}

  /// Returns the next mark; a mark in the midst of a line counts when no quote is open on that
  /// line.
  std::optional<FenceMark> next() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '`' || c == '~') {
        const std::size_t run = std::min(text_.find_first_not_of(c, at_), text_.size());
        const bool line_start = bare_;
        bare_ = false;
        if (run - at_ >= 3 && (line_start || (c == '`' && !in_literal(run)))) {
          return mark(run, line_start);
        }
        at_ = run;
        continue;
      }
      if (c == '\n') {
        quotes_ = 0;
      } else if (c == '\'' && !is_apostrophe(text_, at_)) {
        ++quotes_;
      }
      bare_ = c == '\n' || (bare_ && kLineMarks.find(c) != std::string_view::npos);
      ++at_;
    }
    return std::nullopt;
  }

 private:
  bool in_literal(std::size_t behind) {
    if (quotes_ % 2 == 0) {
      return false;
    }
    if (stop_ < behind) {  // else it is known already: a line of nothing but marks is read once
      stop_ = std::min(text_.find_first_of("'\n", behind), text_.size());
    }
    return stop_ < text_.size() && text_[stop_] == '\'';
  }

  /// The info is the first word behind the mark, unless that is the beginning of a statement.
  FenceMark mark(std::size_t run, bool line_start) {
    std::size_t info = run;
    while (info < text_.size() && (is_ascii_alphanumeric(text_[info]) || text_[info] == '-' ||
                                   text_[info] == '+' || text_[info] == '_')) {
      ++info;
    }
    if (sql_begins(text_, run, SqlPlace::given)) {
      info = run;
    }
    const FenceMark mark{at_, info, text_.substr(run, info - run), line_start};
    at_ = info;
    return mark;
  }

  /// A text that begins with a statement has no mark before that ends.
  static std::size_t first_statement_end(std::string_view text) {
    const std::size_t first = first_word(text);
    const bool fenced = text.substr(0, first).find("```") != std::string_view::npos;
    return fenced || !sql_begins(text, first, SqlPlace::given)
               ? 0
               : sql_end(text, first, wrapper_before(text, first), SqlRegion::open).end;
  }

  std::string_view text_;
  std::size_t at_;
  bool bare_ = at_ == 0;    ///< nothing but bullets and blanks so far on this line
  std::size_t quotes_ = 0;  ///< on this line
  std::size_t stop_ = 0;    ///< the next quote or newline, where one was looked for
};

/// Returns whether `mark` opens a block even where one is open: an info and nothing else follows
/// it.
bool opens_only(std::string_view text, const FenceMark& mark) {
  const std::size_t next = text.find_first_not_of(" \t\r", mark.end);
  return mark.line_start && !mark.info.empty() && next < text.size() && text[next] == '\n';
}

bool closes(std::string_view text, const FenceMark& open, const FenceMark& mark) {
  return text[mark.begin] == text[open.begin] &&
         mark.end - mark.info.size() - mark.begin >= open.end - open.info.size() - open.begin;
}

}  // namespace

bool Fence::may_be_sql() const {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"", "sql", "sqlite", "sqlite3", "mysql", "postgres", "postgresql", "psql"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view one) { return equals_ignoring_case(info, one); });
}

FencedText split_fences(std::string_view text) {
  FencedText out;
  FenceMarks marks(text);
  std::optional<FenceMark> open;
  std::size_t outside = 0;
  while (const auto mark = marks.next()) {
    if (!open) {
      open = mark;
    } else if (opens_only(text, *mark)) {
      out.fences.push_back({open->info, text.substr(open->end, mark->begin - open->end), false});
      open = mark;
    } else if (closes(text, *open, *mark)) {
      out.fences.push_back({open->info, text.substr(open->end, mark->begin - open->end), true});
      out.outside.append(text.substr(outside, open->begin - outside)).append(kFenceHere);
      outside = mark->end - mark->info.size();
      open.reset();
    }
  }
  if (open) {
    out.fences.push_back({open->info, text.substr(open->end), false});
  }
  out.outside.append(text.substr(outside));
  return out;
}

namespace {

/// Returns `line` without the mark of a quotation or a shell, or nothing when it has none.
std::optional<std::string_view> quoted_line(std::string_view line) {
  std::string_view rest = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
  if (rest.starts_with("...>")) {
    return rest.substr(4);
  }
  if (!rest.starts_with('>')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  return rest.substr(rest.starts_with(' ') ? 1 : 0);
}

bool begins_something(std::string_view line) {
  const std::size_t at = std::min(line.find_first_not_of(" \t`*"), line.size());
  return line.starts_with("```") || sql_begins(line, at, SqlPlace::line);
}

}  // namespace

std::string without_quotation(std::string_view text) {
  std::string out;
  std::string bare;      // the lines of the block that is open, without their marks
  std::size_t from = 0;  // where it begins
  bool counts = false;   // it has a statement in it
  for (std::size_t line = 0; line <= text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::size_t next = std::min(end + 1, text.size());
    const std::string_view whole = text.substr(line, next - line);
    const auto inside = line < text.size() ? quoted_line(whole) : std::nullopt;
    if (inside) {
      counts = counts || begins_something(*inside) || trimmed(whole).starts_with("...>");
      bare.append(*inside);
    } else {
      out.append(counts ? std::string_view(bare) : text.substr(from, line - from)).append(whole);
      bare.clear();
      counts = false;
      from = next;
    }
    if (line == text.size()) {
      break;
    }
    line = next;
  }
  return out;
}

}  // namespace fd
