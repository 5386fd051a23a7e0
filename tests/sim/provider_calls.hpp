#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "tests/sim/plan.hpp"
#include "tests/sim/trace.hpp"

namespace fd::sim {

/// The providers of a world: their names, and how many calls each allows over all workers.
struct Provider {
  const char* name;
  std::uint32_t calls;
};
std::vector<Provider> providers(const Plan& plan);

/// What is in flight at the providers. In every campaign, whenever an attempt leaves, the calls at
/// its provider are at most what that allows, over all workers. Calls of a process that the
/// coordinator gave up, which it may have made until its lease ended, are counted apart. Once a run
/// directory was replaced nobody knows what the workers go by, and nothing is checked.
class ProviderCalls {
 public:
  ProviderCalls(const Plan& plan, Oracle& oracle) : allowed_(providers(plan)), oracle_(oracle) {}

  /// An attempt leaves. Returns its number.
  std::uint64_t begin(Time now, std::uint32_t worker, std::uint64_t incarnation,
                      std::size_t provider);
  void end(std::uint64_t number) { calls_.erase(number); }
  /// A process ended, and its connections with it.
  void died(std::uint64_t incarnation);
  /// The coordinator counts on no call of the processes that `counts` does not hold for, nor on
  /// those that they begin before it hears of them again.
  void give_up(const std::function<bool(std::uint32_t worker, std::uint64_t incarnation)>& counts);

  /// Nothing is checked any more: what the workers were told is forgotten.
  void forget() { forgotten_ = true; }

 private:
  struct Call {
    std::uint64_t incarnation = 0;
    std::size_t provider = 0;
    bool apart = false;
  };
  std::vector<Provider> allowed_;
  Oracle& oracle_;
  std::map<std::uint64_t, Call> calls_;
  struct Caller {
    std::uint32_t worker = 0;
    bool apart = false;
  };
  std::map<std::uint64_t, Caller> callers_;  ///< by incarnation
  std::uint64_t last_ = 0;
  bool forgotten_ = false;
};

}  // namespace fd::sim
