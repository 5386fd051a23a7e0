// Measures how long statements run that do as much in a step as they can: tests/actors/sandbox/
// attacks.cpp has the list.
//   fd_bench_sandbox [--divide N] [--only PART_OF_A_NAME] [--memory-mb N]
// Each runs with the default limits and 1/N of the default steps (500 unless told). Prints for each
// its CPU time times N, its status and the peak memory of the process, the slowest last, and exits
// with 1 when one of them takes longer than a minute.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "tests/actors/sandbox/attacks.hpp"
#include "tests/actors/sandbox/test_database.hpp"

namespace {

constexpr double kSecondsMax = 60;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss >> 10;
}

struct Measured {
  double seconds = 0;
  std::string line;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t divide = 500;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--divide") {
      divide = std::max(1ull, std::strtoull(argv[i + 1], nullptr, 10));
    } else if (std::string(argv[i]) == "--only") {
      only = argv[i + 1];
    }
  }
  const fd::TestDatabase database(fd::kCostlyScript);
  const auto sandbox = fd::open_sqlite_sandbox(database.path());
  if (!sandbox.ok()) {
    std::fprintf(stderr, "%s\n", sandbox.error().message.c_str());
    return 1;
  }
  fd::SqlLimits limits;
  limits.max_steps /= divide;
  std::vector<Measured> all;
  for (const fd::CostlyStatement& statement : fd::costly_statements()) {
    if (statement.name.find(only) == std::string::npos) {
      continue;
    }
    const double begun = cpu_seconds();
    const auto result = (*sandbox)->run(statement.sql, limits, {});
    const double seconds = (cpu_seconds() - begun) * static_cast<double>(divide);
    const std::string status = result.ok()
                                   ? std::string(name(result->status)) + " " + result->error_class
                                   : result.error().message;
    char line[200];
    std::snprintf(line, sizeof line, "%9.1f s  %6ld MiB  %-32s %s", seconds, peak_mib(),
                  statement.name.c_str(), status.c_str());
    all.push_back({seconds, line});
  }
  std::ranges::sort(all, {}, &Measured::seconds);
  for (const Measured& one : all) {
    std::puts(one.line.c_str());
  }
  return all.empty() || all.back().seconds > kSecondsMax ? 1 : 0;
}
