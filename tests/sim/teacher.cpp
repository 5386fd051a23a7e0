#include "tests/sim/teacher.hpp"

#include <algorithm>

namespace fd::sim {
namespace {

constexpr Time kHang = 1500 * kMillisecond;  ///< the gateway's time-out

}  // namespace

Teacher::Teacher(const Plan& plan, const Dataset& data, const MemoryLedger& ledger,
                 Schedule& schedule, Trace& trace, Oracle& oracle)
    : plan_(plan),
      data_(data),
      ledger_(ledger),
      schedule_(schedule),
      trace_(trace),
      oracle_(oracle),
      random_(plan.seed, "teacher") {
  late_starts_ = std::any_of(plan.clocks.begin(), plan.clocks.end(),
                             [](const ClockPlan& clock) { return clock.drift_ppm != 0; });
}

Reply Teacher::request(const Sample& sample, std::uint32_t number, std::uint32_t count,
                       const Caller& caller) {
  const Place place = Dataset::place_of(sample.id);
  trace_.note(schedule_.now(), "request", caller.worker, place.first, place.second, number);
  const bool ghost = ghosts_.contains(caller.incarnation);
  const TeacherPlan& plan = plan_.teacher;
  Reply reply;
  reply.serial = bill_.size() + 1;
  reply.count = count;
  reply.latency = random_.between(plan.latency_min, plan.latency_max);
  const bool faulty = !mended_;
  if (faulty && random_.chance(plan.retry_permille)) {
    reply.attempts += 1 + random_.below(kMaxAttempts - 1);
  }
  if (faulty && random_.chance(plan.refuse_permille)) {
    reply.failure = Reason::provider_rejected;
  } else if (faulty && random_.chance(plan.hang_permille)) {
    reply.failure = Reason::attempts_exhausted;
    reply.attempts = kMaxAttempts;
    reply.latency = kHang;
  }
  bill_.push_back({data_.call(sample, number), 0});
  // Of a purchase not all may come back.
  const std::uint32_t brought = count == 1 ? 1 : 1 + random_.below(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const CallIdentity call = data_.call(sample, number + i);
    std::vector<Request>& requests = log_[call.call_key];
    if (!ghost && plan_.replacements.empty()) {
      check(sample, number + i, caller, requests);
    }
    const bool fails = reply.failure != Reason::none || i >= brought;
    if (!fails) {
      reply.answers.push_back(
          data_.answer(sample, number + i,
                       plan.deterministic ? 0 : static_cast<std::uint32_t>(requests.size())));
    }
    requests.push_back(
        {caller, schedule_.now(), ghost ? State::in_doubt : State::in_flight, fails});
    open_[caller.incarnation].insert(call.call_key);
  }
  return reply;
}

void Teacher::begun(const Sample& sample, const Caller& caller) {
  const bool paused = std::ranges::any_of(
      plan_.pauses, [&](const Pause& pause) { return pause.who == caller.worker; });
  if (!ghosts_.contains(caller.incarnation) && plan_.replacements.empty() && !paused) {
    const Place place = Dataset::place_of(sample.id);
    check_lease("sample " + std::to_string(place.first) + "/" + std::to_string(place.second), place,
                caller);
  }
}

bool Teacher::check_lease(const std::string& what, Place place, const Caller& caller) {
  const auto& leases = ledger_.leases(place.first);
  const bool late = !leases.empty() && leases.back().lease.fence > caller.fence &&
                    leases.back().lease.worker != "w" + std::to_string(caller.worker);
  if (late && !late_starts_) {
    oracle_.fail(schedule_.now(), what + " is begun under a lease that another worker has by now");
  }
  return late;
}

void Teacher::check(const Sample& sample, std::uint32_t number, const Caller& caller,
                    const std::vector<Request>& earlier) {
  const Place place = Dataset::place_of(sample.id);
  const std::string which = "call " + std::to_string(place.first) + "/" +
                            std::to_string(place.second) + "." + std::to_string(number);
  const bool late = check_lease(which, place, caller);
  bool counted = false;
  for (const Request& request : earlier) {
    if (request.state == State::failed) {
      continue;
    }
    counted = true;
    if (plan_.zero_slack) {
      oracle_.fail(schedule_.now(), which + " is asked again, where no call may be repeated");
      continue;
    }
    const bool same = request.caller.worker == caller.worker;
    const bool excused = request.state == State::in_doubt ||
                         (!same && lapsed(request, place, number)) || (!same && late);
    if (!excused) {
      oracle_.fail(
          schedule_.now(),
          which + " is asked again by worker " + std::to_string(caller.worker) +
              (request.caller.incarnation == caller.incarnation ? " in the same life" : "") +
              " though worker " + std::to_string(request.caller.worker) +
              (request.state == State::settled ? " settled it" : " has it in flight"));
    }
  }
  extra_ += counted ? 1 : 0;
}

/// Returns whether the shard went to another worker before the answer was recorded.
bool Teacher::lapsed(const Request& request, Place place, std::uint32_t number) const {
  const AnswerRow* row = ledger_.answer(place, number);
  const auto& leases = ledger_.leases(place.first);
  const std::string name = "w" + std::to_string(request.caller.worker);
  return std::any_of(leases.begin(), leases.end(), [&](const LeaseRow& lease) {
    return lease.lease.worker != name && lease.lease.fence > request.caller.fence &&
           (row == nullptr || row->durable_at >= lease.granted_at);
  });
}

void Teacher::abandoned(const Digest& key, std::uint64_t incarnation) {
  for (auto& request : log_.at(key)) {
    request.fails = request.fails || (request.caller.incarnation == incarnation &&
                                      request.state == State::in_flight);
  }
}

void Teacher::settled(const Digest& key, std::uint64_t incarnation) {
  open_[incarnation].erase(key);
  std::vector<Request>& requests = log_.at(key);
  for (auto request = requests.rbegin(); request != requests.rend(); ++request) {
    if (request->caller.incarnation == incarnation && request->state == State::in_flight) {
      request->state = request->fails ? State::failed : State::settled;
      return;
    }
  }
}

void Teacher::served(std::uint32_t worker, std::uint64_t incarnation) {
  std::uint64_t& before = served_[worker];
  if (before == incarnation || before == 0) {
    before = incarnation;
    return;
  }
  open_.erase(before);
  ghosts_.insert(before);
  ghosts_.erase(incarnation);
  before = incarnation;
  for (auto& [key, requests] : log_) {
    for (Request& request : requests) {
      if (request.caller.worker == worker && request.state != State::failed) {
        request.state = State::in_doubt;
      }
    }
  }
}

void Teacher::died(std::uint64_t incarnation) {
  for (const Digest& key : open_[incarnation]) {
    for (Request& request : log_.at(key)) {
      if (request.caller.incarnation == incarnation && request.state == State::in_flight) {
        request.state = State::in_doubt;
      }
    }
  }
  open_.erase(incarnation);
}

}  // namespace fd::sim
