#include "coordinator/shards/record_views.hpp"

#include <charconv>

#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"

namespace fd {
namespace {

/// Goes through a line from left to right. After the first thing that is not as expected, every
/// member returns nothing; finish() says where it was.
class Cursor {
 public:
  explicit Cursor(std::string_view line) : line_(line) {}

  void expect(std::string_view literal) {
    if (!accept(literal)) {
      fail();
    }
  }
  bool accept(std::string_view literal) {
    if (failed_ || line_.compare(at_, literal.size(), literal) != 0) {
      return false;
    }
    at_ += literal.size();
    return true;
  }
  /// Returns a JSON string with its quotes.
  std::string_view string() {
    const std::size_t start = at_;
    skip_string();
    return failed_ ? std::string_view() : line_.substr(start, at_ - start);
  }
  /// Returns what stands between the quotes of a string without escapes.
  std::string_view plain() {
    const std::string_view quoted = string();
    return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
  }
  Digest digest() {
    const auto found = Digest::from_hex(plain());
    if (!found) {
      fail();
    }
    return found.value_or(Digest{});
  }
  template <class T>
  T whole() {
    T value = 0;
    const char* end = line_.data() + line_.size();
    const auto [stop, error] = std::from_chars(line_.data() + at_, end, value);
    if (failed_ || error != std::errc()) {
      fail();
      return 0;
    }
    at_ = static_cast<std::size_t>(stop - line_.data());
    return value;
  }
  /// Returns a number, true, false or null.
  std::string_view scalar() {
    const std::size_t start = at_;
    const std::size_t end = failed_ ? start : line_.find_first_of(",}]", start);
    if (failed_ || end == std::string_view::npos || end == start ||
        line_.find_first_of("\"[{", start) < end) {
      fail();
      return {};
    }
    at_ = end;
    return line_.substr(start, end - start);
  }
  std::string_view object() {
    const std::size_t start = at_;
    std::size_t depth = 0;
    do {
      if (failed_ || at_ >= line_.size() || (depth == 0 && line_[at_] != '{')) {
        fail();
        return {};
      }
      const char c = line_[at_];
      if (c == '"') {
        skip_string();
        continue;
      }
      depth += c == '{' || c == '[' ? 1 : 0;
      depth -= c == '}' || c == ']' ? 1 : 0;
      ++at_;
    } while (depth > 0);
    return line_.substr(start, at_ - start);
  }
  /// Returns what `from_name` makes of a string's text.
  template <class FromName>
  auto named(FromName from_name) {
    const auto value = from_name(plain());
    if (!value) {
      fail();
    }
    return value.value_or(typename decltype(from_name(std::string_view()))::value_type{});
  }
  void fail() { failed_ = true; }
  [[nodiscard]] bool failed() const { return failed_; }
  Result<void> finish() const {
    if (!failed_ && at_ == line_.size()) {
      return {};
    }
    return Error{Errc::corrupt, "is not what this program writes, at byte " +
                                    std::to_string(at_ + 1) + " of the line"};
  }

 private:
  void skip_string() {
    if (failed_ || at_ >= line_.size() || line_[at_] != '"') {
      return fail();
    }
    for (std::size_t at = at_ + 1;;) {
      at = json::find_escape(line_, at);
      if (at >= line_.size()) {
        return fail();
      }
      if (line_[at] == '"') {
        at_ = at + 1;
        return;
      }
      if (line_[at] != '\\') {
        return fail();
      }
      at += 2;
    }
  }

