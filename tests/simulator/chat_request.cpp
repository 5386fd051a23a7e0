#include "tests/simulator/chat_request.hpp"

#include <simdjson.h>

#include "tests/simulator/hash.hpp"
#include "tests/simulator/refuse.hpp"

namespace fd::simulator {
namespace {

namespace dom = simdjson::dom;

/// Appends the text of a message's content: a string, null, or an array of parts.
Result<void> append_content(dom::element content, std::string& out) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) {
    out.append(text);
    return {};
  }
  if (content.is_null()) {
    return {};
  }
  dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) {
    return refuse("messages: content must be a string or an array of parts");
  }
  for (const dom::element part : parts) {
    if (part["text"].get(text) == simdjson::SUCCESS) {
      out.append(text);
    }
  }
  return {};
}

}  // namespace

struct ChatRequestReader::Impl {
  dom::parser parser{kMaxCapacity};
  ChatRequest request;

  Result<void> read_messages(dom::element messages);
  Result<void> read_options(dom::element root);
  Result<void> read(std::string_view body);

  static constexpr std::size_t kMaxCapacity = 16u << 20;
};

Result<void> ChatRequestReader::Impl::read_messages(dom::element messages) {
  dom::array items;
  if (messages.get(items) != simdjson::SUCCESS || items.size() == 0) {
    return refuse("messages: must be an array with at least one message");
  }
  std::size_t count = 0;
  for (const dom::element item : items) {
    std::string_view role;
    dom::element content;
    if (item["role"].get(role) != simdjson::SUCCESS) {
      return refuse("messages: every message needs a role");
    }
    if (request.contents.size() <= count) {
      request.contents.emplace_back();
    }
    std::string& text = request.contents[count++];
    text.clear();
    if (item["content"].get(content) == simdjson::SUCCESS) {
      FD_TRY_VOID(append_content(content, text));
    }
    request.messages_hash = hash_bytes(text, hash_bytes(role, request.messages_hash));
    request.messages_bytes += text.size();
    if (role == "user") {
      request.last_user_message.assign(text);
    }
  }
  request.contents.resize(count);
  return {};
}

Result<void> ChatRequestReader::Impl::read_options(dom::element root) {
  dom::element field;
  bool stream = false;
  if (root["stream"].get(stream) == simdjson::SUCCESS && stream) {
    return refuse("stream: this server does not stream");
  }
  if (root["seed"].get(field) == simdjson::SUCCESS && !field.is_null() &&
      field.get(request.seed) != simdjson::SUCCESS) {
    return refuse("seed: must be an integer");
  }
  if (root["n"].get(field) == simdjson::SUCCESS && !field.is_null() &&
      (field.get(request.choices) != simdjson::SUCCESS || request.choices < 1 ||
       request.choices > kMaxChoices)) {
    return refuse("n: must be an integer in [1, " + std::to_string(kMaxChoices) + "]");
  }
  for (const char* key : {"max_tokens", "max_completion_tokens"}) {
    std::uint64_t tokens = 0;
    if (root[key].get(field) != simdjson::SUCCESS || field.is_null()) {
      continue;
    }
    if (field.get(tokens) != simdjson::SUCCESS || tokens < 1) {
      return refuse(std::string(key) + ": must be an integer of at least 1");
    }
    request.max_tokens = tokens;
  }
  return {};
}

Result<void> ChatRequestReader::Impl::read(std::string_view body) {
  request.last_user_message.clear();
  request.messages_hash = 0;
  request.messages_bytes = 0;
  request.seed = 0;
  request.choices = 1;
  request.max_tokens.reset();
  dom::element root;
  if (const auto error = parser.parse(body.data(), body.size(), true).get(root)) {
    return refuse(std::string("the body is not valid JSON: ") + simdjson::error_message(error));
  }
  std::string_view model;
  if (root["model"].get(model) != simdjson::SUCCESS || model.empty()) {
    return refuse("model: must be a string that is not empty");
  }
  request.model.assign(model);
  dom::element messages;
  if (root["messages"].get(messages) != simdjson::SUCCESS) {
    return refuse("messages: missing");
  }
  FD_TRY_VOID(read_messages(messages));
  return read_options(root);
}

ChatRequestReader::ChatRequestReader() : impl_(std::make_unique<Impl>()) {}
ChatRequestReader::~ChatRequestReader() = default;
ChatRequestReader::ChatRequestReader(ChatRequestReader&&) noexcept = default;
ChatRequestReader& ChatRequestReader::operator=(ChatRequestReader&&) noexcept = default;

Result<const ChatRequest*> ChatRequestReader::read(std::string_view body) {
  FD_TRY_VOID(impl_->read(body));
  return static_cast<const ChatRequest*>(&impl_->request);
}

}  // namespace fd::simulator
