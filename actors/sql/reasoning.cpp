#include <algorithm>
#include <array>
#include <optional>

#include "actors/sql/sql_answer.hpp"
#include "actors/sql/sql_text.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr auto kReasoningTags =
    std::to_array<std::string_view>({"think", "thinking", "thought", "analysis", "reasoning"});

/// The longest tag, with some blanks in it.
constexpr std::size_t kMaxTagBytes = 32;

bool is_reasoning_tag(std::string_view name) {
  return std::any_of(kReasoningTags.begin(), kReasoningTags.end(),
                     [&](std::string_view one) { return equals_ignoring_case(name, one); });
}

struct Tag {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
  bool closing = false;
};

/// Returns the next reasoning tag at or behind `at`.
std::optional<Tag> next_tag(std::string_view text, std::size_t at) {
  for (at = text.find('<', at); at != std::string_view::npos; at = text.find('<', at + 1)) {
    std::string_view inside = text.substr(at + 1, kMaxTagBytes);
    const std::size_t length = inside.find('>');
    if (length == std::string_view::npos) {
      continue;
    }
    inside = inside.substr(0, length);
    const bool closing = inside.substr(0, 1) == "/";
    const std::string_view name = trimmed(inside.substr(closing ? 1 : 0));
    if (is_reasoning_tag(name)) {
      return Tag{at, at + 1 + length + 1, name, closing};
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
            token_.kind == SqlTokenKind::comment);
  }

 private:
  std::size_t start_;
  SqlTokenizer tokens_;
  SqlToken token_;
  bool sql_;
};

}  // namespace

std::string without_reasoning(std::string_view answer) {
  std::string kept;
  Literals literals(answer);
  std::size_t from = 0;  // what is not yet decided begins here
  std::size_t look = 0;
  while (const auto tag = next_tag(answer, look)) {
    look = tag->end;
    if (literals.holds(tag->begin)) {
      continue;
    }
    if (tag->closing) {
      kept.clear();
      from = tag->end;
      continue;
    }
    kept.append(answer.substr(from, tag->begin - from));
    auto close = next_tag(answer, tag->end);
    while (close && !(close->closing && equals_ignoring_case(close->name, tag->name))) {
      close = next_tag(answer, close->end);
    }
    if (!close) {
      return kept;
    }
    from = look = close->end;
  }
  kept.append(answer.substr(from));
  return kept;
}

}  // namespace fd
