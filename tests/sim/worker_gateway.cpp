// The gateway of a simulated worker: slots in front of the teacher, a journal around them.

#include <memory>
#include <utility>

#include "protocol/base/mutant.hpp"
#include "tests/sim/worker_process.hpp"

namespace fd::sim {

void WorkerProcess::submit(Call call) {
  const Item& item = items_.at(call.item);
  JournalIntent intent;
  intent.shard = item.shard;
  intent.fence = item.fence;
  intent.sample_id = item.sample.id;
  intent.call_key = Dataset::call_key(item.sample, call.candidate);
  intent.candidate = call.candidate;
  ++journaling_;
  const std::uint64_t run = run_;
  // The ticket is known only once the intent is queued, which is before it is durable.
  auto ticket = std::make_shared<std::uint32_t>(0);
  *ticket = disk_.append_intent(intent, [this, call, run, ticket]() mutable {
    if (run != run_ || FD_MUTANT(intent_not_journaled)) {
      return;
    }
    --journaling_;
    call.ticket = *ticket;
    if (call.ticket <= cancelled_at_) {
      disk_.append_cancelled(
          call.ticket,
          {items_.at(call.item).sample.id,
           Dataset::call_key(items_.at(call.item).sample, call.candidate), call.candidate});
      cancel_call(call);
      return;
    }
    waiting_.push_back(call);
    send_waiting();
  });
  last_ticket_ = *ticket;
  if (FD_MUTANT(intent_not_journaled)) {
    --journaling_;
    call.ticket = *ticket;
    waiting_.push_back(call);
    send_waiting();
  }
}

void WorkerProcess::send_waiting() {
  while (in_flight_ < slots_ && !waiting_.empty()) {
    const Call call = waiting_.front();
    waiting_.pop_front();
    ++in_flight_;
    request(call);
  }
}

void WorkerProcess::request(const Call& call) {
  const Item& item = items_.at(call.item);
  if (!disk_.has_intent(call.ticket)) {
    services_.oracle.fail(schedule_.now(), "a call is sent whose intent is not in the journal");
  }
  const Reply reply = services_.teacher.request(item.sample, call.candidate,
                                                Caller{number_, incarnation_, item.fence});
  after(reply.latency, [this, call, reply, run = run_] {
    if (run != run_) {
      return;
    }
    --in_flight_;
    const Record end = record_of(call, reply);
    const Digest key = end.call->call_key;
    auto seq = std::make_shared<std::uint64_t>(0);
    *seq = disk_.append_end(call.ticket, end, [this, call, reply, run, key, seq] {
      services_.teacher.settled(key, incarnation_);
      if (run == run_ && !FD_MUTANT(answer_before_sync)) {
        finish_call(call, reply, *seq);
      }
    });
    if (FD_MUTANT(answer_before_sync)) {
      finish_call(call, reply, *seq);
    }
    send_waiting();
  });
}

void WorkerProcess::cancel_waiting() {
  cancelled_at_ = last_ticket_;
  std::deque<Call> dropped = std::exchange(waiting_, {});
  for (const Call& call : dropped) {
    const Sample& sample = items_.at(call.item).sample;
    disk_.append_cancelled(call.ticket,
                           {sample.id, Dataset::call_key(sample, call.candidate), call.candidate});
    cancel_call(call);
  }
}

}  // namespace fd::sim
