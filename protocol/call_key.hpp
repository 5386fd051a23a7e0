#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/chat_turns.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Returns the identity of a paid call: the SHA-256 of the JCS text of
///   {"candidate":0,
///    "decode":{"max_tokens":512,"seed":123,"stop":[";"],"temperature":0.2,"top_p":1},
///    "messages":[{"content":"...","role":"system"},...],"model":"...","role":"teacher","try":0}
/// where `decode` has no member that is absent in the config; the seed is that of the candidate, as
/// text when it is beyond 2^53; "response_format", "reasoning_effort" and "extra" stand there when
/// they are set; never n. "vote" stands there when it is not 0, and
/// "revision" (of a student's weights) when there is one. Endpoint, key, time-outs, worker and the
/// purchase that brings it are not part of it. Of `call`, its role, candidate, vote and round
/// count.
Digest call_key(const CallIdentity& call, std::string_view model, std::string_view revision,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode);

}  // namespace fd
