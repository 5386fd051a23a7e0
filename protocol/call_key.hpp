#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// One message of a chat request.
struct ChatMessage {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// Returns the identity of a paid call: the SHA-256 of the JCS text of
///   {"candidate":0,
///    "decode":{"max_tokens":512,"seed":123,"stop":[";"],"temperature":0.2,"top_p":1},
///    "messages":[{"content":"...","role":"system"},...],"model":"...","role":"teacher","try":0}
/// where `decode` has no "seed" without a seed (else that of the candidate, as text when it is
/// beyond 2^53) and no "stop" without stops; never n. Endpoint, key, time-outs and worker are not
/// part of it.
Digest call_key(std::string_view role, std::string_view model,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode,
                std::uint32_t candidate, std::uint32_t attempt_try);

}  // namespace fd
