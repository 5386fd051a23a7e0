#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/gateway/chat_call.hpp"
#include "actors/gateway/openai/dialect.hpp"

namespace fd {

/// Appends the JSON body of a chat completion request, as `dialect` spells it: RFC 8785 text, so
/// that equal calls are equal bytes on the wire. What the call does not say is not sent; a
/// parameter of the call goes before one of the same name in the dialect's extra body. Requires:
/// the call's texts are valid UTF-8, its numbers finite. Source: OpenAI's "Create chat completion",
/// the parameters that vLLM, SGLang, llama.cpp, TGI and Ollama take too.
void append_request(const ChatCall& call, const Dialect& dialect, std::string& out);

/// One answer of a good reply.
struct CompletionChoice {
  std::uint32_t number = 0;   ///< which of those that were asked for, from 0 on
  std::string text;           ///< empty for a refusal, or when all tokens went into reasoning
  std::string reasoning;      ///< reasoning_content or reasoning
  std::string finish_reason;  ///< as sent; "refusal" when a refusal stands in place of the content
  friend bool operator==(const CompletionChoice&, const CompletionChoice&) = default;
};

/// A good reply. All texts are valid UTF-8: what was none is replaced by U+FFFD.
struct Completion {
  std::string served_model;
  std::vector<CompletionChoice> choices;  ///< at least one, by number
  std::uint32_t choice_count = 0;  ///< with those that are no answers; at most those asked for
  TokenUsage usage;
  bool usage_unknown = false;  ///< it came without a count of tokens
  friend bool operator==(const Completion&, const Completion&) = default;
};

/// A reply without an answer.
struct BadReply {
  /// The HTTP status, or the one that an error object in a reply of status 200 names.
  std::uint32_t status = 0;
  bool out_of_quota = false;  ///< asking again will not help until somebody pays
  bool filtered = false;      ///< a filter wants no answer to this request
  std::string message;        ///< "HTTP 400: ...", one line, valid UTF-8
  TokenUsage usage;           ///< it may have cost something all the same
};

using Reply = std::variant<Completion, BadReply>;

/// Reads a whole HTTP reply to a request for `count` answers. Their indexes number them; where
/// these make no sense, their order does. A body that ends early is never taken for an answer.
Reply decode_reply(std::uint32_t status, std::string_view body, std::uint32_t count = 1);

}  // namespace fd
