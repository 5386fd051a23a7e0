#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/gateway/gateway.hpp"
#include "actors/journal/call_journal.hpp"

namespace fd {

/// A gateway that sends no call before its intent is on disk, and hands no result on before that is
/// on disk: what it hands on is settled. No more than in_doubt_max(slots) calls are passed on and
/// not settled, so that no more can be lost with the process, and the gateway that sends has one at
/// hand for a slot that comes free while answers wait for the disk. Results come in the order of
/// their numbers. Intents are written for a few calls more, so that no slot waits for the disk:
/// what a crash leaves in doubt is about what was in flight.
///
/// When the journal fails, every call still comes back, as failed with
/// CallEnd::journal_failed; an answer that could not be kept is not handed on, for it would not be
/// settled.
class JournaledGateway final : public Gateway {
 public:
  /// Makes the gateway that sends, with the callback that it must use.
  using MakeInner = std::function<std::unique_ptr<Gateway>(ChatCallback)>;

  /// Lifetime: `journal` outlives the gateway. `callback` also comes on the journal's thread, and
  /// on those of set_shares() and cancel_waiting(); it must only hand on.
  /// `slots`: calls in flight over all providers, until the first set_shares().
  JournaledGateway(CallJournal& journal, std::uint32_t slots, const MakeInner& make_inner,
                   ChatCallback callback);
  /// Gives up the calls that are not in flight, without a callback, and then those in flight, which
  /// stay in doubt; results that came before are handed on. Requires: not on the journal's thread,
  /// nor within the callback.
  ~JournaledGateway() override;
  JournaledGateway(const JournaledGateway&) = delete;
  JournaledGateway& operator=(const JournaledGateway&) = delete;

  void submit(ChatCall call) override;
  void set_shares(const std::vector<Share>& shares) override;
  [[nodiscard]] CallLoad load() const override;
  void set_send_deadline(Instant deadline) override;
  void cancel_waiting() override;

 private:
  /// A call that did not come back yet, by the tag under which the inner gateway knows it.
  struct Pending {
    std::uint64_t tag = 0;  ///< the caller's
    std::uint32_t shard = 0;
    std::uint64_t fence = 0;
    std::optional<std::uint32_t> ticket;  ///< of its intent, once that is on its way to the disk
    std::unique_ptr<ChatCall> waiting;    ///< until it is passed on
  };

  void intent_written(std::uint64_t id, bool durable);
  void ended(ChatResult result);
  void hand_on_partial(std::uint32_t ticket, const Record& place, std::uint64_t tag, Answer answer);
  std::vector<Pending> take_waiting();
  void write_intents();
  void settled(bool durable);
  void pass_ready();

  CallJournal& journal_;
  const ChatCallback callback_;
  /// Orders passing calls on against cancelling them. Never taken where results come in: an inner
  /// gateway may hold its own locks there.
  std::mutex passing_;
  mutable std::mutex mutex_;  ///< of what follows; the innermost but for the journal's
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::deque<std::uint64_t> backlog_;  ///< ids of calls without an intent, in the order they came
  std::uint32_t intended_ = 0;         ///< calls in pending_ that have one
  std::deque<std::uint64_t> ready_;    ///< ids of calls with an intent on disk and no slot yet
  std::uint32_t unsettled_ = 0;        ///< calls passed on whose end is not on disk
  std::uint32_t passed_ = 0;           ///< those of them that did not come back
  std::uint32_t slots_ = 0;
  std::uint64_t era_ = 0;     ///< calls of cancel_waiting()
  bool disk_failed_ = false;  ///< what is paid from now on could not be kept: nothing is
  std::uint64_t last_id_ = 0;
  std::unique_ptr<Gateway> inner_;
};

}  // namespace fd
