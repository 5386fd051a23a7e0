#include "protocol/call_key.hpp"

#include <utility>

#include "protocol/json/json.hpp"

namespace fd {
namespace {

/// A seed that a double does not hold exactly is written as text, so that two seeds never share a
/// key.
json::Value seed_value(std::int64_t seed) {
  constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;
  if (seed > kMaxExact || seed < -kMaxExact) {
    return json::Value(std::to_string(seed));
  }
  return json::Value(seed);
}

}  // namespace

Digest call_key(const CallIdentity& call, std::string_view model, std::string_view revision,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode) {
  json::Array texts;
  for (const ChatMessage& message : messages) {
    texts.push_back(json::Object{{"content", message.content}, {"role", message.role}});
  }
  json::Object parameters;
  if (decode.max_tokens) {
    parameters.emplace("max_tokens", std::uint64_t{*decode.max_tokens});
  }
  if (decode.temperature) {
    parameters.emplace("temperature", *decode.temperature);
  }
  if (decode.top_p) {
    parameters.emplace("top_p", *decode.top_p);
  }
  if (!decode.response_format.empty()) {
    parameters.emplace("response_format", decode.response_format);
  }
  if (!decode.reasoning_effort.empty()) {
    parameters.emplace("reasoning_effort", decode.reasoning_effort);
  }
  if (!decode.extra.empty()) {
    parameters.emplace("extra", decode.extra);
  }
  if (decode.seed) {
    parameters.emplace("seed", seed_value(*decode.seed));
  }
  if (!decode.stop.empty()) {
    json::Array stops(decode.stop.begin(), decode.stop.end());
    parameters.emplace("stop", std::move(stops));
  }
  json::Object key{{"candidate", std::uint64_t{call.candidate}},
                   {"decode", std::move(parameters)},
                   {"messages", std::move(texts)},
                   {"model", model},
                   {"role", name(call.role)},
                   {"try", std::uint64_t{call.round}}};
  if (call.vote != 0) {
    key.emplace("vote", std::uint64_t{call.vote});
  }
  if (!revision.empty()) {
    key.emplace("revision", revision);
  }
  return sha256(json::canonical(key));
}

}  // namespace fd
