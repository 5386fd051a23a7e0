#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "actors/system/clock.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// After how many failures to connect in a row an endpoint is left alone for a while.
inline constexpr std::uint32_t kConnectFailuresToPause = 5;
/// The longest time between two probes of an endpoint that is down.
inline constexpr Duration kMaxProbeInterval = std::chrono::seconds(10);
/// The shortest one.
inline constexpr Duration kMinProbeInterval = std::chrono::milliseconds(10);

/// Chooses the endpoint of each call. An endpoint that cannot be connected to is paused and then
/// tried with one call (a probe) at growing intervals, so that a dead one costs the calls nothing
/// while another lives. Thread: one at a time.
class EndpointPool {
 public:
  /// Requires: at least one provider.
  EndpointPool(std::span<const ProviderConfig> providers, const RetryConfig& retry);

  /// A call's place at an endpoint.
  struct Place {
    std::size_t endpoint = 0;
    bool probe = false;  ///< the endpoint is down; this call finds out whether it still is
  };

  /// Takes a place at the endpoint with the lowest (in flight + 1) / weight that is below its
  /// limit and not paused, or nothing. The lower index wins a tie.
  std::optional<Place> take(Instant now);
  /// Gives a place back. `reached`: a connection was made, whatever came of it.
  /// Returns whether the endpoint was already known to be down. Requires: 0 <= jitter < 1.
  bool give_back(const Place& place, bool reached, Instant now, double jitter);
  /// Gives a place back from which nothing was sent.
  void leave(const Place& place);
  /// Sets how many calls an endpoint may have in flight: at most its max_concurrency.
  void set_limit(std::size_t endpoint, std::uint32_t calls);
  [[nodiscard]] std::uint32_t in_flight(std::size_t endpoint) const {
    return endpoints_.at(endpoint).in_flight;
  }
  /// Gives an endpoint no call before `until`: it asked for that.
  void pause(std::size_t endpoint, Instant until);
  /// Returns the earliest time at which take() can succeed without a place being given back, or
  /// nothing when only that helps.
  [[nodiscard]] std::optional<Instant> next_chance() const;
  /// Returns since when all endpoints are down, or nothing while one is not.
  [[nodiscard]] std::optional<Instant> down_since() const;

 private:
  struct Endpoint {
    double weight = 1;
    std::uint32_t most = 1;   ///< its max_concurrency
    std::uint32_t limit = 1;  ///< calls in flight in this process
    std::uint32_t in_flight = 0;
    std::uint32_t failures = 0;  ///< to connect, in a row
    bool down = false;
    bool probing = false;
    std::uint32_t probes = 0;  ///< since it went down
    Instant down_since{};
    Instant not_before{};  ///< while down: no probe before; else: what it asked for
  };
  [[nodiscard]] static bool has_room(const Endpoint& endpoint) {
    return endpoint.in_flight < endpoint.limit && !(endpoint.down && endpoint.probing);
  }
  [[nodiscard]] Duration probe_interval(std::uint32_t probes, double jitter) const;

  std::vector<Endpoint> endpoints_;
  RetryConfig retry_;
};

}  // namespace fd
