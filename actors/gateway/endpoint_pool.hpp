#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/gateway/endpoint_health.hpp"
#include "actors/system/clock.hpp"
#include "protocol/messages.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A call's place at an endpoint.
struct Place {
  std::size_t endpoint = 0;
  bool probe = false;  ///< the endpoint is out; this call finds out whether it still is
};

/// What a call has met at an endpoint so far.
struct Met {
  std::size_t endpoint = 0;
  std::uint32_t failures = 0;
  bool refused = false;
  bool filtered = false;  ///< refused by a filter
};

/// A call that failed so often at an endpoint goes to one in reserve.
inline constexpr std::uint32_t kFailuresToReserve = 2;

/// Chooses the endpoint of each call: of those that may be asked, the ones of the lowest priority,
/// by load and weight; and one that is out now and then, to see whether it still is. Thread: one at
/// a time.
class EndpointPool {
 public:
  /// Requires: at least one provider.
  explicit EndpointPool(const GatewayConfig& config);

  /// Takes a place for a call that has met this, never where it was refused: at the lowest priority
  /// with an endpoint that is not out, did not ask to be left alone, and did not fail the call
  /// kFailuresToReserve times; there, where it failed least; among those, at the endpoint with the
  /// lowest (in flight + 1) / weight. The lower index wins a tie. Returns nothing while there is no
  /// room.
  std::optional<Place> take(Instant now, const std::vector<Met>& met);
  /// Gives a place back from which nothing was sent.
  void leave(const Place& place);
  /// Gives a place back, with what became of the attempt. Returns whether the endpoint is in
  /// another state than before. Requires: 0 <= jitter < 1.
  bool give_back(const Place& place, const Attempt& attempt, Fault fault, const Digest& request,
                 Instant sent, Instant now, double jitter);

  /// What is to become of a call that was refused.
  enum class Standing {
    elsewhere,  ///< an endpoint is left, or none may be asked at the moment
    pending,    ///< it was refused by all that may be asked, of which some are not trusted yet
    final,      ///< it was refused by all that may be asked, and they answer others
  };
  [[nodiscard]] Standing standing(const std::vector<Met>& met) const;
  /// As EndpointHealth::conclude(), for each. Returns whether one is out now that was not.
  bool conclude(Instant now, double jitter);

  /// As EndpointHealth::trust().
  void trust(std::size_t endpoint, Instant now) { endpoints_.at(endpoint).health.trust(now); }
  /// Sets how many calls an endpoint may have in flight: at most its max_concurrency.
  void set_limit(std::size_t endpoint, std::uint32_t calls);
  [[nodiscard]] std::uint32_t in_flight(std::size_t endpoint) const {
    return endpoints_.at(endpoint).in_flight;
  }
  [[nodiscard]] bool all_out() const {
    return std::ranges::all_of(endpoints_, [](const Endpoint& one) { return one.health.out(); });
  }
  /// Returns whether it is out and not trusted.
  [[nodiscard]] bool at_fault(std::size_t endpoint) const {
    const EndpointHealth& health = endpoints_.at(endpoint).health;
    return health.out() && !health.trusted();
  }
  [[nodiscard]] bool is_up(std::size_t endpoint) const {
    return endpoints_.at(endpoint).health.is_up();
  }
  /// Returns the earliest time after `now` at which take() can succeed without a place being given
  /// back, or nothing when only that helps.
  [[nodiscard]] std::optional<Instant> next_chance(Instant now) const;
  /// Returns the endpoint of which a call that met this needs a share: take() would choose among
  /// endpoints whose limit is 0, or which are in reserve.
  [[nodiscard]] std::optional<std::size_t> wanted(Instant now, const std::vector<Met>& met) const;
  /// Says what each endpoint is like that may be asked, was, or is `wanted` by so many calls.
  [[nodiscard]] std::vector<EndpointReport> reports(
      Instant now, const std::map<std::size_t, std::uint32_t>& wanted) const;

 private:
  struct Endpoint {
    EndpointHealth health;
    std::string name;
    double weight = 1;
    std::uint32_t priority = 0;
    std::uint32_t most = 1;   ///< its max_concurrency
    std::uint32_t limit = 1;  ///< calls in flight in this process
    std::uint32_t in_flight = 0;
    bool probing = false;
    [[nodiscard]] double load_with_one_more() const { return (in_flight + 1) / weight; }
  };
  /// Where a call may go: to the endpoints of this priority at which it failed no more often.
  struct Choice {
    std::uint32_t priority = UINT32_MAX;  ///< UINT32_MAX: none may be asked
    std::uint32_t failures = UINT32_MAX;
  };
  [[nodiscard]] Choice choice(Instant now, const std::vector<Met>& met) const;
  [[nodiscard]] bool is_reserve(const Endpoint& endpoint) const;
  [[nodiscard]] bool has_room(const Endpoint& endpoint) const;
  [[nodiscard]] std::uint32_t refusals_of(const Endpoint& endpoint) const;

  std::vector<Endpoint> endpoints_;
  std::uint32_t refusal_limit_;
};

}  // namespace fd
