#include "tests/sim/batch.hpp"

#include <algorithm>
#include <cstdio>

namespace fd::sim {
namespace {

constexpr std::size_t kFailuresShown = 5;

const Campaign* running_campaign = nullptr;
std::uint64_t running_seed = 0;

std::string command(const Campaign& campaign, std::uint64_t seed) {
  return "fd_sim --campaign " + std::string(campaign.name) + " --seed " + std::to_string(seed) +
         " --trace";
}

}  // namespace

void guard(const Campaign& campaign, std::uint64_t seed) {
  running_campaign = &campaign;
  running_seed = seed;
}

Verdict run_campaign_world(const Campaign& campaign, std::uint64_t seed, bool print) {
  const Plan plan = plan_for(campaign, seed);
  Verdict verdict = World(plan, print).run();
  const bool offsets_only =
      campaign.name == "C8" &&
      std::all_of(plan.clocks.begin(), plan.clocks.end(),
                  [](const ClockPlan& clock) { return clock.drift_ppm == 0; });
  if (offsets_only && !verdict.failure) {
    Plan plain = plan;
    std::fill(plain.clocks.begin(), plain.clocks.end(), ClockPlan{});
    if (World(plain, false).run().trace != verdict.trace) {
      verdict.failure = "clocks that are only offset change what happens";
    }
  }
  return verdict;
}

Batch run_batch(const Campaign& campaign, std::uint64_t first, std::uint64_t count) {
  Batch batch;
  batch.campaign = &campaign;
  batch.first = first;
  batch.count = count;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    guard(campaign, seed);
    Verdict verdict = run_campaign_world(campaign, seed);
    batch.requests += verdict.requests;
    batch.extra += verdict.extra;
    batch.events += verdict.events;
    batch.peers.add(verdict.peers);
    if (verdict.failure) {
      ++batch.failed;
      if (batch.failures.size() < kFailuresShown) {
        batch.failures.emplace_back(seed, std::move(*verdict.failure));
      }
    }
  }
  return batch;
}

std::string Batch::report() const {
  char line[200];
  std::snprintf(line, sizeof line,
                "%-4s %llu seeds from %llu, %llu failed, %llu events each, %llu requests, %llu "
                "repeated\n",
                std::string(campaign->name).c_str(), static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(first), static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(count == 0 ? 0 : events / count),
                static_cast<unsigned long long>(requests), static_cast<unsigned long long>(extra));
  std::string text = line + (peers.asked > 0 ? peers.report() : "");
  for (const auto& [seed, what] : failures) {
    text +=
        "  seed " + std::to_string(seed) + ": " + what + "\n    " + command(*campaign, seed) + "\n";
  }
  return text;
}

}  // namespace fd::sim

// fail_check() of a core ends the process by _Exit; the linker sends that here (--wrap), so that
// the seed is not lost.
extern "C" [[noreturn]] void __real__Exit(int code);  // NOLINT: the linker's name
extern "C" [[noreturn]] void __wrap__Exit(int code);  // NOLINT: the linker's name
void __wrap__Exit(int code) {                         // NOLINT: the linker's name
  if (fd::sim::running_campaign != nullptr) {
    std::fprintf(stderr, "a check of the product failed: %s\n",
                 fd::sim::command(*fd::sim::running_campaign, fd::sim::running_seed).c_str());
    std::fflush(nullptr);
  }
  __real__Exit(code);
}
