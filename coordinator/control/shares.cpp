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

std::uint32_t most_at(const Demand& demand, std::size_t provider) {
  return demand.most.empty() ? UINT32_MAX : demand.most[provider];
}

/// Returns whether the worker is to have calls there as it has use for them.
bool is_open(const Demand& demand, std::size_t provider) {
  return !is_out(demand, provider) && most_at(demand, provider) > 0;
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

/// Gives each worker the calls that no other provider will do for, one at least. Takes them off its
/// part.
std::vector<CallsByProvider> lay_out_wanted(const CallsByProvider& limits,
                                            std::span<const Demand> demands,
                                            std::vector<std::uint32_t>& left) {
  std::vector<CallsByProvider> goals(left.size(), CallsByProvider(limits.size()));
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    std::vector<std::uint64_t> wants;
    for (std::size_t worker = 0; worker < left.size(); ++worker) {
      wants.push_back(std::min(at(demands[worker].wanted, provider), std::max(left[worker], 1u)));
    }
    const std::vector<std::uint32_t> parts = divide(limits[provider], wants);
    for (std::size_t worker = 0; worker < left.size(); ++worker) {
      goals[worker][provider] = parts[worker];
      left[worker] -= std::min(left[worker], parts[worker]);
    }
  }
  return goals;
}

/// Lays each worker's part out over the providers that are open to it, in proportion to what they
/// allow, after the calls that no other will do for. Each of those that are out gets a call as
/// well, where it has room.
std::vector<CallsByProvider> lay_out(const CallsByProvider& limits, std::span<const Demand> demands,
                                     std::vector<std::uint32_t> left) {
  std::vector<CallsByProvider> goals = lay_out_wanted(limits, demands, left);
  std::vector<std::uint64_t> limits_left(left.size());
  for (std::size_t worker = 0; worker < left.size(); ++worker) {
    for (std::size_t provider = 0; provider < limits.size(); ++provider) {
      limits_left[worker] += is_open(demands[worker], provider) ? limits[provider] : 0;
    }
  }
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    const std::uint32_t limit = limits[provider];
    std::uint32_t free = limit;
    for (const CallsByProvider& goal : goals) {
      free -= goal[provider];
    }
    for (std::size_t worker = 0; worker < left.size(); ++worker) {
      if (limits_left[worker] == 0 || !is_open(demands[worker], provider)) {
        continue;
      }
      const std::uint64_t part =
          (std::uint64_t{left[worker]} * limit + limits_left[worker] - 1) / limits_left[worker];
      std::uint32_t& goal = goals[worker][provider];
      const std::uint32_t most = most_at(demands[worker], provider);
      const auto calls = static_cast<std::uint32_t>(
          std::min<std::uint64_t>({part, free, most - std::min(most, goal)}));
      goal += calls;
      free -= calls;
      left[worker] -= calls;
      limits_left[worker] -= limit;
    }
    for (std::size_t worker = 0; worker < left.size() && free > 0; ++worker) {
      std::uint32_t& goal = goals[worker][provider];
      const bool probes =
          is_out(demands[worker], provider) && most_at(demands[worker], provider) > 0;
      if (probes && demands[worker].calls > 0 && goal == 0) {
        goal = 1;
        --free;
      }
    }
  }
  return goals;
}

std::uint64_t sum(const CallsByProvider& calls) {
  return std::accumulate(calls.begin(), calls.end(), std::uint64_t{0});
}

/// Divides what is left of each provider over the workers that could have more calls, and may have
/// them there: the parts of others that have no use for it.
void top_up(const CallsByProvider& limits, std::span<const Demand> demands,
            std::vector<CallsByProvider>& goals) {
  for (std::size_t provider = 0; provider < limits.size(); ++provider) {
    std::uint64_t given = 0;
    std::vector<std::uint64_t> wants;
    for (std::size_t worker = 0; worker < demands.size(); ++worker) {
      const Demand& demand = demands[worker];
      const CallsByProvider& goal = goals[worker];
      const std::uint64_t wanted = std::min<std::uint64_t>(demand.calls, demand.cap);
      const std::uint64_t more = wanted - std::min(wanted, sum(goal));
      const std::uint32_t most = most_at(demand, provider);
      given += goal[provider];
      wants.push_back(is_open(demand, provider)
                          ? std::min<std::uint64_t>(more, most - std::min(most, goal[provider]))
                          : 0);
    }
    const auto free = static_cast<std::uint32_t>(limits[provider] - given);
    const std::vector<std::uint32_t> parts = divide(free, wants);
    for (std::size_t worker = 0; worker < demands.size(); ++worker) {
      goals[worker][provider] += parts[worker];
    }
  }
}

/// Returns what each worker is to have in the end.
std::vector<CallsByProvider> goals_of(const CallsByProvider& limits,
                                      std::span<const Demand> demands, std::size_t absent) {
  std::vector<CallsByProvider> goals =
      lay_out(limits, demands, totals(sum(limits), demands, absent));
  if (absent == 0) {
    top_up(limits, demands, goals);
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
  const std::vector<CallsByProvider> goals = goals_of(limits, demands, absent);
  SharedOut shared;
  shared.calls.resize(demands.size());
  std::vector<bool> starves(limits.size());  // a worker is to have calls there, and has none
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
      starves[provider] = starves[provider] || (goal > 0 && shared.calls[worker].back() == 0);
    }
  }
  for (std::size_t worker = 0; worker < demands.size(); ++worker) {
    for (std::size_t provider = 0; provider < limits.size(); ++provider) {
      std::uint32_t& calls = shared.calls[worker][provider];
      const std::uint32_t told = at(demands[worker].told, provider);
      const std::uint32_t slack = starves[provider] ? 0 : goals[worker][provider] / kSlackPart;
      // What was told is within what is taken, so to say it again adds nothing.
      if (demands[worker].calls > 0 && calls < told && is_open(demands[worker], provider) &&
          (told - calls <= slack || !shared.lacking)) {
        calls = told;
      }
    }
  }
  return shared;
}

}  // namespace fd
