#include "coordinator/control/shares.hpp"

#include <algorithm>
#include <numeric>

namespace fd {
namespace {

/// Less of what a worker was told is left with it, while it is at most this part of its goal.
constexpr std::uint32_t kSlackPart = 16;

std::uint32_t at(const CallsByProvider& calls, std::size_t provider) {
  return provider < calls.size() ? calls[provider] : 0;
}

bool is_out(const Demand& demand, std::size_t provider) {
  return provider < demand.out.size() && demand.out[provider];
}

bool is_wanted(const Demand& demand, std::size_t provider) {
  return provider < demand.wanted.size() && demand.wanted[provider];
}

/// Returns each worker's part of all that the providers allow.
std::vector<std::uint32_t> totals(std::uint64_t limit, std::span<const Demand> demands,
                                  std::size_t absent) {
  std::vector<std::uint64_t> wants;
  for (const Demand& demand : demands) {
    wants.push_back(std::min<std::uint64_t>(demand.calls, demand.cap));
  }
  const auto capacity = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, UINT32_MAX));
  return divide(capacity, wants, absent);
}

/// Gives each worker a call at the providers that it waits for. Takes them off its part.
std::vector<CallsByProvider> lay_out_wanted(const CallsByProvider& limits,
                                            std::span<const Demand> demands,
                                            std::vector<std::uint32_t>& left) {
  std::vector<CallsByProvider> goals(left.size(), CallsByProvider(limits.size()));
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    std::uint32_t free = limits[provider];
    for (std::size_t worker = 0; worker < left.size() && free > 0; ++worker) {
      if (is_wanted(demands[worker], provider)) {
        goals[worker][provider] = 1;
        left[worker] -= std::min(left[worker], 1u);
        --free;
      }
    }
  }
  return goals;
}

/// Lays each worker's part out over the providers that are not out there, in proportion to what
/// they allow, after a call at each that it waits for. Each of those that are out gets a call as
/// well, where it has room.
std::vector<CallsByProvider> lay_out(const CallsByProvider& limits, std::span<const Demand> demands,
                                     std::vector<std::uint32_t> left) {
  std::vector<CallsByProvider> goals = lay_out_wanted(limits, demands, left);
  std::vector<std::uint64_t> limits_left(left.size());
  for (std::size_t worker = 0; worker < left.size(); ++worker) {
    for (std::size_t provider = 0; provider < limits.size(); ++provider) {
      limits_left[worker] += is_out(demands[worker], provider) ? 0 : limits[provider];
    }
  }
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    const std::uint32_t limit = limits[provider];
    std::uint32_t free = limit;
    for (const CallsByProvider& goal : goals) {
      free -= goal[provider];
    }
    for (std::size_t worker = 0; worker < left.size(); ++worker) {
      if (limits_left[worker] == 0 || is_out(demands[worker], provider)) {
        continue;
      }
      const std::uint64_t part =
          (std::uint64_t{left[worker]} * limit + limits_left[worker] - 1) / limits_left[worker];
      std::uint32_t& goal = goals[worker][provider];
      const std::uint32_t most =
          demands[worker].most.empty() ? UINT32_MAX : demands[worker].most[provider];
      const auto calls = static_cast<std::uint32_t>(
          std::min<std::uint64_t>({part, free, most - std::min(most, goal)}));
      goal += calls;
      free -= calls;
      left[worker] -= calls;
      limits_left[worker] -= limit;
    }
    for (std::size_t worker = 0; worker < left.size() && free > 0; ++worker) {
      std::uint32_t& goal = goals[worker][provider];
      if (is_out(demands[worker], provider) && demands[worker].calls > 0 && goal == 0) {
        goal = 1;
        --free;
      }
    }
  }
  return goals;
}

}  // namespace

std::vector<std::uint32_t> divide(std::uint32_t capacity, std::span<const std::uint64_t> wants,
                                  std::size_t absent) {
  std::vector<std::size_t> order(wants.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t index) {
    return std::min<std::uint64_t>(wants[index], capacity);
  });
  std::vector<std::uint32_t> parts(wants.size());
  std::size_t heads = wants.size() + absent;
  for (const std::size_t index : order) {
    const std::uint64_t even = (capacity + heads - 1) / heads;
    parts[index] = static_cast<std::uint32_t>(std::min(wants[index], even));
    capacity -= parts[index];
    --heads;
  }
  return parts;
}

SharedOut share_out(const CallsByProvider& limits, const CallsByProvider& untold,
                    std::span<const Demand> demands, std::size_t absent) {
  const std::uint64_t limit = std::accumulate(limits.begin(), limits.end(), std::uint64_t{0});
  const std::vector<CallsByProvider> goals =
      lay_out(limits, demands, totals(limit, demands, absent));
  SharedOut shared;
  shared.calls.resize(demands.size());
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    std::uint64_t taken = at(untold, provider);
    std::vector<std::uint64_t> growth;
    for (std::size_t worker = 0; worker < demands.size(); ++worker) {
      const std::uint32_t has = at(demands[worker].has, provider);
      const std::uint32_t goal = goals[worker][provider];
      taken += at(demands[worker].taken, provider);
      growth.push_back(goal > has ? goal - has : 0);
    }
    const auto free = static_cast<std::uint32_t>(limits[provider] -
                                                 std::min<std::uint64_t>(taken, limits[provider]));
    const std::vector<std::uint32_t> more = divide(free, growth);
    for (std::size_t worker = 0; worker < demands.size(); ++worker) {
      const std::uint32_t goal = goals[worker][provider];
      const std::uint32_t has = at(demands[worker].has, provider);
      shared.calls[worker].push_back(std::min(goal, has) + more[worker]);
      shared.lacking = shared.lacking || more[worker] < growth[worker];
    }
  }
  for (std::size_t worker = 0; worker < demands.size(); ++worker) {
    for (std::size_t provider = 0; provider < limits.size(); ++provider) {
      std::uint32_t& calls = shared.calls[worker][provider];
      const std::uint32_t told = at(demands[worker].told, provider);
      const std::uint32_t slack = goals[worker][provider] / kSlackPart;
      // What was told is within what is taken, so to say it again adds nothing.
      if (demands[worker].calls > 0 && calls < told && !is_out(demands[worker], provider) &&
          (told - calls <= slack || !shared.lacking)) {
        calls = told;
      }
    }
  }
  return shared;
}

}  // namespace fd
