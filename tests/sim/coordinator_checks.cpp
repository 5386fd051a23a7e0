// What CoordinatorProcess checks of everything that its core decides.

#include <algorithm>

#include "tests/sim/coordinator_process.hpp"

namespace fd::sim {
namespace {

std::uint32_t worker_number(const std::string& name) {
  return static_cast<std::uint32_t>(std::stoul(name.substr(1)));
}

}  // namespace

/// An outcome counts only under the live fence. A lease goes to another worker only when its holder
/// gave it back, ended, or was silent for about its lease.
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
  if (!before.worker.empty() && before.worker != lease.worker && !services_.plan.local_workers &&
      services_.plan.ghosts.empty() &&
      !services_.contacts.may_lose(worker_number(before.worker), granted_at, time)) {
    services_.oracle.fail(time, "shard " + std::to_string(lease.shard) + " goes from worker " +
                                    before.worker + ", which is there, to " + lease.worker);
  }
  before = lease;
  granted_at = time;
}

/// A state that was overtaken by a later one, or is of a process that was replaced, has no effect.
void CoordinatorProcess::check_state(const StateArrived& event, const CoordinatorEffects& effects) {
  const WorkerState& state = event.state;
  const std::uint64_t incarnation = event.from.incarnation;
  const bool served = std::ranges::any_of(effects.send, [](const Outgoing& outgoing) {
    const auto* order = std::get_if<SendOrder>(&outgoing);
    return order != nullptr && order->order.refused.empty();
  });
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
    if (state.seq <= seen.seq && time - seen.at < kTtl / 2) {
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
    seen = {state.seq, time};
  }
  if (served) {
    highest = std::max(highest, incarnation);
  }
}

/// Every lease of an order is in the ledger before the order leaves, for this worker alone.
void CoordinatorProcess::check_order(const To& to, const Order& order) {
  for (const GrantedLease& lease : order.leases) {
    const auto& rows = services_.ledger.leases(lease.shard);
    const bool durable = std::any_of(rows.begin(), rows.end(), [&](const LeaseRow& row) {
      return row.lease.fence == lease.fence && row.lease.incarnation == to.incarnation;
    });
    if (!durable) {
      services_.oracle.fail(schedule_.now(), "an order names fence " + std::to_string(lease.fence) +
                                                 ", which the ledger does not have for its worker");
    }
  }
  std::uint32_t calls = 0;
  for (const Share& share : order.shares) {
    calls += share.calls;
  }
  const auto open = services_.ledger.open_shares().find(to.incarnation);
  const std::uint32_t known = open == services_.ledger.open_shares().end() ? 0 : open->second.calls;
  if (!order.leases.empty() && calls > known) {
    services_.oracle.fail(schedule_.now(), "an order grants " + std::to_string(calls) +
                                               " calls, and the ledger has " +
                                               std::to_string(known));
  }
}

/// Every answer that an acknowledgement covers is in the ledger before it leaves.
void CoordinatorProcess::check_ack(const To& to, const Ack& ack) {
  std::uint64_t& checked = acked_[to.incarnation];
  for (; checked < ack.seq; ++checked) {
    const auto found =
        services_.deliveries.find({to.incarnation, services_.ledger.speaker().start, checked + 1});
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

/// Samples go out with every answer that is on record.
void CoordinatorProcess::check_samples(const SendSamples& send) {
  for (const std::uint32_t position : send.positions) {
    for (std::uint32_t number = 0; number < services_.data.calls(); ++number) {
      const AnswerRow* row = services_.ledger.answer({send.shard, position}, number);
      if (row == nullptr) {
        continue;
      }
      const auto answers = send.answers.find(position);
      const bool included =
          answers != send.answers.end() && std::find(answers->second.begin(), answers->second.end(),
                                                     row->answer) != answers->second.end();
      if (!included) {
        services_.oracle.fail(schedule_.now(), "sample " + std::to_string(send.shard) + "/" +
                                                   std::to_string(position) +
                                                   " goes out without its recorded answer");
      }
    }
  }
}

}  // namespace fd::sim
