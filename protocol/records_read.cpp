#include <algorithm>
#include <limits>
#include <utility>

#include "protocol/records.hpp"

namespace fd {
namespace {

/// Reads one object's members strictly. After the first error the getters return empty values;
/// finish() says what it was.
class ObjectReader {
 public:
  ObjectReader(const json::Value& value, std::string where) : where_(std::move(where)) {
    members_ = value.as_object();
    if (members_ == nullptr) {
      fail("not a JSON object");
    }
  }

  /// Returns the member, or null when there is none.
  const json::Value* optional(std::string_view key) {
    if (members_ == nullptr) {
      return nullptr;
    }
    const auto found = members_->find(key);
    if (found == members_->end()) {
      return nullptr;
    }
    asked_.emplace_back(found->first);
    return &found->second;
  }
  const json::Value* required(std::string_view key) {
    const json::Value* value = optional(key);
    if (value == nullptr) {
      fail_key(key, "is missing");
    }
    return value;
  }

  std::string text(std::string_view key) { return text_of(key, required(key)); }
  std::string text_of(std::string_view key, const json::Value* value) {
    const std::string* found = value == nullptr ? nullptr : value->as_string();
    if (value != nullptr && found == nullptr) {
      fail_key(key, "is not a string");
    }
    return found == nullptr ? std::string() : *found;
  }
  Digest digest(std::string_view key) {
    const std::optional<Digest> found = Digest::from_hex(text(key));
    if (!found) {
      fail_key(key, "is not a digest (64 lower-case hexadecimal digits)");
    }
    return found.value_or(Digest{});
  }
  template <class T>
  T whole(std::string_view key) {
    return whole_of<T>(key, required(key));
  }
  template <class T>
  T whole_of(std::string_view key, const json::Value* value) {
    const std::optional<std::uint64_t> found = value == nullptr ? std::nullopt : value->as_uint();
    if (!found || *found > std::numeric_limits<T>::max()) {
      fail_key(key, "is not a whole number in its range");
      return 0;
    }
    return static_cast<T>(*found);
  }
  std::optional<double> number_or_null(std::string_view key) {
    const json::Value* value = required(key);
    if (value == nullptr || value->is_null()) {
      return std::nullopt;
    }
    if (value->as_number() == nullptr) {
      fail_key(key, "is neither a number nor null");
      return std::nullopt;
    }
    return *value->as_number();
  }
  std::optional<bool> bool_or_null(std::string_view key) {
    const json::Value* value = required(key);
    if (value == nullptr || value->is_null()) {
      return std::nullopt;
    }
    if (value->as_bool() == nullptr) {
      fail_key(key, "is neither true, false nor null");
      return std::nullopt;
    }
    return *value->as_bool();
  }
  /// Returns what `from_name` makes of the member's text.
  template <class FromName>
  auto named(std::string_view key, FromName from_name) {
    const std::string found = text(key);
    const auto value = from_name(found);
    if (!value) {
      fail_key(key, "has an unknown value");
    }
    return value.value_or(typename decltype(from_name(found))::value_type{});
  }
  /// Returns the canonical text of a member that must be an object.
  std::string object_text(std::string_view key, const json::Value* value) {
    if (value == nullptr || value->as_object() == nullptr) {
      fail_key(key, "is not an object");
      return {};
    }
    return json::canonical(*value);
  }

  void fail_key(std::string_view key, const std::string& what) {
    fail("key \"" + std::string(key) + "\" " + what);
  }
  void fail(const std::string& what) {
    if (message_.empty()) {
      message_ = where_ + ": " + what;
    }
  }
  /// Returns the first error. A member that nobody asked for is one.
  Result<void> finish() {
    if (members_ != nullptr && asked_.size() != members_->size()) {
      for (const auto& [key, value] : *members_) {
        if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
          fail_key(key, "is not known");
        }
      }
    }
    if (!message_.empty()) {
      return Error{Errc::corrupt, message_};
    }
    return {};
  }

 private:
  std::string where_;
  const json::Object* members_ = nullptr;
  std::vector<std::string_view> asked_;
  std::string message_;
};

Result<json::Value> parse_line(std::string_view line, const char* what) {
  Result<json::Value> value = json::parse_canonical(line);
  if (!value.ok()) {
    return Error{Errc::corrupt, std::string(what) + ": " + value.error().message};
  }
  return value;
}

Result<Candidate> candidate_from(const json::Value& value) {
  ObjectReader object(value, "candidate");
  Candidate candidate;
  candidate.call_key = object.digest("call_key");
  candidate.index = object.whole<std::uint32_t>("candidate");
  candidate.clean_rule = object.text("clean_rule");
  candidate.error_class = object.text("error_class");
  candidate.exec = object.named("exec", exec_status_from_name);
  candidate.gold_match = object.bool_or_null("gold_match");
  candidate.judge = object.number_or_null("judge");
  candidate.rule = object.named("rule", reason_from_name);
  candidate.score = object.number_or_null("score");
  candidate.signature = object.text("signature");
  candidate.text = object.text("text");
  FD_TRY_VOID(object.finish());
  return candidate;
}

/// Returns the verdict that a reason belongs to.
Verdict verdict_of(Reason reason) {
  if (reason == Reason::none) {
    return Verdict::kept;
  }
  return reason < Reason::provider_error ? Verdict::rejected : Verdict::failed;
}

}  // namespace

