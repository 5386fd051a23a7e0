#include "actors/gateway/journaled_gateway.hpp"

#include <algorithm>
#include <utility>

#include "actors/system/failpoint.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

constexpr const char* kCancelled = "cancelled";
constexpr const char* kNotSent = "the disk failed, so the call was not sent";
constexpr const char* kNotKept = "the disk failed, so the result could not be kept";

/// A rule of thumb: what a call in doubt may have cost can only be estimated.
constexpr std::uint64_t kBytesPerToken = 4;
/// Calls beyond the slots whose intents are written, at least: they hide what a sync takes.
constexpr std::uint32_t kIntentsAheadMin = 8;

JournalIntent intent_of(const ChatCall& call) {
  std::uint64_t bytes = 0;
  for (const ChatMessage& message : call.messages) {
    bytes += message.content.size();
  }
  JournalIntent intent;
  static_cast<CallIdentity&>(intent) = call;
  intent.shard = call.shard;
  intent.fence = call.fence;
  intent.count = call.count;
  intent.estimated_prompt_tokens = (bytes + kBytesPerToken - 1) / kBytesPerToken;
  intent.max_tokens = call.decode.max_tokens.value_or(0);
  return intent;
}

JournalCancelled cancelled_of(const CallIdentity& call) {
  return {call.sample_id, call.call_key};
}

/// What becomes of a call that was not sent.
ChatResult unsent(std::uint64_t tag, const ChatCall& call, CallEnd end, const char* why) {
  ChatResult result;
  result.tag = tag;
  result.failure = Reason::internal;
  result.call = begun(call);
  result.call.end = end;
  result.call.error = why;
  return result;
}

/// A call that was dropped before anything of it was sent leaves nothing to report.
bool left_nothing(const Call& call) {
  return call.end == CallEnd::cancelled && call.attempts == 0;
}

}  // namespace

JournaledGateway::JournaledGateway(CallJournal& journal, std::uint32_t slots,
                                   const MakeInner& make_inner, ChatCallback callback)
    : journal_(journal), callback_(std::move(callback)), slots_(std::max(slots, 1u)) {
  inner_ = make_inner([this](ChatResult result) { ended(std::move(result)); });
}

JournaledGateway::~JournaledGateway() {
  {
    const std::lock_guard passing(passing_);
    for (const Pending& pending : take_waiting()) {
      if (pending.ticket) {
        journal_.append_cancelled(*pending.ticket, cancelled_of(*pending.waiting));
      }
    }
  }
  // What is left in flight ends here; after the flush no callback of the journal speaks of us.
  inner_.reset();
  journal_.flush();
}

void JournaledGateway::submit(ChatCall call) {
  std::unique_lock lock(mutex_);
  if (call.era < era_ && !FD_MUTANT(late_call_not_cancelled)) {
    lock.unlock();
    callback_(unsent(call.tag, call, CallEnd::cancelled, kCancelled));
    return;
  }
  const std::uint64_t id = ++last_id_;
  Pending& pending = pending_[id];
  pending.tag = std::exchange(call.tag, id);
  pending.shard = call.shard;
  pending.fence = call.fence;
  pending.waiting = std::make_unique<ChatCall>(std::move(call));
  backlog_.push_back(id);
  write_intents();
  lock.unlock();
  if (FD_MUTANT(intent_not_journaled)) {
    pass_ready();
  }
}

/// Writes the intents of the calls that are next. Requires: mutex_ is held, for an intent may be on
/// disk before its ticket is noted.
void JournaledGateway::write_intents() {
  const std::uint32_t ahead = std::max(kIntentsAheadMin, slots_ / 4);
  while (!backlog_.empty() && intended_ < slots_ + ahead) {
    const std::uint64_t id = backlog_.front();
    backlog_.pop_front();
    Pending& pending = pending_.at(id);
    ++intended_;
    if (FD_MUTANT(intent_not_journaled)) {
      ready_.push_back(id);
    }
    pending.ticket = journal_.append_intent(
        intent_of(*pending.waiting),
        [this, id](CallJournal::Written written) { intent_written(id, written.durable); });
  }
}

/// Passes a call on, unless it was cancelled meanwhile.
void JournaledGateway::intent_written(std::uint64_t id, bool durable) {
  {
    const std::lock_guard lock(mutex_);
    disk_failed_ |= !durable;
    if (!pending_.contains(id) || FD_MUTANT(intent_not_journaled)) {
      return;
    }
    ready_.push_back(id);
  }
  pass_ready();
}

/// A call's end is on disk. Or the disk failed: no call may be paid any more.
void JournaledGateway::settled(bool durable) {
  {
    const std::lock_guard lock(mutex_);
    disk_failed_ |= !durable;
    FD_CHECK(unsettled_ > 0);
    --unsettled_;
  }
  pass_ready();
}

