#include "actors/config/problems.hpp"

#include <algorithm>

#include "protocol/base/escape.hpp"
#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxPrintable = 60;
constexpr std::size_t kMaxExcerpt = 100;

/// Returns the largest end <= `end` that does not cut a UTF-8 character.
std::size_t whole_characters(std::string_view text, std::size_t end) {
  while (end > 0 && end < text.size() && continues_character(text[end])) {
    --end;
  }
  return std::min(end, text.size());
}

std::string_view line_of(std::string_view text, std::size_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return {};
    }
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') {
    text.remove_suffix(1);
  }
  return text;
}

/// Returns the white space that puts a caret below the character after `before`.
std::string padding(std::string_view before) {
  std::string spaces;
  for (const char c : before) {
    if (!continues_character(c)) {
      spaces += c == '\t' ? '\t' : ' ';
    }
  }
  return spaces;
}

/// Returns whether a line may hold a URL with credentials, which no message repeats.
bool may_hold_password(std::string_view line) {
  const std::size_t scheme = line.find("://");
  return scheme != std::string_view::npos && line.find('@', scheme) != std::string_view::npos;
}

}  // namespace

std::size_t ConfigProblems::add_source(std::string name, std::string text) {
  sources_.push_back({std::move(name), std::move(text)});
  return sources_.size() - 1;
}

void ConfigProblems::add(const YamlPlace& place, std::string_view key, std::string_view what,
                         Errc code) {
  FD_CHECK(place.source < sources_.size());
  only_unsupported_ = only_unsupported_ && code == Errc::unsupported;
  if (full()) {
    ++count_;
    return;
  }
  const Source& source = sources_[place.source];
  Problem problem{place, source.name};
  if (place.line > 0 && !source.text.empty()) {
    const std::string_view line = line_of(source.text, place.line);
    const std::size_t column = character_count(line.substr(0, place.column - 1)) + 1;
    problem.line += ":" + std::to_string(place.line) + ":" + std::to_string(column);
  }
  problem.line += ": ";
  if (!key.empty()) {
    problem.line += printable_line(key);
    problem.line += ": ";
  }
  problem.line += what;
  const bool known = std::any_of(problems_.begin(), problems_.end(),
                                 [&](const Problem& other) { return other.line == problem.line; });
  if (!known) {
    ++count_;
    problems_.push_back(std::move(problem));
  }
}

void ConfigProblems::add_secret(const YamlPlace& place, std::string_view key,
                                std::string_view what) {
  hidden_lines_.emplace(place.source, place.line);
  add(place, key, what);
}

std::string ConfigProblems::excerpt(const YamlPlace& place) const {
  const std::string& text = sources_[place.source].text;
  if (place.line == 0 || text.empty() || hidden_lines_.contains({place.source, place.line})) {
    return {};
  }
  std::string_view line = line_of(text, place.line);
  if (line.empty() || may_hold_password(line)) {
    return {};
  }
  std::size_t caret = std::min(place.column - 1, line.size());
  std::string prefix;
  if (caret > kMaxExcerpt) {
    const std::size_t start = whole_characters(line, caret - kMaxExcerpt / 2);
    line.remove_prefix(start);
    caret -= start;
    prefix = "...";
  }
  std::string out = "\n  " + prefix;
  out += line.substr(0, whole_characters(line, caret + kMaxExcerpt));
  out += caret + kMaxExcerpt < line.size() ? "...\n  " : "\n  ";
  out += padding(prefix) + padding(line.substr(0, caret)) + "^";
  return out;
}

Error ConfigProblems::error() const {
  FD_CHECK(!problems_.empty());
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Problem& a, const Problem& b) { return a.place < b.place; });
  Error error{Errc::invalid_input, {}};
  for (std::size_t i = 0; i < std::min(sorted.size(), kMaxProblemsShown); ++i) {
    error.message += i == 0 ? "" : "\n";
    error.message += sorted[i].line + excerpt(sorted[i].place);
  }
  if (count_ > kMaxProblemsShown) {
    error.message += "\n... and " + std::to_string(count_ - kMaxProblemsShown) + " more";
  }
  return error;
}

std::string printable_line(std::string_view text) {
  const std::size_t end = whole_characters(text, kMaxPrintable);
  const std::string valid = json::replace_invalid_utf8(text.substr(0, end));
  const std::string out = escaped(valid, [](std::uint32_t code) {
    return code == '\n' ? "\\n" : code < 0x80 && is_control(code) ? hex_escape(code) : "";
  });
  return end < text.size() ? out + "..." : out;
}

}  // namespace fd
