// The part of CoordinatorCore that follows what the endpoints are like at each worker: how many
// calls they may have, which worker can do nothing, and whether any can.

#include <algorithm>

#include "coordinator/control/coordinator_core.hpp"

namespace fd {
namespace {

const EndpointReport* report_of(const ConnectedWorker& worker, const std::string& provider) {
  const auto& reports = worker.state.endpoints;
  const auto found = std::ranges::find(reports, provider, &EndpointReport::provider);
  return found != reports.end() ? &*found : nullptr;
}

}  // namespace

bool CoordinatorCore::out_at(const ConnectedWorker& worker, const std::string& provider) {
  const EndpointReport* report = report_of(worker, provider);
  return report != nullptr && report->out();
}

/// Returns whether the worker can make no call: every provider is out there.
bool CoordinatorCore::is_stranded(const ConnectedWorker& worker) const {
  return std::ranges::all_of(config_.providers, [&](const ProviderLimit& provider) {
    return out_at(worker, provider.provider);
  });
}

/// Returns whether a provider of a lower priority is left at the worker.
bool CoordinatorCore::is_reserve(const ConnectedWorker& worker,
                                 const ProviderLimit& provider) const {
  return std::ranges::any_of(config_.providers, [&](const ProviderLimit& other) {
    return other.priority < provider.priority && !out_at(worker, other.provider);
  });
}

/// Returns how many calls of the worker no other provider will do for.
std::uint32_t CoordinatorCore::wanted_by(const ConnectedWorker& worker,
                                         const std::string& provider) {
  const EndpointReport* report = report_of(worker, provider);
  return report != nullptr ? report->wanted : 0;
}

void CoordinatorCore::note_answers(const ConnectedWorker& worker) {
  for (const ProviderLimit& provider : config_.providers) {
    const EndpointReport* report = report_of(worker, provider.provider);
    if (provider.scope == Scope::fleet && report != nullptr && report->answered) {
      proven_.insert(provider.provider);
    }
  }
}

/// Returns whether what the provider refuses is the request's fault.
bool CoordinatorCore::is_trusted(const ProviderLimit& provider) const {
  return config_.answered_before || proven_.contains(provider.provider);
}

/// Returns how many calls a worker may have in flight at a provider before its first answer: its
/// part of refusal_limit, whatever it has elsewhere.
std::uint32_t CoordinatorCore::first_part(const ProviderLimit& provider) const {
  if (proven_.contains(provider.provider)) {
    return UINT32_MAX;
  }
  const auto sharing = static_cast<std::uint32_t>(std::ranges::count_if(
      workers_, [&](const auto& entry) { return takes_shares(entry.second); }));
  const auto heads =
      std::max<std::uint32_t>(1, sharing + static_cast<std::uint32_t>(absent(sharing)));
  return config_.refusal_limit / heads + (config_.refusal_limit % heads == 0 ? 0 : 1);
}

/// Returns how many calls may be in flight at each provider over all workers as things are: few
/// where it has not answered yet, so that a dead end costs few; one for each worker where it is out
/// at all of them, or at one before it ever answered; and for those alone that wait for it where
/// all have it in reserve. Workers' own engines have 0.
CallsByProvider CoordinatorCore::open_limits() const {
  CallsByProvider limits;
  for (const ProviderLimit& provider : config_.providers) {
    std::uint32_t calls = provider.calls;
    std::uint32_t sharing = 0;
    std::uint32_t out = 0;
    std::uint32_t reserved = 0;
    std::uint64_t wanted = 0;
    for (const auto& [incarnation, worker] : workers_) {
      if (takes_shares(worker)) {
        ++sharing;
        out += out_at(worker, provider.provider) ? 1 : 0;
        reserved += is_reserve(worker, provider) ? 1 : 0;
        wanted += wanted_by(worker, provider.provider);
      }
    }
    const bool proven = proven_.contains(provider.provider);
    if (!proven) {
      calls = std::min(calls, config_.refusal_limit);
    }
    if (out > 0 && (out == sharing || !proven)) {
      calls = std::min(calls, sharing);
    }
    if (reserved == sharing) {
      calls = static_cast<std::uint32_t>(std::min<std::uint64_t>(calls, wanted));
    }
    limits.push_back(provider.scope == Scope::worker ? 0 : calls);
  }
  return limits;
}

/// Returns how many calls the worker may have in flight at engines of its own. Takes them off what
/// it demands of the others.
CallsByProvider CoordinatorCore::own_shares(const ConnectedWorker& worker, Demand& demand) const {
  CallsByProvider shares;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    const ProviderLimit& provider = config_.providers[i];
    const EndpointReport* report = report_of(worker, provider.provider);
    std::uint32_t calls = 0;
    const bool open = demand.most[i] > 0;
    if (provider.scope == Scope::worker && ((demand.calls > 0 && open) || demand.wanted[i] > 0)) {
      const bool answered = report != nullptr && report->answered;
      calls = answered ? provider.calls : std::min(provider.calls, config_.refusal_limit);
      calls = std::min({calls, !open ? demand.wanted[i] : demand.out[i] ? 1 : calls, demand.cap});
    }
    shares.push_back(calls);
    demand.calls -= std::min<std::uint64_t>(demand.calls, calls);
    demand.cap -= calls;
    if (provider.scope == Scope::worker) {
      for (CallsByProvider* its : {&demand.has, &demand.taken, &demand.told}) {
        if (i < its->size()) {
          (*its)[i] = 0;
        }
      }
    }
  }
  return shares;
}

