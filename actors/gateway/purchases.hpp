#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "actors/gateway/fault.hpp"
#include "actors/gateway/job.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Which endpoints bring several candidates in one request (the parameter n), as their config says
/// and as they show. One that brings fewer than it was asked for is asked for one at a time from
/// then on. So is one that refuses such a request, in words that name n or before it ever brought
/// several: until another request brings several, or it has answered one after it refused the first
/// candidate alone too, for then the prompt was the reason. No clock. Thread: one at a time.
class Purchases {
 public:
  explicit Purchases(const GatewayConfig& config);

  /// Returns whether the job, at its place, may ask for all its candidates in one request.
  [[nodiscard]] bool fits(const Job& job) const;
  /// Returns how many requests a job that has no place yet is likely to take.
  [[nodiscard]] std::uint32_t requests(const Job& job) const;

  /// Learns from an attempt of `job`, whose end is the fault of `fault`. Returns that, or
  /// Fault::many when the candidates of the job are to be asked for one at a time now.
  Fault learn(Job& job, const Attempt& attempt, Fault fault);

 private:
  struct Endpoint {
    bool one = false;      ///< its config says so, or it has brought fewer than it was asked for
    bool proven = false;   ///< it has brought several, or its config says that it does
    bool doubted = false;  ///< it may have refused a request because that asked for several
    bool cleared = false;  ///< that was not why: it counts once the endpoint answers at all
    [[nodiscard]] bool takes_several() const { return !one && !doubted; }
  };
  [[nodiscard]] static bool is_suspect(const Endpoint& endpoint, const Attempt& attempt);

  std::vector<Endpoint> endpoints_;
};

/// Returns how many candidates one call may ask for, by the config.
std::uint32_t purchase_max(const RunConfig& config);

}  // namespace fd
