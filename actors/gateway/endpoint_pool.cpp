#include "actors/gateway/endpoint_pool.hpp"

#include <algorithm>

#include "actors/gateway/retry.hpp"
#include "protocol/base/result.hpp"

namespace fd {

EndpointPool::EndpointPool(std::span<const ProviderConfig> providers, const RetryConfig& retry)
    : retry_(retry) {
  FD_CHECK(!providers.empty());
  constexpr double kLeastWeight = 1e-9;
  for (const ProviderConfig& provider : providers) {
    Endpoint endpoint;
    endpoint.weight = std::max(provider.weight, kLeastWeight);
    endpoint.limit = endpoint.most = std::max<std::uint32_t>(provider.max_concurrency, 1);
    endpoints_.push_back(endpoint);
  }
}

std::optional<EndpointPool::Place> EndpointPool::take(Instant now) {
  Endpoint* best = nullptr;
  double best_load = 0;
  for (Endpoint& endpoint : endpoints_) {
    if (!has_room(endpoint) || now < endpoint.not_before) {
      continue;
    }
    const double load = (endpoint.in_flight + 1) / endpoint.weight;
    if (best == nullptr || load < best_load) {
      best = &endpoint;
      best_load = load;
    }
  }
  if (best == nullptr) {
    return std::nullopt;
  }
  ++best->in_flight;
  best->probing = best->down;
  return Place{static_cast<std::size_t>(best - endpoints_.data()), best->down};
}

Duration EndpointPool::probe_interval(std::uint32_t probes, double jitter) const {
  const Duration limit =
      std::clamp(backoff_limit(retry_, probes), kMinProbeInterval, kMaxProbeInterval);
  const auto half = static_cast<double>(limit.count()) / 2;
  return Duration(static_cast<std::int64_t>(half + half * jitter));
}

bool EndpointPool::give_back(const Place& place, bool reached, Instant now, double jitter) {
  Endpoint& endpoint = endpoints_.at(place.endpoint);
  FD_CHECK(endpoint.in_flight > 0);
  --endpoint.in_flight;
  const bool was_down = endpoint.down;
  if (reached) {
    if (was_down) {
      endpoint.not_before = now;
    }
    endpoint.failures = 0;
    endpoint.probes = 0;
    endpoint.down = false;
    endpoint.probing = false;
    return was_down;
  }
  ++endpoint.failures;
  if (was_down) {
    // Calls that were under way when it went down say nothing new; only a probe does.
    if (place.probe) {
      endpoint.probing = false;
      endpoint.not_before = now + probe_interval(++endpoint.probes, jitter);
    }
  } else if (endpoint.failures >= kConnectFailuresToPause) {
    endpoint.down = true;
    endpoint.down_since = now;
    endpoint.not_before = std::max(endpoint.not_before, now + probe_interval(0, jitter));
  }
  return was_down;
}

void EndpointPool::leave(const Place& place) {
  Endpoint& endpoint = endpoints_.at(place.endpoint);
  FD_CHECK(endpoint.in_flight > 0);
  --endpoint.in_flight;
  endpoint.probing = endpoint.probing && !place.probe;
}

void EndpointPool::set_limit(std::size_t endpoint, std::uint32_t calls) {
  Endpoint& limited = endpoints_.at(endpoint);
  limited.limit = std::min(calls, limited.most);
}

void EndpointPool::pause(std::size_t endpoint, Instant until) {
  Endpoint& paused = endpoints_.at(endpoint);
  paused.not_before = std::max(paused.not_before, until);
}

std::optional<Instant> EndpointPool::next_chance() const {
  std::optional<Instant> earliest;
  for (const Endpoint& endpoint : endpoints_) {
    if (has_room(endpoint) && (!earliest || endpoint.not_before < *earliest)) {
      earliest = endpoint.not_before;
    }
  }
  return earliest;
}

std::optional<Instant> EndpointPool::down_since() const {
  Instant latest{};
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.down) {
      return std::nullopt;
    }
    latest = std::max(latest, endpoint.down_since);
  }
  return latest;
}

}  // namespace fd
