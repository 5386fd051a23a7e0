#include "tests/sim/provider_calls.hpp"

#include <algorithm>

namespace fd::sim {

std::vector<Provider> providers(const Plan& plan) {
  const std::uint32_t second = std::max(plan.slots / 3, 1u);
  return {{"p", std::max(plan.slots, 2u) - second}, {"q", second}};
}

std::uint64_t ProviderCalls::begin(Time now, std::uint32_t worker, std::uint64_t incarnation,
                                   std::size_t provider) {
  Caller& caller = callers_.try_emplace(incarnation, Caller{worker}).first->second;
  calls_[++last_] = {incarnation, provider, caller.apart};
  const auto in_flight =
      static_cast<std::uint32_t>(std::ranges::count_if(calls_, [&](const auto& entry) {
        return entry.second.provider == provider && !entry.second.apart;
      }));
  if (!forgotten_ && in_flight > allowed_.at(provider).calls) {
    oracle_.fail(now, std::to_string(in_flight) + " calls are in flight at provider " +
                          allowed_.at(provider).name + ", which allows " +
                          std::to_string(allowed_.at(provider).calls));
  }
  return last_;
}

void ProviderCalls::died(std::uint64_t incarnation) {
  std::erase_if(calls_, [&](const auto& entry) { return entry.second.incarnation == incarnation; });
}

void ProviderCalls::give_up(
    const std::function<bool(std::uint32_t worker, std::uint64_t incarnation)>& counts) {
  for (auto& [incarnation, caller] : callers_) {
    caller.apart = !counts(caller.worker, incarnation);
  }
  for (auto& [number, call] : calls_) {
    call.apart = call.apart || callers_.at(call.incarnation).apart;
  }
}

}  // namespace fd::sim