/// Passes on what has its intent on disk and a slot; once the disk failed, ends it unsent.
void JournaledGateway::pass_ready() {
  const std::lock_guard passing(passing_);
  for (;;) {
    std::unique_ptr<ChatCall> call;
    std::optional<std::uint64_t> unsent_tag;
    {
      const std::lock_guard lock(mutex_);
      if (ready_.empty() || (!disk_failed_ && unsettled_ >= in_doubt_max(slots_))) {
        return;
      }
      const auto found = pending_.find(ready_.front());
      ready_.pop_front();
      call = std::move(found->second.waiting);
      if (disk_failed_) {
        unsent_tag = found->second.tag;
        pending_.erase(found);
        --intended_;
        write_intents();
      } else {
        ++unsettled_;
        ++passed_;
      }
    }
    if (unsent_tag) {
      callback_(unsent(*unsent_tag, *call, CallEnd::journal_failed, kNotSent));
    } else {
      FD_FAILPOINT("k22.intent_before_send");
      inner_->submit(std::move(*call));
    }
  }
}

/// Takes a result of the inner gateway.
void JournaledGateway::ended(ChatResult result) {
  Record record;
  std::uint32_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto node = pending_.extract(result.tag);
    FD_CHECK(!node.empty());  // exactly one result per call
    const Pending& pending = node.mapped();
    result.tag = pending.tag;
    record.shard = pending.shard;
    record.fence = pending.fence;
    ticket = *pending.ticket;
    --intended_;
    --passed_;
    write_intents();
  }
  if (left_nothing(result.call)) {
    journal_.append_cancelled(ticket, cancelled_of(result.call),
                              [this](CallJournal::Written written) { settled(written.durable); });
    callback_(std::move(result));
    return;
  }
  for (Answer& answer : std::exchange(result.before, {})) {
    hand_on_partial(ticket, record, result.tag, std::move(answer));
  }
  record.call = result.call;
  if (result.failure == Reason::none) {
    record.answer = std::move(result.answer);
  }
  struct Held {
    ChatResult result;
    Record record;
  };
  const auto held = std::make_shared<Held>(Held{std::move(result), std::move(record)});
  const auto hand_on = [this, held](CallJournal::Written written) {
    ChatResult& done = held->result;
    if (!written.durable) {
      done.failure = Reason::internal;
      done.answer = {};  // what moving it left
      done.call.end = CallEnd::journal_failed;
      done.call.error = kNotKept;
    } else {
      FD_FAILPOINT("k27.answer_before_deliver");
      done.journal_seq = written.seq;
      if (held->record.answer) {
        done.answer = std::move(*held->record.answer);
      }
    }
    callback_(std::move(done));
    settled(written.durable);
  };
  if (FD_MUTANT(answer_before_sync)) {
    hand_on({true, journal_.append_end(ticket, held->record, [](CallJournal::Written) {})});
    return;
  }
  journal_.append_end(ticket, held->record, hand_on);
}

/// Hands on an answer of a purchase that goes on. An answer that could not be kept is dropped: its
/// call comes back as failed.
void JournaledGateway::hand_on_partial(std::uint32_t ticket, const Record& place, std::uint64_t tag,
                                       Answer answer) {
  Record record = place;
  record.answer = std::move(answer);
  journal_.append_end(ticket, record, [this, tag, record](CallJournal::Written written) {
    if (written.durable) {
      ChatResult result;
      result.tag = tag;
      result.partial = true;
      result.answer = *record.answer;
      result.journal_seq = written.seq;
      callback_(std::move(result));
    }
  });
}

void JournaledGateway::set_shares(const std::vector<Share>& shares) {
  inner_->set_shares(shares);
  {
    const std::lock_guard lock(mutex_);
    slots_ = total_calls(shares);
    write_intents();
  }
  pass_ready();
}

CallLoad JournaledGateway::load() const {
  CallLoad load = inner_->load();
  const std::lock_guard lock(mutex_);
  load.waiting += static_cast<std::uint32_t>(pending_.size()) - passed_;
  load.settling += unsettled_ - passed_;
  return load;
}

void JournaledGateway::set_send_deadline(Instant deadline) {
  inner_->set_send_deadline(deadline);
}

void JournaledGateway::cancel_waiting() {
  std::vector<Pending> waiting;
  {
    const std::lock_guard passing(passing_);
    {
      const std::lock_guard lock(mutex_);
      ++era_;
    }
    waiting = take_waiting();
    inner_->cancel_waiting();
  }
  for (const Pending& pending : waiting) {
    ChatResult result = unsent(pending.tag, *pending.waiting, CallEnd::cancelled, kCancelled);
    if (pending.ticket) {
      journal_.append_cancelled(*pending.ticket, cancelled_of(result.call));
    }
    callback_(std::move(result));
  }
}

/// Takes out the calls that were not passed on, in the order in which they came.
std::vector<JournaledGateway::Pending> JournaledGateway::take_waiting() {
  const std::lock_guard lock(mutex_);
  backlog_.clear();
  ready_.clear();
  std::vector<Pending> waiting;
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    if (entry->second.waiting != nullptr) {
      intended_ -= entry->second.ticket ? 1 : 0;
      waiting.push_back(std::move(entry->second));
      entry = pending_.erase(entry);
    } else {
      ++entry;
    }
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const Pending& a, const Pending& b) { return a.waiting->tag < b.waiting->tag; });
  return waiting;
}

}  // namespace fd
