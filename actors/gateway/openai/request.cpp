#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "actors/gateway/openai/openai_codec.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

struct KeyLess {
  bool operator()(const std::string& a, const std::string& b) const { return json::key_less(a, b); }
};
/// The members of a request, as JSON text. The first of a name stays.
using Members = std::map<std::string, std::string, KeyLess>;

template <class Whole>
std::string whole_text(Whole number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  return {digits, end.ptr};
}

std::string messages_text(const std::vector<ChatMessage>& messages) {
  std::size_t bytes = 2;
  for (const ChatMessage& message : messages) {
    bytes += message.content.size() + message.content.size() / 16 + 40;
  }
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (const ChatMessage& message : messages) {
    if (&message != messages.data()) {
      out += ',';
    }
    out += "{\"content\":";
    json::append_string(message.content, out);
    out += ",\"role\":";
    json::append_string(message.role, out);
    out += '}';
  }
  out += ']';
  return out;
}

std::string max_tokens_name(const Dialect& dialect) {
  const bool completion = dialect.max_tokens_key == MaxTokensKey::max_completion_tokens ||
                          (dialect.lessons & kMaxCompletionTokens) != 0;
  return completion ? "max_completion_tokens" : "max_tokens";
}

void add_sampling(const DecodeConfig& decode, const Dialect& dialect, Members& members) {
  const auto add_number = [&](const char* name, std::optional<double> number, Lesson without) {
    if (number && !(*number == 1.0 && (dialect.lessons & without) != 0)) {
      json::append_number(*number, members[name]);
    }
  };
  add_number("temperature", decode.temperature, kNoTemperature);
  add_number("top_p", decode.top_p, kNoTopP);
  if (decode.max_tokens) {
    members[max_tokens_name(dialect)] = whole_text(*decode.max_tokens);
  }
  if (decode.seed && dialect.seed_key != SeedKey::none) {
    const bool random = dialect.seed_key == SeedKey::random_seed;
    members[random ? "random_seed" : "seed"] = whole_text(*decode.seed);
  }
}

/// Several candidates at once have the seed of the first: docs/contract.md, "Calls".
void add_count(std::uint32_t count, Members& members) {
  if (count > 1) {
    members["n"] = whole_text(count);
  }
}

void add_form(const DecodeConfig& decode, Members& members) {
  if (!decode.stop.empty()) {
    json::append_canonical(json::Array(decode.stop.begin(), decode.stop.end()), members["stop"]);
  }
  if (!decode.response_format.empty()) {
    json::append_canonical(decode.response_format, members["response_format"]);
  }
  if (!decode.reasoning_effort.empty()) {
    json::append_string(decode.reasoning_effort, members["reasoning_effort"]);
  }
}

void add_extra(const json::Object& extra, Members& members) {
  for (const auto& [name, value] : extra) {
    if (const auto [member, added] = members.try_emplace(name); added) {
      json::append_canonical(value, member->second);
    }
  }
}

}  // namespace

void append_request(const ChatCall& call, const Dialect& dialect, std::string& out) {
  Members members;
  members["messages"] = messages_text(call.messages);
  json::append_string(dialect.model.empty() ? call.model : dialect.model, members["model"]);
  add_sampling(call.decode, dialect, members);
  add_form(call.decode, members);
  add_count(call.count, members);
  add_extra(call.decode.extra, members);
  add_extra(dialect.extra_body, members);
  char before = '{';
  for (const auto& [name, text] : members) {
    out += std::exchange(before, ',');
    json::append_string(name, out);
    out += ':';
    out += text;
  }
  out += '}';
}

}  // namespace fd
