#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>

#include "actors/gateway/openai/openai_codec.hpp"

namespace fd {

/// Returns the answer of a reply that must have one.
inline Completion good(std::string_view body, std::uint32_t status = 200) {
  const Reply reply = decode_reply(status, body);
  if (const auto* bad = std::get_if<BadReply>(&reply)) {
    ADD_FAILURE() << body << ": " << bad->message;
    return {};
  }
  return std::get<Completion>(reply);
}

/// Returns what is wrong with a reply that must have no answer.
inline BadReply bad(std::uint32_t status, std::string_view body) {
  const Reply reply = decode_reply(status, body);
  if (std::holds_alternative<Completion>(reply)) {
    ADD_FAILURE() << body << " was taken for an answer";
    return {};
  }
  return std::get<BadReply>(reply);
}

/// Returns a reply whose choices[0].message has these members.
inline std::string with_message(const std::string& members,
                                const std::string& finish = "\"stop\"") {
  return R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant",)" + members +
         R"(},"finish_reason":)" + finish + "}]}";
}

}  // namespace fd
