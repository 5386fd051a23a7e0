// fd_sim: one world of the simulation, or many.
//
// --campaign C3 --seed 4086 [--trace]    one world: its trace, the trace's hash, the verdict
// --campaign all --seeds 10000           the batch, of one campaign or all
// --mutants 10000                        for each mutant, where it is noticed first
// ... --mutant NAME                      with that mistake switched on
//
// Exit code 0: every promise was kept. 1: one was broken. 2: the command line.

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/sim/batch.hpp"
#include "tests/sim/mutants.hpp"

namespace fd::sim {
namespace {

struct Options {
  std::string campaign = "all";
  std::uint64_t seed = 0;
  std::uint64_t seeds = 0;
  std::uint64_t first = 1;
  std::uint64_t mutant_seeds = 0;
  std::string mutant;
  bool trace = false;
};

bool parse_number(const char* text, std::uint64_t& out) {
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, out);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (i + 1 == argc) {
      return false;
    }
    const char* value = argv[++i];
    const bool ok = name == "--campaign"  ? (options.campaign = value, true)
                    : name == "--seed"    ? parse_number(value, options.seed)
                    : name == "--seeds"   ? parse_number(value, options.seeds)
                    : name == "--first"   ? parse_number(value, options.first)
                    : name == "--mutants" ? parse_number(value, options.mutant_seeds)
                    : name == "--mutant"  ? (options.mutant = value, true)
                                          : false;
    if (!ok) {
      return false;
    }
  }
  if (options.mutant_seeds > 0) {
    return options.seed == 0 && options.seeds == 0;
  }
  return (options.seed > 0) != (options.seeds > 0) &&
         (options.campaign == "all" ? options.seeds > 0
                                    : find_campaign(options.campaign) != nullptr);
}

int run_one(const Campaign& campaign, std::uint64_t seed, bool trace) {
  guard(campaign, seed);
  const Verdict verdict = run_campaign_world(campaign, seed, trace);
  std::printf(
      "campaign %s seed %llu: trace %016llx, %llu events, %lld ms, %llu requests, "
      "%llu repeated\n%s\n",
      std::string(campaign.name).c_str(), static_cast<unsigned long long>(seed),
      static_cast<unsigned long long>(verdict.trace),
      static_cast<unsigned long long>(verdict.events),
      static_cast<long long>(verdict.finished_at / kMillisecond),
      static_cast<unsigned long long>(verdict.requests),
      static_cast<unsigned long long>(verdict.extra),
      verdict.failure ? ("BROKEN " + *verdict.failure).c_str() : "every promise kept");
  return verdict.failure ? 1 : 0;
}

int run_mutants(std::uint64_t seeds) {
  bool noticed = true;
  for (const Mutant& mutant : mutants()) {
    const std::optional<Kill> kill = hunt(mutant, seeds);
    noticed = noticed && kill;
    std::printf("%-30s %-4s %6llu  %s\n", std::string(mutant.name).c_str(),
                kill ? kill->campaign.c_str() : "-",
                static_cast<unsigned long long>(kill ? kill->seed : 0),
                kill ? kill->how.c_str() : "NOT NOTICED");
    std::fflush(stdout);
  }
  return noticed ? 0 : 1;
}

int main_of(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(
        "usage: fd_sim --campaign NAME --seed N [--trace]\n"
        "       fd_sim --campaign NAME|all --seeds COUNT [--first N]\n"
        "       fd_sim --mutants COUNT\n"
        "       ... --mutant NAME\n",
        stderr);
    for (const Campaign& campaign : campaigns()) {
      std::fprintf(stderr, "  %-4s %s\n", std::string(campaign.name).c_str(),
                   std::string(campaign.about).c_str());
    }
    return 2;
  }
  if (options.mutant_seeds > 0) {
    return run_mutants(options.mutant_seeds);
  }
  switch_mutant(options.mutant);
  if (options.seed > 0) {
    return run_one(*find_campaign(options.campaign), options.seed, options.trace);
  }
  bool kept = true;
  for (const Campaign& campaign : campaigns()) {
    if (options.campaign == "all" || options.campaign == campaign.name) {
      const Batch batch = run_batch(campaign, options.first, options.seeds);
      std::fputs(batch.report().c_str(), stdout);
      std::fflush(stdout);
      kept = kept && batch.failures.empty();
    }
  }
  return kept ? 0 : 1;
}

}  // namespace
}  // namespace fd::sim

int main(int argc, char** argv) {
  return fd::sim::main_of(argc, argv);
}
