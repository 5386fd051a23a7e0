#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/call_key.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// One paid call: exactly one completion is asked for (n is always 1 on the wire).
struct ChatCall {
  std::uint64_t tag = 0;  ///< the caller's; comes back with the result
  SampleId sample_id;
  Digest call_key;
  std::uint32_t candidate = 0;
  std::string model;
  std::vector<ChatMessage> messages;
  DecodeConfig decode;      ///< seed is already that of the candidate
  std::uint32_t shard = 0;  ///< of the lease that the call is made under
  std::uint64_t fence = 0;  ///< of that lease
};

/// What became of a call. Exactly one result comes for every call that was submitted.
struct ChatResult {
  std::uint64_t tag = 0;
  Reason failure = Reason::none;  ///< none: `answer` is good; else a failure reason
  Answer answer;
  /// Filled in either way. The error says what went wrong; it begins with "unauthorized:" when the
  /// provider does not take our key (every call will fail), with "outage:" when no endpoint could
  /// be connected to for outage_timeout_s, and is "cancelled" for a call that was dropped.
  Call call;
  /// Under which number the worker's journal holds it (AnswerJournal::release()); 0: it does not.
  std::uint64_t journal_seq = 0;
};

/// What a provider says that a reply cost. Zero where it does not say, or says nonsense.
struct TokenUsage {
  std::uint64_t prompt = 0;
  std::uint64_t completion = 0;
  friend bool operator==(const TokenUsage&, const TokenUsage&) = default;
};

/// Called once for every submitted call, on a thread of the gateway (several may call at once):
/// must only hand the result on.
using ChatCallback = std::function<void(ChatResult)>;

}  // namespace fd
