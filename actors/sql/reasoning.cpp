#include "actors/sql/reasoning.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "actors/sql/sql_begin.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// The longest mark, with some blanks in it.
constexpr std::size_t kMaxMarkBytes = 48;

constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kFinal = "assistantfinal";  // a channel mark that lost its brackets

struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool closing = false;
};

/// A way to write marks: a name in brackets, and a slash in front of it where the reasoning ends.
struct Brackets {
  std::string_view open;
  std::string_view close;
};

constexpr auto kBrackets =
    std::to_array<Brackets>({{"<|", "|>"}, {"<", ">"}, {"[", "]"}, {"\u25C1", "\u25B7"}});

bool is_reasoning(std::string_view name) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"think", "thinking", "thought", "thoughts", "analysis",
                                       "reason", "reasoning", "reflection", "scratchpad"});
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Returns the mark that `inside` names, which is none that opens unless its name is well known: a
/// tag of any name with "think" in it closes.
std::optional<bool> closing_mark(std::string_view inside, std::string_view open) {
  if (open == "[" && lowered(inside) == inside) {
    return std::nullopt;  // a quoted name of SQL: only [THINK] is a mark
  }
  bool closing = inside.starts_with('/');
  std::string name = lowered(trimmed(inside.substr(closing ? 1 : 0)));
  if (open == "<|") {
    closing = closing || name.starts_with("end_");
    for (const std::string_view part : {"begin_", "start_", "end_", "of_"}) {
      name.erase(0, name.starts_with(part) ? part.size() : 0);
    }
  }
  name.erase(0, name.rfind(':') + 1);
  if (is_reasoning(name)) {
    return closing;
  }
  const auto has = [&](std::string_view stem) { return name.find(stem) != std::string::npos; };
  return closing && (has("think") || has("thought") || has("reason")) ? std::optional(true)
                                                                      : std::nullopt;
}

/// Returns the mark that begins at `at`, or nothing.
std::optional<Mark> mark_at(std::string_view text, std::size_t at) {
  for (const auto& [open, close] : kBrackets) {
    if (!text.substr(at).starts_with(open)) {
      continue;
    }
    const std::string_view near = text.substr(at + open.size(), kMaxMarkBytes);
    const std::size_t length = near.find(close);
    if (length == std::string_view::npos) {
      continue;
    }
    const std::size_t end = at + open.size() + length + close.size();
    const std::string_view inside = near.substr(0, length);
    if (open == "<|" && inside == "channel") {
      const std::size_t message = text.substr(end, kMaxMarkBytes).find(kMessage);
      const bool whole = message != std::string_view::npos;
      return whole ? std::optional(
                         Mark{at, end + message + kMessage.size(),
                              trimmed(text.substr(end, kMaxMarkBytes)).starts_with("final")})
                   : std::nullopt;
    }
    if (const auto closing = closing_mark(inside, open)) {
      return Mark{at, end, *closing};
    }
  }
  return std::nullopt;
}

/// Knows where the literals and comments of an answer are that begins with SQL.
class Literals {
 public:
  explicit Literals(std::string_view text)
      : start_(static_cast<std::size_t>(trimmed(text).data() - text.data())),
        tokens_(text, start_),
        sql_(sql_begins(text, start_, SqlPlace::given)) {}

  /// Requires: `at` never falls from one call to the next.
  bool holds(std::size_t at) {
    if (!sql_ || at < start_) {
      return false;
    }
    while (token_.end <= at) {
      const auto next = tokens_.next();
      if (!next) {
        return false;
      }
      token_ = *next;
    }
    return token_.closed &&
           (token_.kind == SqlTokenKind::string || token_.kind == SqlTokenKind::quoted ||
            token_.kind == SqlTokenKind::comment) &&
           token_.begin < at;
  }

 private:
  std::size_t start_;
  SqlTokenizer tokens_;
  SqlToken token_;
  bool sql_;
};

/// Walks over the marks of an answer that it does not only mention.
class Marks {
 public:
  explicit Marks(std::string_view text)
      : text_(text), literals_(text), channels_(trimmed(text).starts_with("analysis")) {}