/// Returns whether the worker could go on with what another cannot do: an endpoint answers it, or
/// it has an engine of its own that was not tried.
bool CoordinatorCore::could_serve(const ConnectedWorker& worker) const {
  return takes_shares(worker) && worker.ready &&
         std::ranges::any_of(config_.providers, [&](const ProviderLimit& provider) {
           const EndpointReport* report = report_of(worker, provider.provider);
           return report != nullptr ? report->state == EndpointState::good
                                    : provider.scope == Scope::worker;
         });
}

bool CoordinatorCore::another_could_serve(std::uint64_t incarnation) const {
  return std::ranges::any_of(workers_, [&](const auto& entry) {
    return entry.first != incarnation && could_serve(entry.second);
  });
}

/// A worker that could make no call for a while keeps no shard that another could work on. It gets
/// some again after a while, to find out whether it still cannot.
void CoordinatorCore::relieve(Instant now, std::uint64_t incarnation, ConnectedWorker& worker,
                              CoordinatorEffects& effects) {
  if (!is_stranded(worker)) {
    worker.relieved.reset();
    return;
  }
  const std::set<std::uint32_t> shards = leases_.held_by(incarnation);
  const bool lasts = std::ranges::all_of(worker.state.endpoints, [](const EndpointReport& one) {
    return one.state == EndpointState::refuses ||
           one.out_ms >= static_cast<std::uint64_t>(kReliefAfter / std::chrono::milliseconds(1));
  });
  const bool on_trial = worker.relieved && now < *worker.relieved + kReliefPause + kReliefTrial;
  // A call in flight may still be answered, and is not to be paid for twice.
  const bool waits = worker.state.in_flight > 0 || !lasts || on_trial;
  if (draining_ || shards.empty() || waits || !another_could_serve(incarnation)) {
    return;
  }
  for (const std::uint32_t shard : shards) {
    leases_.release(shard);
  }
  worker.strayed = true;  // until it says that nothing of them is on its way
  effects.log.push_back("worker " + worker.name + " reaches no endpoint; " +
                        std::to_string(shards.size()) + " shards go to other workers");
  worker.relieved = now;
}

/// Returns whether the worker was relieved a short time ago and is to be left alone.
bool CoordinatorCore::is_relieved(Instant now, std::uint64_t incarnation,
                                  const ConnectedWorker& worker) const {
  return worker.relieved && now < *worker.relieved + kReliefPause &&
         another_could_serve(incarnation);
}

std::vector<EndpointReport> CoordinatorCore::endpoints() const {
  std::vector<EndpointReport> reports;
  for (const auto& [incarnation, worker] : workers_) {
    const WorkerState& state = worker.state;
    const bool has_calls = state.in_flight + state.waiting > 0;
    if (could_serve(worker) || (takes_shares(worker) && has_calls && !is_stranded(worker))) {
      reports.emplace_back();  // nothing speaks against it, or not yet
    } else if (takes_shares(worker) && has_calls) {
      reports.insert(reports.end(), state.endpoints.begin(), state.endpoints.end());
    }
  }
  for (EndpointReport& report : reports) {
    report.answered = report.answered || proven_.contains(report.provider);
  }
  return reports;
}

}  // namespace fd
