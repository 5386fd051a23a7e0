#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/gateway/call_queue.hpp"
#include "actors/gateway/call_sender.hpp"
#include "actors/gateway/gateway.hpp"
#include "actors/journal/call_journal.hpp"

namespace fd {

struct CallGatewayOptions {
  GatewayConfig config;
  std::uint32_t slots = 0;  ///< calls in flight over all providers, until the first set_shares()
  std::uint64_t seed = 0;   ///< of the backoff's jitter
};

/// The gateway: a CallQueue between those who submit, the senders and the journal. A call gets its
/// place first; then its intent is written, and once that is on disk it is sent; its result is
/// handed on once that is on disk. So a crash leaves in doubt what was sent, or was about to be.
/// Results come in the order of their numbers.
///
/// When the journal fails, every call still comes back, as failed with CallEnd::journal_failed; an
/// answer that could not be kept is not handed on, for it would not be settled.
class CallGateway final : public Gateway, public CallExchange {
 public:
  /// Lifetime: `journal` outlives close(), `clock` the gateway. `callback` is called once for every
  /// call, and once for each partial answer before, on any thread: it must only hand on.
  CallGateway(CallJournal& journal, const Clock& clock, CallGatewayOptions options,
              const MakeSenders& make_senders, ChatCallback callback);
  ~CallGateway() override;

  void submit(ChatCall call) override;
  void set_shares(const std::vector<Share>& shares) override;
  [[nodiscard]] CallLoad load() const override;
  void set_send_deadline(Instant deadline) override;
  void cancel_waiting() override;
  void close() override;

  void join(CallSender& sender) override;
  void exchange(const CallSender& sender, std::size_t in_flight, std::vector<FinishedJob>& finished,
                SendTurn& turn) override;

 private:
  struct Seat {
    CallSender* sender;
    bool awake;  ///< it will ask for work before it waits again
  };
  void follow(Instant now, std::unique_lock<std::mutex> lock);
  void hand_over(Instant now, std::unique_lock<std::mutex> lock);
  void write_intents(Instant now);
  void written(bool durable);
  void settled(bool durable);
  void settle(JobPtr job);
  void hand_on_partial(std::uint32_t ticket, const ChatCall& call, Answer answer);
  void note_full(Instant now);
  void wake_one();

  CallJournal& journal_;
  const Clock& clock_;
  const ChatCallback callback_;
  mutable std::mutex mutex_;  ///< of what follows; the journal's own is taken within it
  CallQueue queue_;
  bool closed_ = false;
  std::vector<Seat> seats_;
  std::optional<Instant> watched_;  ///< the time by which a sender comes back by itself
  std::vector<Job*> to_write_;      ///< kept for its memory
  bool was_full_ = false;
  Duration full_{};
  Instant full_noted_{};
  std::mutex senders_mutex_;
  std::unique_ptr<CallSenders> senders_;
};

}  // namespace fd
