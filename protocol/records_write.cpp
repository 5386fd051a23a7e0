#include <algorithm>
#include <charconv>

#include "protocol/records.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kMaxWhole = std::uint64_t{1} << 53;

/// Writes one object's members in the order they are given, which must be the canonical one. Keys
/// are literals of plain ASCII.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  std::string& key(std::string_view key) {
    if (!first_) {
      out_ += ',';
    }
    first_ = false;
    out_ += '"';
    out_ += key;
    out_ += "\":";
    return out_;
  }
  void text(std::string_view key_name, std::string_view value) {
    json::append_string(value, key(key_name));
  }
  void digest(std::string_view key_name, const Digest& value) {
    key(key_name) += '"';
    out_ += value.hex();
    out_ += '"';
  }
  /// What a double cannot hold exactly is written as the largest that it can.
  void whole(std::string_view key_name, std::uint64_t value) {
    char buffer[20];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::min(value, kMaxWhole));
    key(key_name).append(buffer, end.ptr);
  }
  void number(std::string_view key_name, const std::optional<double>& value) {
    key(key_name);
    if (value) {
      json::append_number(*value, out_);
    } else {
      out_ += "null";
    }
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_candidate(const Candidate& candidate, std::string& out) {
  ObjectWriter object(out);
  object.digest("call_key", candidate.call_key);
  object.whole("candidate", candidate.index);
  object.text("clean_rule", candidate.clean_rule);
  object.text("error_class", candidate.error_class);
  object.text("exec", name(candidate.exec));
  object.key("gold_match") += !candidate.gold_match   ? "null"
                              : *candidate.gold_match ? "true"
                                                      : "false";
  object.number("judge", candidate.judge);
  object.text("rule", name(candidate.rule));
  object.number("score", candidate.score);
  object.text("signature", candidate.signature);
  object.text("text", candidate.text);
  object.close();
}

}  // namespace

void append_line(const Sample& sample, std::string& out) {
  ObjectWriter object(out);
  object.key("canonical_input") += sample.canonical_input;
  if (!sample.database.empty()) {
    object.text("database", sample.database);
  }
  if (sample.gold) {
    object.text("gold", *sample.gold);
  }
  if (!sample.id_fields.empty()) {
    object.key("id_fields") += sample.id_fields;
  }
  object.whole("ordinal", sample.ordinal);
  object.digest("sample_id", sample.id);
  object.close();
}

void append_line(const Answer& answer, std::string& out) {
  ObjectWriter object(out);
  object.digest("call_key", answer.call_key);
  object.whole("candidate", answer.candidate);
  object.text("finish_reason", answer.finish_reason);
  object.text("reasoning", answer.reasoning);
  object.digest("sample_id", answer.sample_id);
  object.text("served_model", answer.served_model);
  object.text("text", answer.text);
  object.close();
}

void append_line(const Call& call, std::string& out) {
  ObjectWriter object(out);
  object.whole("attempts", call.attempts);
  object.digest("call_key", call.call_key);
  object.whole("candidate", call.candidate);
  object.whole("completion_tokens", call.completion_tokens);
  object.text("endpoint", call.endpoint);
  object.text("error", call.error);
  object.whole("http_status", call.http_status);
  object.whole("prompt_tokens", call.prompt_tokens);
  object.whole("queue_us", call.queue_us);
  object.digest("sample_id", call.sample_id);
  object.whole("service_us", call.service_us);
  object.close();
}

void append_line(const Outcome& outcome, std::string& out) {
  ObjectWriter object(out);
  object.key("candidates") += '[';
  for (const Candidate& candidate : outcome.candidates) {
    if (&candidate != outcome.candidates.data()) {
      out += ',';
    }
    append_candidate(candidate, out);
  }
  out += ']';
  if (outcome.chosen) {
    object.whole("chosen", *outcome.chosen);
  } else {
    object.key("chosen") += "null";
  }
  if (outcome.gold_failed) {
    object.key("gold_failed") += "true";
  }
  object.text("reason", name(outcome.reason));
  object.digest("sample_id", outcome.sample_id);
  object.text("verdict", name(outcome.verdict));
  object.close();
}

}  // namespace fd
