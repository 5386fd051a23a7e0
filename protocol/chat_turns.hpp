#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd {

/// One turn of a chat.
struct ChatMessage {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// Returns the turns that a chat column holds: a list of objects with the texts `role` and
/// `content`; other members of a turn are passed over, but for calls of tools.
/// Errors: invalid_input, naming the turn.
Result<std::vector<ChatMessage>> chat_turns(const json::Value& value);

/// Returns chat_turns() up to the last turn that is not the assistant's: what a model is asked when
/// it is to give the last answer. Errors: invalid_input; also when that is not a turn of the user.
Result<std::vector<ChatMessage>> asked_turns(const json::Value& value);

}  // namespace fd
