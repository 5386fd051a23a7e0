#include "actors/config/examples_file.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/base/text.hpp"
#include "protocol/chat_turns.hpp"

namespace fd {
namespace {

Result<std::vector<ChatMessage>> turns_of_line(std::string_view line) {
  FD_TRY(json::Value value, json::parse(line));
  if (const json::Value* messages = value.find("messages")) {
    FD_TRY(std::vector<ChatMessage> turns, chat_turns(*messages));
    std::erase_if(turns, [](const ChatMessage& turn) { return turn.role == "system"; });
    return turns;
  }
  return chat_turns(json::Array{std::move(value)});
}

}  // namespace

Result<json::Value> examples_of(std::string_view text) {
  json::Array turns;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      continue;
    }
    const Result<std::vector<ChatMessage>> of_line = turns_of_line(line);
    if (!of_line.ok()) {
      return of_line.error().within("line " + std::to_string(number));
    }
    for (const ChatMessage& turn : *of_line) {
      turns.push_back(json::Object{{"role", turn.role}, {"content", turn.content}});
    }
  }
  return json::Value(std::move(turns));
}

}  // namespace fd
