// The gateway of a simulated worker: slots in front of the teacher, a journal around them.

#include <memory>
#include <utility>

#include "protocol/base/mutant.hpp"
#include "tests/sim/worker_process.hpp"

namespace fd::sim {

void WorkerProcess::submit(Call call) {
  const Item& item = items_.at(call.item);
  JournalIntent intent;
  static_cast<CallIdentity&>(intent) = identity(call);
  intent.count = call.count;
  intent.shard = item.shard;
  intent.fence = item.fence;
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
      const CallIdentity id = identity(call);
      disk_.append_cancelled(call.ticket, {id.sample_id, id.call_key});
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
  const Reply reply = services_.teacher.request(item.sample, call.number, call.count,
                                                Caller{number_, incarnation_, item.fence});
  after(reply.latency, [this, call, reply, run = run_] {
    if (run != run_) {
      return;
    }
    --in_flight_;
    std::vector<Record> records = records_of(call, reply);
    for (std::size_t i = 0; i < records.size(); ++i) {
      Record& record = records[i];
      const bool last = i + 1 == records.size();
      auto seq = std::make_shared<std::uint64_t>(0);
      // What of the call this record settles: its answer's key; the last one, all that failed, too.
      std::vector<Digest> keys;
      const std::size_t end = last ? call.count : i + 1;
      for (std::size_t k = i; k < end; ++k) {
        keys.push_back(
            services_.data.call(item_sample(call), call.number + static_cast<std::uint32_t>(k))
                .call_key);
      }
      const auto then = [this, call, reply, run, seq, last, keys, record]() {
        for (const Digest& key : keys) {
          services_.teacher.settled(key, incarnation_);
        }
        if (run == run_ && !FD_MUTANT(answer_before_sync)) {
          hand_on(call, record, *seq);
          if (last && run == run_ && alive()) {
            finish_call(call, reply);
          }
        }
      };
      *seq = disk_.append_end(call.ticket, record, then);
      if (FD_MUTANT(answer_before_sync)) {
        hand_on(call, record, *seq);
        if (last) {
          finish_call(call, reply);
        }
      }
    }
    send_waiting();
  });
}

void WorkerProcess::cancel_waiting() {
  cancelled_at_ = last_ticket_;
  std::deque<Call> dropped = std::exchange(waiting_, {});
  for (const Call& call : dropped) {
    const CallIdentity id = identity(call);
    disk_.append_cancelled(call.ticket, {id.sample_id, id.call_key});
    cancel_call(call);
  }
}

}  // namespace fd::sim
