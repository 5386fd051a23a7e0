#include "protocol/chat_turns.hpp"

#include <utility>

namespace fd {
namespace {

Error invalid(const std::string& why) {
  return Error{Errc::invalid_input, why};
}

/// Returns what a turn of a chat is. Errors: invalid_input, without its number.
Result<ChatMessage> turn_of(const json::Value& value) {
  const json::Value* role = value.find("role");
  const json::Value* content = value.find("content");
  if (role == nullptr && value.find("from") != nullptr) {
    return invalid(
        "has 'from' and 'value' (ShareGPT); write them as 'role' (system, user, "
        "assistant) and 'content'");
  }
  if (role == nullptr || role->as_string() == nullptr) {
    return invalid("has no text 'role'");
  }
  const std::string& name = *role->as_string();
  if (name != "system" && name != "user" && name != "assistant") {
    return invalid("is of the role " + json::canonical(*role) +
                   ", which is none of system, user and assistant");
  }
  if (const json::Value* calls = value.find("tool_calls");
      calls != nullptr && calls->as_array() != nullptr && !calls->as_array()->empty()) {
    return invalid("calls tools, which are not sent");
  }
  if (content == nullptr || content->as_string() == nullptr) {
    return invalid("has no text 'content'");
  }
  return ChatMessage{name, *content->as_string()};
}

}  // namespace

Result<std::vector<ChatMessage>> chat_turns(const json::Value& value) {
  const json::Array* items = value.as_array();
  if (items == nullptr) {
    return invalid("is no list of turns");
  }
  std::vector<ChatMessage> turns;
  for (const json::Value& item : *items) {
    Result<ChatMessage> turn = turn_of(item);
    if (!turn.ok()) {
      return invalid("turn " + std::to_string(turns.size() + 1) + " " + turn.error().message);
    }
    turns.push_back(std::move(turn).value());
  }
  return turns;
}

Result<std::vector<ChatMessage>> asked_turns(const json::Value& value) {
  FD_TRY(std::vector<ChatMessage> turns, chat_turns(value));
  while (!turns.empty() && turns.back().role == "assistant") {
    turns.pop_back();
  }
  if (turns.empty() || turns.back().role != "user") {
    return invalid("has no turn of the user that could be answered at its end");
  }
  return turns;
}

}  // namespace fd
