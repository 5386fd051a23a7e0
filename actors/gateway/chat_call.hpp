#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/call_key.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// One paid call.
struct ChatCall : CallIdentity {
  std::uint64_t tag = 0;  ///< the caller's; comes back with the result
  std::string model;
  std::vector<ChatMessage> messages;
  DecodeConfig decode;      ///< seed is already that of the candidate
  std::uint32_t shard = 0;  ///< of the lease that the call is made under
  std::uint64_t fence = 0;  ///< of that lease
  /// Number of cancel_waiting() calls before its sample was started. A call with a lower number
  /// than the gateway's is returned as cancelled, however late it is submitted: its lease may have
  /// ended.
  std::uint64_t era = 0;
  /// Candidates asked for, from that of this identity on: as in Call.
  std::uint32_t count = 1;
  std::vector<Digest> more_keys;  ///< the call keys of those behind the first, in order
};

/// Returns which call the candidate `number` behind the first of a purchase is. Requires: it is one
/// of the purchase's.
inline CallIdentity identity_of(const ChatCall& call, std::uint32_t number) {
  CallIdentity identity = call;
  identity.candidate += number;
  if (number > 0) {
    identity.call_key = call.more_keys.at(number - 1);
  }
  return identity;
}

/// What became of a call. Exactly one result that is not partial comes for every call that was
/// submitted.
struct ChatResult {
  std::uint64_t tag = 0;
  Reason failure = Reason::none;  ///< none: `answer` is good; else a failure reason
  Answer answer;
  /// The other answers of a purchase, which come before `answer`. The gateway hands on each as a
  /// partial result.
  std::vector<Answer> before;
  bool partial = false;  ///< an answer of a call that has not ended yet: `call` is not filled in
  Call call;             ///< filled in either way
  /// Under which number the worker's journal holds it (AnswerJournal::release()); 0: it does not.
  std::uint64_t journal_seq = 0;
};

/// Returns what stands of a call before it is sent.
inline Call begun(const ChatCall& call) {
  Call begun;
  static_cast<CallIdentity&>(begun) = call;
  begun.fence = call.fence;
  begun.count = call.count;
  return begun;
}

/// What a provider says that a reply cost. Zero where it does not say, or says nonsense.
struct TokenUsage {
  std::uint64_t prompt = 0;
  std::uint64_t completion = 0;
  std::optional<std::uint64_t> cached = std::nullopt;  ///< of the prompt's; nothing: not said
  std::optional<std::uint64_t> reasoning =
      std::nullopt;  ///< of the completion's; nothing: not said
  friend bool operator==(const TokenUsage&, const TokenUsage&) = default;
};

/// Called once for every submitted call, on a thread of the gateway (several may call at once):
/// must only hand the result on.
using ChatCallback = std::function<void(ChatResult)>;

}  // namespace fd
