// What CoordinatorProcess checks of everything that passes its ports.

#include <algorithm>

#include "protocol/frame.hpp"
#include "tests/sim/coordinator_process.hpp"

namespace fd::sim {
namespace {

std::uint32_t worker_number(const std::string& name) {
  return static_cast<std::uint32_t>(std::stoul(name.substr(1)));
}

}  // namespace

/// An outcome counts only under the live fence. A lease goes to another worker only when its holder
/// gave it back, ended, was silent for about its lease, or reaches no endpoint.
void CoordinatorProcess::check_append(const LedgerEvent& event) {
  const Time time = schedule_.now();
  if (const auto* record = std::get_if<Record>(&event)) {
    const bool stale = record->outcome && record->outcome->reason != Reason::poison &&
                       record->fence != last_lease_[record->shard].first.fence;
    if (stale) {
      services_.oracle.fail(time, "an outcome is recorded under fence " +
                                      std::to_string(record->fence) + ", which is over");
    }
    return;
  }
  const auto* granted = std::get_if<LeaseGranted>(&event);
  if (granted == nullptr) {
    return;
  }
  const LeaseGranted& lease = *granted;
  auto& [before, granted_at] = last_lease_[lease.shard];
  const auto relieved = relieved_.find(before.worker);
  const bool gave_back = relieved != relieved_.end() && relieved->second >= granted_at;
  if (!before.worker.empty() && before.worker != lease.worker && !gave_back &&
      !services_.plan.local_workers && services_.plan.ghosts.empty() &&
      !services_.contacts.may_lose(worker_number(before.worker), granted_at, time)) {
    services_.oracle.fail(time, "shard " + std::to_string(lease.shard) + " goes from worker " +
                                    before.worker + ", which is there, to " + lease.worker);
  }
  before = lease;
  granted_at = time;
}

/// A state that was overtaken by a later one, or is of a process that was replaced, has no effect.
void CoordinatorProcess::check_state(const WorkerState& state, std::uint64_t incarnation,
                                     bool served) {
  if (served && !services_.plan.ghosts.empty()) {
    services_.teacher.served(worker_number(state.name), incarnation);
  }
  const Time time = schedule_.now();
  if (services_.contacts.may_lose(worker_number(state.name), time - kTtl, time)) {
    return;  // its lease may have ended, and it is a new one then
  }
  Seen& seen = seen_[incarnation];
  std::uint64_t& highest = incarnation_of_[state.name];
  if (served) {
    const bool overtaken = state.seq < seen.seq || (state.seq == seen.seq && seen.served);
    if (overtaken && time - seen.at < kTtl / 2) {
      services_.oracle.fail(time, "a state is taken for the latest that was overtaken");
    }
    if (incarnation < highest && time - seen_[highest].at < kTtl / 2) {
      services_.oracle.fail(time, "a process is served that was replaced");
    }
    if (highest != 0 && incarnation != highest && time - seen_[highest].at < kHeartbeat) {
      services_.oracle.fail(time, "a process gets the name of one that is there");
    }
  }
  if (state.seq > seen.seq) {
    seen = {state.seq, time, false};
  }
  seen.served = seen.served || (served && state.seq == seen.seq);
  if (served) {
    highest = std::max(highest, incarnation);
  }
}

/// Checks a frame that is about to leave.
void CoordinatorProcess::check_frame(const std::string& bytes) {
  const FrameView frame = decode_frame(bytes).value();
  const std::uint64_t incarnation = frame.speaker.incarnation;
  if (frame.kind == MessageKind::order) {
    const Order order = decode<Order>(frame.body).value();
    if (order.refused.empty()) {
      orders_.emplace_back(incarnation, order.ack_seq);
    }
    check_order(incarnation, order);
  } else if (frame.kind == MessageKind::ack) {
    check_ack(incarnation, decode<Ack>(frame.body).value());
  } else if (frame.kind == MessageKind::samples) {
    check_samples(decode<Samples>(frame.body).value());
  }
}

/// Every lease of an order is in the ledger before the order leaves, for this worker alone.
void CoordinatorProcess::check_order(std::uint64_t incarnation, const Order& order) {
  for (const GrantedLease& lease : order.leases) {
    const auto& rows = services_.ledger.leases(lease.shard);
    const bool durable = std::any_of(rows.begin(), rows.end(), [&](const LeaseRow& row) {
      return row.lease.fence == lease.fence && row.lease.incarnation == incarnation;
    });
    if (!durable) {
      services_.oracle.fail(schedule_.now(), "an order names fence " + std::to_string(lease.fence) +
                                                 ", which the ledger does not have for its worker");
    }
  }
  const std::uint32_t calls = total_calls(order.shares);
  const auto open = services_.ledger.open_shares().find(incarnation);
  const std::uint32_t known = open == services_.ledger.open_shares().end() ? 0 : open->second.calls;
  if (!order.leases.empty() && calls > known) {
    services_.oracle.fail(schedule_.now(), "an order grants " + std::to_string(calls) +
                                               " calls, and the ledger has " +
                                               std::to_string(known));
  }
}

/// Every answer that an acknowledgement covers is in the ledger before it leaves.
void CoordinatorProcess::check_ack(std::uint64_t incarnation, const Ack& ack) {
  std::uint64_t& checked = acked_[incarnation];
  for (; checked < ack.seq; ++checked) {
    const auto found =
        services_.deliveries.find({incarnation, services_.ledger.speaker().start, checked + 1});
    if (found == services_.deliveries.end()) {
      services_.oracle.fail(schedule_.now(), "an acknowledgement covers what was not delivered");
      return;
    }
    for (const Record& record : found->second) {
      if (record.answer && services_.ledger.answer(Dataset::place_of(record.answer->sample_id),
                                                   Dataset::number_of(*record.answer)) == nullptr) {
        services_.oracle.fail(schedule_.now(),
                              "an answer is acknowledged that the ledger does not have");
      }
    }
  }
}

/// A shard is written once the ledger has all its outcomes.
void CoordinatorProcess::check_write(const ShardResult& result) {
  for (const Outcome& outcome : result.outcomes) {
    if (services_.ledger.outcome(Dataset::place_of(outcome.sample_id)) == nullptr) {
      services_.oracle.fail(schedule_.now(), "shard " + std::to_string(result.shard) +
                                                 " is written with an outcome that the ledger "
                                                 "does not have");
    }
  }
}

/// Samples go out with every answer that is on record; of one that goes in pieces, up to the last
/// answer that fits.
void CoordinatorProcess::check_samples(const Samples& reply) {
  for (const SampleItem& item : reply.items) {
    const Place place = Dataset::place_of(item.sample.id);
    std::vector<Answer> due;
    for (std::uint32_t number = 0; number < services_.data.calls(); ++number) {
      if (const AnswerRow* row = services_.ledger.answer(place, number)) {
        due.push_back(row->answer);
      }
    }
    std::ranges::sort(due, {}, &Answer::order);
    if (reply.after && &item == &reply.items.front()) {
      const auto last = std::ranges::find(due, *reply.after, &Answer::call_key);
      due.erase(due.begin(), last == due.end() ? last : std::next(last));
    }
    for (const Answer& answer : due) {
      const bool later = item.more && item.answers.back().order() < answer.order();
      if (!later && std::ranges::find(item.answers, answer) == item.answers.end()) {
        services_.oracle.fail(schedule_.now(), "sample " + std::to_string(place.first) + "/" +
                                                   std::to_string(place.second) +
                                                   " goes out without its recorded answer");
      }
    }
  }
}

}  // namespace fd::sim
