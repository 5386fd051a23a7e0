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

Digest call_key(std::string_view role, std::string_view model,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode,
                std::uint32_t candidate, std::uint32_t attempt_try) {
  json::Array texts;
  for (const ChatMessage& message : messages) {
    texts.push_back(json::Object{{"content", message.content}, {"role", message.role}});
  }
  json::Object parameters{{"max_tokens", std::uint64_t{decode.max_tokens}},
                          {"temperature", decode.temperature},
                          {"top_p", decode.top_p}};
  if (decode.seed) {
    parameters.emplace("seed", seed_value(*decode.seed));
  }
  if (!decode.stop.empty()) {
    json::Array stops(decode.stop.begin(), decode.stop.end());
    parameters.emplace("stop", std::move(stops));
  }
  const json::Object key{{"candidate", std::uint64_t{candidate}},
                         {"decode", std::move(parameters)},
                         {"messages", std::move(texts)},
                         {"model", model},
                         {"role", role},
                         {"try", std::uint64_t{attempt_try}}};
  return sha256(json::canonical(key));
}

}  // namespace fd
