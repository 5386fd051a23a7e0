#include "tests/simulator/faults.hpp"

#include <array>
#include <utility>

#include "tests/simulator/hash.hpp"

namespace fd::simulator {

std::string_view fault_name(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::first_failures:
      return "fail_first";
    case Fault::rate_limited:
      return "429";
    case Fault::server_error:
      return "500";
    case Fault::closed:
      return "close";
    case Fault::truncated:
      return "truncate";
    case Fault::hung:
      return "hang";
    case Fault::malformed:
      return "malformed";
    case Fault::rejected:
      return "reject";
  }
  return "none";
}

Fault FaultPlan::next(std::uint64_t body_hash) {
  if (rates_.sum() <= 0 && rates_.fail_first == 0) {
    return Fault::none;
  }
  if (times_seen_.size() >= kMaxFaultBodies && !times_seen_.contains(body_hash)) {
    return Fault::none;
  }
  const std::uint64_t times = times_seen_[body_hash]++;
  if (times < rates_.fail_first) {
    return Fault::first_failures;
  }
  const double luck = unit_interval(mix(mix(seed_, body_hash), times));
  const std::array<std::pair<double, Fault>, 6> chances = {{
      {rates_.rate_limited, Fault::rate_limited},
      {rates_.server_error, Fault::server_error},
      {rates_.closed, Fault::closed},
      {rates_.truncated, Fault::truncated},
      {rates_.hung, Fault::hung},
      {rates_.malformed, Fault::malformed},
  }};
  double passed = 0;
  for (const auto& [rate, fault] : chances) {
    passed += rate;
    if (luck < passed) {
      return fault;
    }
  }
  return Fault::none;
}

}  // namespace fd::simulator
