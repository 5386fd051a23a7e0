#include "actors/gateway/call_gateway.hpp"

#include <algorithm>
#include <utility>

#include "actors/system/failpoint.hpp"
#include "protocol/base/mutant.hpp"
#include "protocol/base/result.hpp"

namespace fd {
namespace {

constexpr const char* kNotKept = "the disk failed, so the result could not be kept";

Record record_at(const ChatCall& call) {
  Record record;
  record.shard = call.shard;
  record.fence = call.fence;
  return record;
}

}  // namespace

CallGateway::CallGateway(CallJournal& journal, const Clock& clock, CallGatewayOptions options,
                         const MakeSenders& make_senders, ChatCallback callback)
    : journal_(journal),
      clock_(clock),
      callback_(std::move(callback)),
      queue_(options.config, options.slots, options.seed),
      senders_(make_senders(*this)) {
  senders_->make_room(options.slots);
}

CallGateway::~CallGateway() {
  close();
}

void CallGateway::close() {
  std::vector<JobPtr> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) {
      return;
    }
    queue_.cancel(clock_.now());
    queue_.take_ended(dropped);
    for (const Seat& seat : seats_) {
      seat.sender->wake();
    }
  }
  {
    const std::lock_guard lock(senders_mutex_);
    senders_.reset();
  }
  // A call that waits for another attempt was sent: it stays in doubt.
  for (const JobPtr& job : dropped) {
    if (job->ticket && left_nothing(*job)) {
      journal_.append_cancelled(*job->ticket, {job->call.sample_id, job->call.call_key});
    }
  }
  journal_.flush();  // after it no callback of the journal speaks of this
}

void CallGateway::submit(ChatCall call) {
  const Instant now = clock_.now();
  JobPtr job = make_job(std::move(call), now);
  std::unique_lock lock(mutex_);
  if (!closed_) {
    queue_.add(std::move(job), now);
    follow(now, std::move(lock));
  }
}

void CallGateway::set_shares(const std::vector<Share>& shares) {
  {
    const std::lock_guard lock(senders_mutex_);
    if (senders_ == nullptr) {
      return;
    }
    senders_->make_room(total_calls(shares));
  }
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  queue_.set_shares(shares, now);
  follow(now, std::move(lock));
}

CallLoad CallGateway::load() const {
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  CallLoad load = queue_.load(now);
  const Duration running = was_full_ ? now - full_noted_ : Duration::zero();
  load.full_ms = static_cast<std::uint64_t>((full_ + running) / std::chrono::milliseconds(1));
  return load;
}

void CallGateway::set_send_deadline(Instant deadline) {
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  queue_.set_send_deadline(deadline);
  follow(now, std::move(lock));
}

void CallGateway::cancel_waiting() {
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  queue_.cancel(now);
  follow(now, std::move(lock));
}

// --- senders ------------------------------------------------------------------------------------

void CallGateway::join(CallSender& sender) {
  const std::lock_guard lock(mutex_);
  seats_.push_back(Seat{&sender, true});
}

void CallGateway::wake_one() {
  for (Seat& seat : seats_) {
    if (!seat.awake) {
      seat.awake = true;
      seat.sender->wake();
      return;
    }
  }
}

void CallGateway::exchange(const CallSender& sender, std::size_t in_flight,
                           std::vector<FinishedJob>& finished, SendTurn& turn) {
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  turn.stop = closed_;
  if (closed_) {
    return;
  }
  const auto seat =
      std::ranges::find_if(seats_, [&](const Seat& taken) { return taken.sender == &sender; });
  FD_CHECK(seat != seats_.end());
  seat->awake = true;  // it needs no wake-up for what it is given here
  for (FinishedJob& done : finished) {
    queue_.finish(std::move(done.job), done.attempt, now);
  }
  finished.clear();
  write_intents(now);
  // Of all that has a place, so that not all senders are full while something is ready.
  const std::size_t share = (queue_.in_flight() + seats_.size() - 1) / seats_.size();
  queue_.take(now, share > in_flight ? share - in_flight : 0, turn.to_send);
  turn.due = watched_ = queue_.next_due(now);
  if (queue_.has_ready()) {
    wake_one();  // another one: this one is full
  }
  seat->awake = false;
  hand_over(now, std::move(lock));
}

/// Does what the queue has to have done, and lets go of it.
void CallGateway::follow(Instant now, std::unique_lock<std::mutex> lock) {
  if (!closed_) {
    write_intents(now);
    const std::optional<Instant> due = queue_.next_due(now);
    if (queue_.has_ready() || (due && (!watched_ || *due < *watched_))) {
      wake_one();
    }
  }
  hand_over(now, std::move(lock));
}

/// Lets go of the queue, and has what ended written.
void CallGateway::hand_over(Instant now, std::unique_lock<std::mutex> lock) {
  std::vector<JobPtr> ended;
  if (!closed_) {
    queue_.take_ended(ended);
    note_full(now);
  }
  lock.unlock();
  for (JobPtr& job : ended) {
    settle(std::move(job));
  }
}

void CallGateway::note_full(Instant now) {
  if (was_full_) {
    full_ += std::max(now - full_noted_, Duration::zero());
  }
  was_full_ = queue_.full();
  full_noted_ = now;
}

// --- the journal --------------------------------------------------------------------------------

/// Admits what may be admitted. Requires: mutex_ is held, for an intent may be on disk before its
/// ticket is noted.
void CallGateway::write_intents(Instant now) {
  queue_.admit(now, to_write_);
  for (Job* job : to_write_) {
    const bool mutant = FD_MUTANT(intent_not_journaled);
    job->ticket =
        journal_.append_intent(intent_of(*job), [this, mutant](CallJournal::Written written) {
          if (!mutant) {
            this->written(written.durable);
          }
        });
    if (mutant) {
      queue_.written(true, now);
    }
  }
  to_write_.clear();
}

void CallGateway::written(bool durable) {
  FD_FAILPOINT("k22.intent_before_send");
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  if (!closed_) {
    queue_.written(durable, now);
    follow(now, std::move(lock));
  }
}

void CallGateway::settled(bool durable) {
  const Instant now = clock_.now();
  std::unique_lock lock(mutex_);
  if (!closed_) {
    queue_.settled(durable, now);
    follow(now, std::move(lock));
  }
}

/// Has the end of a call written, and hands its result on once it is on disk. There is nothing to
/// write of a call that was never admitted, and no result to keep of one that was never sent.
void CallGateway::settle(JobPtr job) {
  if (!job->ticket || left_nothing(*job)) {
    if (job->ticket) {
      journal_.append_cancelled(*job->ticket, {job->call.sample_id, job->call.call_key},
                                [this](CallJournal::Written written) { settled(written.durable); });
    }
    callback_(std::move(job->result));
    return;
  }
  FD_FAILPOINT("k25.reply_complete");
  const std::uint32_t ticket = *job->ticket;
  for (Answer& answer : std::exchange(job->result.before, {})) {
    hand_on_partial(ticket, job->call, std::move(answer));
  }
  struct Held {
    ChatResult result;
    Record record;
  };
  const auto held = std::make_shared<Held>(Held{std::move(job->result), record_at(job->call)});
  held->record.call = held->result.call;
  if (held->result.failure == Reason::none) {
    held->record.answer = std::move(held->result.answer);
  }
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
void CallGateway::hand_on_partial(std::uint32_t ticket, const ChatCall& call, Answer answer) {
  Record record = record_at(call);
  record.answer = std::move(answer);
  journal_.append_end(ticket, record, [this, tag = call.tag, record](CallJournal::Written written) {
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

}  // namespace fd