Result<Sample> sample_from_line(std::string_view line) {
  FD_TRY(const json::Value value, parse_line(line, "sample"));
  ObjectReader object(value, "sample");
  Sample sample;
  sample.canonical_input =
      object.object_text("canonical_input", object.required("canonical_input"));
  if (const json::Value* database = object.optional("database")) {
    sample.database = object.text_of("database", database);
    // It becomes a file's name.
    if (!Digest::from_hex(sample.database)) {
      object.fail_key("database", "is not a digest (64 lower-case hexadecimal digits)");
    }
  }
  if (const json::Value* gold = object.optional("gold")) {
    sample.gold = object.text_of("gold", gold);
  }
  if (const json::Value* id_fields = object.optional("id_fields")) {
    sample.id_fields = object.object_text("id_fields", id_fields);
  }
  sample.ordinal = object.whole<std::uint64_t>("ordinal");
  sample.id = object.digest("sample_id");
  FD_TRY_VOID(object.finish());
  return sample;
}

Result<Answer> answer_from_line(std::string_view line) {
  FD_TRY(const json::Value value, parse_line(line, "answer"));
  ObjectReader object(value, "answer");
  Answer answer;
  answer.call_key = object.digest("call_key");
  answer.candidate = object.whole<std::uint32_t>("candidate");
  answer.finish_reason = object.text("finish_reason");
  answer.reasoning = object.text("reasoning");
  answer.sample_id = object.digest("sample_id");
  answer.served_model = object.text("served_model");
  answer.text = object.text("text");
  FD_TRY_VOID(object.finish());
  return answer;
}

Result<Call> call_from_line(std::string_view line) {
  FD_TRY(const json::Value value, parse_line(line, "call"));
  ObjectReader object(value, "call");
  Call call;
  call.attempts = object.whole<std::uint32_t>("attempts");
  call.call_key = object.digest("call_key");
  call.candidate = object.whole<std::uint32_t>("candidate");
  call.completion_tokens = object.whole<std::uint64_t>("completion_tokens");
  call.endpoint = object.text("endpoint");
  call.error = object.text("error");
  call.http_status = object.whole<std::uint32_t>("http_status");
  call.prompt_tokens = object.whole<std::uint64_t>("prompt_tokens");
  call.queue_us = object.whole<std::uint64_t>("queue_us");
  call.sample_id = object.digest("sample_id");
  call.service_us = object.whole<std::uint64_t>("service_us");
  FD_TRY_VOID(object.finish());
  return call;
}

Result<Outcome> outcome_from_line(std::string_view line) {
  FD_TRY(const json::Value value, parse_line(line, "outcome"));
  ObjectReader object(value, "outcome");
  Outcome outcome;
  const json::Value* candidates = object.required("candidates");
  if (candidates != nullptr && candidates->as_array() == nullptr) {
    object.fail_key("candidates", "is not an array");
  } else if (candidates != nullptr) {
    for (const json::Value& item : *candidates->as_array()) {
      Result<Candidate> candidate = candidate_from(item);
      if (!candidate.ok()) {
        object.fail(candidate.error().message);
        break;
      }
      outcome.candidates.push_back(std::move(candidate).value());
    }
  }
  const json::Value* chosen = object.required("chosen");
  if (chosen != nullptr && !chosen->is_null()) {
    outcome.chosen = object.whole_of<std::uint32_t>("chosen", chosen);
  }
  if (const json::Value* gold_failed = object.optional("gold_failed")) {
    outcome.gold_failed = true;
    if (gold_failed->as_bool() == nullptr || !*gold_failed->as_bool()) {
      object.fail_key("gold_failed", "is not true");
    }
  }
  outcome.reason = object.named("reason", reason_from_name);
  outcome.sample_id = object.digest("sample_id");
  outcome.verdict = object.named("verdict", verdict_from_name);
  if (outcome.verdict != verdict_of(outcome.reason)) {
    object.fail_key("reason", "does not belong to the verdict");
  }
  FD_TRY_VOID(object.finish());
  return outcome;
}

}  // namespace fd
