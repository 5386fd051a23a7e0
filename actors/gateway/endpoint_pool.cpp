#include "actors/gateway/endpoint_pool.hpp"

#include <algorithm>
#include <ranges>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

const Met* met_at(const std::vector<Met>& met, std::size_t endpoint) {
  const auto found = std::ranges::find(met, endpoint, &Met::endpoint);
  return found != met.end() ? &*found : nullptr;
}

bool refused_at(const std::vector<Met>& met, std::size_t endpoint) {
  const Met* here = met_at(met, endpoint);
  return here != nullptr && here->refused;
}

std::uint32_t failures_at(const std::vector<Met>& met, std::size_t endpoint) {
  const Met* here = met_at(met, endpoint);
  return here != nullptr ? here->failures : 0;
}

}  // namespace

EndpointPool::EndpointPool(const GatewayConfig& config) : refusal_limit_(config.refusal_limit) {
  FD_CHECK(!config.providers.empty());
  constexpr double kLeastWeight = 1e-9;
  for (const ProviderConfig& provider : config.providers) {
    Endpoint endpoint{.health = EndpointHealth(config.retry), .name = provider.name};
    endpoint.weight = std::max(provider.weight, kLeastWeight);
    endpoint.priority = provider.priority;
    endpoint.limit = endpoint.most = std::max<std::uint32_t>(provider.max_concurrency, 1);
    endpoints_.push_back(std::move(endpoint));
  }
}

bool EndpointPool::has_room(const Endpoint& endpoint) const {
  return endpoint.in_flight <
             std::min(endpoint.limit, endpoint.health.width(refusals_of(endpoint))) &&
         !(endpoint.health.out() && endpoint.probing);
}

/// Returns how many equal refusals before its first answer are the endpoint's.
std::uint32_t EndpointPool::refusals_of(const Endpoint& endpoint) const {
  return std::min(refusal_limit_, std::max(endpoint.limit, 1u));
}

EndpointPool::Choice EndpointPool::choice(Instant now, const std::vector<Met>& met) const {
  std::uint32_t may_be_asked = UINT32_MAX;
  std::uint32_t there = UINT32_MAX;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    if (endpoint.health.out() || refused_at(met, i)) {
      continue;
    }
    there = std::min(there, endpoint.priority);
    if (now >= endpoint.health.not_before() && failures_at(met, i) < kFailuresToReserve) {
      may_be_asked = std::min(may_be_asked, endpoint.priority);
    }
  }
  Choice choice{may_be_asked != UINT32_MAX ? may_be_asked : there, UINT32_MAX};
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    if (endpoint.priority == choice.priority && !endpoint.health.out() && !refused_at(met, i)) {
      choice.failures = std::min(choice.failures, failures_at(met, i));
    }
  }
  return choice;
}

/// Returns whether an endpoint of a lower priority is not out.
bool EndpointPool::is_reserve(const Endpoint& endpoint) const {
  return std::ranges::any_of(endpoints_, [&](const Endpoint& other) {
    return other.priority < endpoint.priority && !other.health.out();
  });
}

std::optional<Place> EndpointPool::take(Instant now, const std::vector<Met>& met) {
  // Among those that answer, it waits for a place, or for a share, where it should go; only a probe
  // may go elsewhere, for it costs nothing.
  const Choice its = choice(now, met);
  std::optional<std::size_t> best;
  double best_load = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    const bool here = endpoint.priority == its.priority
                          ? failures_at(met, i) <= its.failures
                          : endpoint.priority < its.priority && endpoint.health.out();
    if (!here || refused_at(met, i) || !has_room(endpoint) || now < endpoint.health.not_before()) {
      continue;
    }
    const double load = endpoint.load_with_one_more();
    if (!best || load < best_load) {
      best = i;
      best_load = load;
    }
  }
  if (!best) {
    return std::nullopt;
  }
  Endpoint& taken = endpoints_[*best];
  ++taken.in_flight;
  taken.probing = taken.health.out();
  return Place{*best, taken.probing};
}

void EndpointPool::leave(const Place& place) {
  Endpoint& endpoint = endpoints_.at(place.endpoint);
  FD_CHECK(endpoint.in_flight > 0);
  --endpoint.in_flight;
  endpoint.probing = endpoint.probing && !place.probe;
}

bool EndpointPool::give_back(const Place& place, const Attempt& attempt, Fault fault,
                             const Digest& request, Instant sent, Instant now, double jitter) {
  leave(place);
  Endpoint& endpoint = endpoints_.at(place.endpoint);
  const std::uint32_t refusals = refusals_of(endpoint);
  return endpoint.health.learn(
      {attempt, fault, request, place.probe, sent, endpoint.in_flight, refusals}, now, jitter);
}

EndpointPool::Standing EndpointPool::standing(const std::vector<Met>& met) const {
  bool refused = false;
  bool pending = false;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const EndpointHealth& health = endpoints_[i].health;
    if (health.out()) {
      continue;
    }
    if (!refused_at(met, i)) {
      return Standing::elsewhere;
    }
    refused = true;
    pending = pending || !health.trusted();
  }
  return !refused ? Standing::elsewhere : pending ? Standing::pending : Standing::final;
}

bool EndpointPool::conclude(Instant now, double jitter) {
  bool changed = false;
  for (Endpoint& endpoint : endpoints_) {
    changed = (!endpoint.health.out() && endpoint.health.conclude(now, jitter)) || changed;
  }
  return changed;
}

void EndpointPool::set_limit(std::size_t endpoint, std::uint32_t calls) {
  Endpoint& limited = endpoints_.at(endpoint);
  limited.limit = std::min(calls, limited.most);
}

std::optional<Instant> EndpointPool::next_chance(Instant now) const {
  std::optional<Instant> earliest;
  for (const Endpoint& endpoint : endpoints_) {
    const Instant time = endpoint.health.not_before();
    if (has_room(endpoint) && time > now && (!earliest || time < *earliest)) {
      earliest = time;
    }
  }
  return earliest;
}

std::optional<std::size_t> EndpointPool::wanted(Instant now, const std::vector<Met>& met) const {
  const Choice its = choice(now, met);
  std::optional<std::size_t> best;
  double best_load = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    const bool here = endpoint.priority == its.priority && failures_at(met, i) <= its.failures;
    if (!here || endpoint.health.out() || refused_at(met, i)) {
      continue;
    }
    if (endpoint.limit > 0 && !is_reserve(endpoint)) {
      return std::nullopt;
    }
    const double load = endpoint.load_with_one_more();
    if (!best || load < best_load) {
      best = i;
      best_load = load;
    }
  }
  return best;
}

std::vector<EndpointReport> EndpointPool::reports(
    Instant now, const std::map<std::size_t, std::uint32_t>& wanted) const {
  std::vector<EndpointReport> reports;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    const auto waiting = wanted.find(i);
    std::uint32_t calls = waiting != wanted.end() ? waiting->second : 0;
    if (is_reserve(endpoint)) {
      calls += endpoint.in_flight;  // those keep their share
    }
    if (endpoint.limit > 0 || calls > 0 || endpoint.health.state() != EndpointState::untried) {
      reports.push_back(endpoint.health.report(now));
      reports.back().provider = endpoint.name;
      reports.back().wanted = calls;
    }
  }
  return reports;
}

}  // namespace fd