  std::string_view line_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

void read_candidate(Cursor& line, CandidateView& view) {
  line.expect("{\"call_key\":");
  line.string();
  line.expect(",\"candidate\":");
  view.index = line.whole<std::uint32_t>();
  line.expect(",\"clean_rule\":");
  view.clean_rule = line.string();
  line.expect(",\"error_class\":");
  view.error_class = line.string();
  line.expect(",\"exec\":");
  view.exec = line.named(exec_status_from_name);
  line.expect(",\"gold_match\":");
  view.gold_match = line.scalar();
  line.expect(",\"judge\":");
  view.judge = line.scalar();
  line.expect(",\"rule\":");
  view.rule = line.named(reason_from_name);
  line.expect(",\"score\":");
  view.score = line.scalar();
  line.expect(",\"signature\":");
  view.signature = line.string();
  line.expect(",\"text\":");
  view.text = line.string();
  line.expect("}");
}

bool belongs(Verdict verdict, Reason reason) {
  const Verdict expected = reason == Reason::none            ? Verdict::kept
                           : reason < Reason::provider_error ? Verdict::rejected
                                                             : Verdict::failed;
  return verdict == expected;
}

}  // namespace

Result<void> read_view(std::string_view text, SampleView& view) {
  view = {};
  Cursor line(text);
  line.expect("{\"canonical_input\":");
  view.canonical_input = line.object();
  if (line.accept(",\"database\":")) {
    line.digest();
  }
  if (line.accept(",\"gold\":")) {
    view.gold = line.string();
  }
  if (line.accept(",\"id_fields\":")) {
    view.id_fields = line.object();
  }
  line.expect(",\"ordinal\":");
  line.whole<std::uint64_t>();
  line.expect(",\"sample_id\":");
  view.id = line.digest();
  line.expect("}");
  return line.finish();
}

Result<void> read_view(std::string_view text, AnswerView& view) {
  view = {};
  Cursor line(text);
  line.expect("{\"call_key\":");
  view.call_key = line.string();
  line.expect(",\"candidate\":");
  view.candidate = line.whole<std::uint32_t>();
  line.expect(",\"finish_reason\":");
  view.finish_reason = line.string();
  line.expect(",\"reasoning\":");
  view.reasoning = line.string();
  line.expect(",\"sample_id\":");
  view.sample_id = line.digest();
  line.expect(",\"served_model\":");
  view.served_model = line.string();
  line.expect(",\"text\":");
  view.text = line.string();
  line.expect("}");
  return line.finish();
}

Result<void> read_view(std::string_view text, CallView& view) {
  view = {};
  Cursor line(text);
  line.expect("{\"attempts\":");
  view.attempts = line.whole<std::uint64_t>();
  line.expect(",\"call_key\":");
  line.string();
  line.expect(",\"candidate\":");
  view.candidate = line.whole<std::uint32_t>();
  line.expect(",\"completion_tokens\":");
  view.completion_tokens = line.whole<std::uint64_t>();
  line.expect(",\"endpoint\":");
  view.endpoint = line.string();
  line.expect(",\"error\":");
  view.error = line.string();
  line.expect(",\"http_status\":");
  line.whole<std::uint32_t>();
  line.expect(",\"prompt_tokens\":");
  view.prompt_tokens = line.whole<std::uint64_t>();
  line.expect(",\"queue_us\":");
  line.whole<std::uint64_t>();
  line.expect(",\"sample_id\":");
  view.sample_id = line.digest();
  line.expect(",\"service_us\":");
  line.whole<std::uint64_t>();
  line.expect("}");
  return line.finish();
}

Result<void> read_view(std::string_view text, OutcomeView& view) {
  view.candidates.clear();
  view.chosen.reset();
  Cursor line(text);
  line.expect("{\"candidates\":[");
  while (!line.failed() && !line.accept("]")) {
    if (!view.candidates.empty()) {
      line.expect(",");
    }
    read_candidate(line, view.candidates.emplace_back());
  }
  line.expect(",\"chosen\":");
  if (!line.accept("null")) {
    view.chosen = line.whole<std::uint32_t>();
  }
  view.gold_failed = line.accept(",\"gold_failed\":true");
  line.expect(",\"reason\":");
  view.reason = line.named(reason_from_name);
  line.expect(",\"sample_id\":");
  view.sample_id = line.digest();
  line.expect(",\"verdict\":");
  view.verdict = line.named(verdict_from_name);
  line.expect("}");
  if (!belongs(view.verdict, view.reason)) {
    line.fail();
  }
  return line.finish();
}

Result<std::string> text_of(std::string_view json_string) {
  const auto value = json::parse(json_string);
  if (!value.ok() || value->as_string() == nullptr) {
    return Error{Errc::corrupt, "is no JSON string"};
  }
  return *value->as_string();
}

}  // namespace fd
