#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"

namespace fd::simulator {

/// The most choices that one request may ask for.
inline constexpr std::uint64_t kMaxChoices = 128;

/// What the simulator reads of a chat completion request.
struct ChatRequest {
  std::string model;
  std::string last_user_message;  ///< text parts joined; empty when there is no user message
  std::vector<std::string> contents;
  std::uint64_t messages_hash = 0;   ///< of roles and contents, whatever their JSON spelling
  std::uint64_t messages_bytes = 0;  ///< of all contents
  std::int64_t seed = 0;
  std::uint64_t choices = 1;
  std::optional<std::uint64_t> max_tokens;
};

/// Reads request bodies into reused buffers. Thread: one at a time.
class ChatRequestReader {
 public:
  ChatRequestReader();
  ~ChatRequestReader();
  ChatRequestReader(ChatRequestReader&&) noexcept;
  ChatRequestReader& operator=(ChatRequestReader&&) noexcept;

  /// Returns the request in `body`. Lifetime: until the next read().
  /// Errors: invalid_input, with a message for the client, when it is no JSON, a field has a wrong
  /// type, there is no message, or it asks for a stream.
  Result<const ChatRequest*> read(std::string_view body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd::simulator
