#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/system/clock.hpp"
#include "protocol/digest.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// One message of a chat request.
struct ChatMessage {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

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

/// The way to the teachers. Implementations: CurlGateway, and scripted ones in tests.
class Gateway {
 public:
  virtual ~Gateway() = default;
  /// Takes a call. Never blocks; the result comes later, from another thread, through the callback
  /// that the gateway was made with. Thread: any.
  virtual void submit(ChatCall call) = 0;
  /// Sets how many calls may be in flight at once in this process, over all providers.
  virtual void set_slots(std::uint32_t slots) = 0;
  /// Sends no call from `deadline` on, until a later one is set: the leases are over then, also for
  /// a process that slept and has not noticed yet. At first there is none.
  virtual void set_send_deadline(Instant deadline) = 0;
  /// Drops calls that are not in flight: each comes back with Reason::internal and the error
  /// "cancelled", also one that waits for its next attempt. Calls in flight go on, for they are
  /// paid for; but one that fails now comes back as "cancelled" where it would have been tried
  /// again.
  virtual void cancel_waiting() = 0;
};

/// Called once for every submitted call, on a thread of the gateway (several may call at once):
/// must only hand the result on.
using ChatCallback = std::function<void(ChatResult)>;

}  // namespace fd
