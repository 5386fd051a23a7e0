#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>

#include "actors/gateway/openai/openai_codec.hpp"

namespace fd {

/// A reply with one answer.
struct OneAnswer {
  std::string served_model;
  std::string text;
  std::string reasoning;
  std::string finish_reason;
  TokenUsage usage;
  bool usage_unknown = false;
  friend bool operator==(const OneAnswer&, const OneAnswer&) = default;
};

/// Returns the answers of a reply to a request for `count`, which must have some.
inline Completion several(std::string_view body, std::uint32_t count, std::uint32_t status = 200) {
  const Reply reply = decode_reply(status, body, count);
  if (const auto* bad = std::get_if<BadReply>(&reply)) {
    ADD_FAILURE() << body << ": " << bad->message;
    return {};
  }
  return std::get<Completion>(reply);
}

/// Returns the answer of a reply that must have one.
inline OneAnswer good(std::string_view body, std::uint32_t status = 200) {
  const Completion completion = several(body, 1, status);
  if (completion.choices.size() != 1) {
    ADD_FAILURE() << body << ": " << completion.choices.size() << " answers";
    return {};
  }
  const CompletionChoice& choice = completion.choices.front();
  EXPECT_EQ(choice.number, 0u);
  EXPECT_EQ(completion.choice_count, 1u);
  return {completion.served_model, choice.text,      choice.reasoning,
          choice.finish_reason,    completion.usage, completion.usage_unknown};
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