  std::optional<Mark> next() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        quotes_ = 0;
      } else if (c == '\'' && !is_apostrophe(text_, at_)) {
        ++quotes_;
      }
      if (channels_ && text_.substr(at_).starts_with(kFinal)) {
        const Mark mark{at_, at_ + kFinal.size(), true};
        at_ = mark.end;
        return mark;
      }
      if (c != '<' && c != '[' && c != '\xE2') {
        continue;
      }
      const auto mark = mark_at(text_, at_);
      if (mark && !is_mention(*mark)) {
        at_ = mark->end;
        return mark;
      }
    }
    return std::nullopt;
  }

 private:
  bool is_mention(const Mark& mark) {
    constexpr std::string_view kQuotes = "`\"'";
    const char before = mark.begin > 0 ? text_[mark.begin - 1] : '\0';
    const char behind = mark.end < text_.size() ? text_[mark.end] : '\0';
    if (before == behind && kQuotes.find(before) != std::string_view::npos) {
      return true;
    }
    return (quotes_ % 2 == 1 && quote_follows(mark.end)) || literals_.holds(mark.begin);
  }

  /// Returns whether a quote stands at or behind `at` on its line.
  bool quote_follows(std::size_t at) {
    if (stop_ < at) {  // else it is known already: a text of nothing but marks is read once
      stop_ = std::min(text_.find_first_of("'\n", at), text_.size());
    }
    return stop_ < text_.size() && text_[stop_] == '\'';
  }

  std::string_view text_;
  Literals literals_;
  bool channels_;
  std::size_t at_ = 0;
  std::size_t quotes_ = 0;
  std::size_t stop_ = 0;
};

/// Returns whether the closing mark of a text that has no opening one is named in a sentence.
bool is_named(std::string_view text, const Mark& mark) {
  const std::string_view before = text.substr(0, mark.begin);
  const std::string_view behind = text.substr(mark.end);
  std::size_t fences = 0;
  for (std::size_t at = 0; (at = before.find("```", at)) != std::string_view::npos; at += 3) {
    ++fences;
  }
  constexpr std::string_view kAround = " \t`\"'(,.;:)!?";
  return fences % 2 == 1 ||
         (!before.empty() && kAround.substr(0, 6).find(before.back()) != std::string_view::npos &&
          !behind.empty() && kAround.find(behind.front()) != std::string_view::npos);
}

/// Returns `text` without the marks that gpt-oss puts behind a message.
std::string_view without_end_marks(std::string_view text) {
  text = trimmed(text);
  for (const std::string_view mark : {"<|return|>", "<|end|>", "<|im_end|>"}) {
    text = text.ends_with(mark) ? trimmed(text.substr(0, text.size() - mark.size())) : text;
  }
  return text;
}

}  // namespace

std::vector<std::string_view> answer_parts(std::string_view answer) {
  std::vector<std::string_view> parts;
  const auto add = [&](std::size_t from, std::size_t to) {
    const std::string_view part = trimmed(answer.substr(from, to - from));
    if (!part.empty()) {
      parts.push_back(part);
    }
  };
  Marks marks(answer);
  std::size_t from = 0;
  bool inside =
      trimmed(answer).starts_with("analysis") && answer.find(kFinal) != std::string_view::npos;
  while (const auto mark = marks.next()) {
    if (mark->closing) {
      if (!inside) {
        parts.clear();
      }
      from = mark->end;
    } else if (!inside) {
      add(from, mark->begin);
    }
    inside = !mark->closing;
  }
  if (!inside) {
    add(from, answer.size());
  }
  return parts;
}

std::string without_reasoning(std::string_view answer) {
  std::string_view text = without_end_marks(answer);
  constexpr std::string_view kAssistant = "<|start|>assistant";
  text.remove_prefix(text.starts_with(kAssistant) ? kAssistant.size() : 0);
  while (true) {
    Marks marks(text);
    auto mark = marks.next();
    if (!mark) {
      break;
    }
    const bool starts = mark->begin == 0;
    if (!mark->closing) {
      if (!starts) {
        break;
      }
      while (mark && !mark->closing) {
        mark = marks.next();
      }
      if (!mark) {
        return "";
      }
    } else if (!starts && !text.substr(mark->begin).starts_with(kFinal) && is_named(text, *mark)) {
      break;
    }
    text = trimmed(text.substr(mark->end));
  }
  return std::string(text);
}

}  // namespace fd
