#include "coordinator/shards/record_views.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "protocol/json/json.hpp"
#include "protocol/json/text.hpp"
#include "protocol/record_fields.hpp"

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
  /// Returns any value.
  std::string_view value() {
    const std::size_t start = at_;
    if (!failed_ && at_ < line_.size() && line_[at_] == '"') {
      return string();
    }
    if (!failed_ && at_ < line_.size() && (line_[at_] == '{' || line_[at_] == '[')) {
      return nested();
    }
    at_ = failed_ ? start : std::min(line_.find_first_of(",}]\"[{", start), line_.size());
    if (at_ == start) {
      fail();
    }
    return line_.substr(start, at_ - start);
  }
  /// Goes past the key of a member behind `before`. Returns whether it stands here.
  bool accept_key(char before, std::string_view name) {
    const std::size_t start = at_;
    if (accept({&before, 1}) && accept("\"") && accept(name) && accept("\":")) {
      return true;
    }
    at_ = start;
    return false;
  }
  /// Returns an object or a list.
  std::string_view nested() {
    const std::size_t start = at_;
    std::size_t depth = 0;
    do {
      if (failed_ || at_ >= line_.size() ||
          (depth == 0 && line_[at_] != '{' && line_[at_] != '[')) {
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
  template <class E>
  E named() {
    const auto value = from_name<E>(plain());
    if (!value) {
      fail();
    }
    return value.value_or(E{});
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

/// Goes through an object that is R's, by its table. `take` is called at each member's value with
/// its name; when it returns false, the value is skipped.
template <class R>
void read_object(Cursor& line, auto&& take) {
  char before = '{';
  each_json_field<R>([&](const auto& field) {
    if (!line.accept_key(before, field.name)) {
      return field.if_set ? void() : line.fail();
    }
    before = ',';
    if (!take(field.name)) {
      line.value();
    }
  });
  line.expect("}");
}

/// A member of a view: taken when the name is its own.
template <class Member, class Read>
bool takes(std::string_view name, std::string_view own, Member& member, Read read) {
  if (name != own) {
    return false;
  }
  member = read();
  return true;
}

void read_candidate(Cursor& line, CandidateView& view) {
  const auto value = [&] { return line.value(); };
  read_object<Candidate>(line, [&](std::string_view name) {
    return takes(name, "candidate", view.index, [&] { return line.whole<std::uint32_t>(); }) ||
           takes(name, "clean_rule", view.clean_rule, value) ||
           takes(name, "error_class", view.error_class, value) ||
           takes(name, "exec", view.exec, [&] { return line.named<ExecStatus>(); }) ||
           takes(name, "gold_match", view.gold_match, value) ||
           takes(name, "judge", view.judge, value) ||
           takes(name, "rule", view.rule, [&] { return line.named<Reason>(); }) ||
           takes(name, "score", view.score, value) ||
           takes(name, "signature", view.signature, value) || takes(name, "text", view.text, value);
  });
}

void read_candidates(Cursor& line, std::vector<CandidateView>& candidates) {
  line.expect("[");
  while (!line.failed() && !line.accept("]")) {
    if (!candidates.empty()) {
      line.expect(",");
    }
    read_candidate(line, candidates.emplace_back());
  }
}

/// Reads the members that say which call it is.
bool read_identity(Cursor& line, std::string_view name, CallIdentity& id) {
  const auto digest = [&] { return line.digest(); };
  const auto whole = [&] { return line.whole<std::uint32_t>(); };
  return takes(name, "sample_id", id.sample_id, digest) ||
         takes(name, "call_key", id.call_key, digest) ||
         takes(name, "candidate", id.candidate, whole) ||
         takes(name, "role", id.role, [&] { return line.named<Role>(); }) ||
         takes(name, "vote", id.vote, whole) || takes(name, "try", id.round, whole);
}

}  // namespace

Result<void> read_view(std::string_view text, SampleView& view) {
  view = {};
  Cursor line(text);
  const auto value = [&] { return line.value(); };
  read_object<Sample>(line, [&](std::string_view name) {
    return takes(name, "canonical_input", view.canonical_input, value) ||
           takes(name, "gold", view.gold, value) ||
           takes(name, "more_golds", view.more_golds, value) ||
           takes(name, "id_fields", view.id_fields, value) ||
           takes(name, "sample_id", view.id, [&] { return line.digest(); });
  });
  return line.finish();
}

Result<void> read_view(std::string_view text, AnswerView& view) {
  view = {};
  Cursor line(text);
  const auto value = [&] { return line.value(); };
  read_object<Answer>(line, [&](std::string_view name) {
    return read_identity(line, name, view) ||
           takes(name, "finish_reason", view.finish_reason, value) ||
           takes(name, "model", view.model, value) ||
           takes(name, "reasoning", view.reasoning, value) || takes(name, "text", view.text, value);
  });
  return line.finish();
}

Result<void> read_view(std::string_view text, CallView& view) {
  view = {};
  Cursor line(text);
  const auto value = [&] { return line.value(); };
  const auto whole = [&] { return line.whole<std::uint64_t>(); };
  read_object<Call>(line, [&](std::string_view name) {
    return read_identity(line, name, view) || takes(name, "attempts", view.attempts, whole) ||
           takes(name, "cached_tokens", view.cached_tokens, whole) ||
           takes(name, "connect_us", view.connect_us, whole) ||
           takes(name, "count", view.count, whole) ||
           takes(name, "completion_tokens", view.completion_tokens, whole) ||
           takes(name, "end", view.end, [&] { return line.named<CallEnd>(); }) ||
           takes(name, "endpoint", view.endpoint, value) ||
           takes(name, "error", view.error, value) || takes(name, "fence", view.fence, whole) ||
           takes(name, "first_byte_us", view.first_byte_us, whole) ||
           takes(name, "http_status", view.http_status, whole) ||
           takes(name, "price_per_mtok", view.price, value) ||
           takes(name, "prompt_tokens", view.prompt_tokens, whole) ||
           takes(name, "queue_us", view.queue_us, whole) ||
           takes(name, "reasoning_tokens", view.reasoning_tokens, whole) ||
           takes(name, "served_model", view.served_model, value) ||
           takes(name, "service_us", view.service_us, whole) ||
           takes(name, "tokens_unknown", view.tokens_unknown, [&] { return line.accept("true"); });
  });
  return line.finish();
}

Result<void> read_view(std::string_view text, OutcomeView& view) {
  std::vector<CandidateView> candidates = std::move(view.candidates);
  candidates.clear();
  view = {};
  Cursor line(text);
  const auto index = [&]() -> std::optional<std::uint32_t> {
    return line.accept("null") ? std::nullopt : std::optional(line.whole<std::uint32_t>());
  };
  read_object<Outcome>(line, [&](std::string_view name) {
    if (name == "candidates") {
      read_candidates(line, candidates);
      return true;
    }
    return takes(name, "chosen", view.chosen, index) ||
           takes(name, "deciding", view.deciding, index) ||
           takes(name, "gold_failed", view.gold_failed, [&] { return line.accept("true"); }) ||
           takes(name, "reason", view.reason, [&] { return line.named<Reason>(); }) ||
           takes(name, "sample_id", view.sample_id, [&] { return line.digest(); }) ||
           takes(name, "verdict", view.verdict, [&] { return line.named<Verdict>(); });
  });
  view.candidates = std::move(candidates);
  if (view.verdict != verdict_of(view.reason)) {
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
