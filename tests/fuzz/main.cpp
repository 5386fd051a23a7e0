// Runs every target with inputs made from a seed. Input N of a target is the same on every machine,
// so a finding is a seed and a number.

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/mutate.hpp"
#include "tests/fuzz/targets.hpp"

namespace {

using fd::fuzz::Target;
using fd::sim::Random;

constexpr const char* kUsage =
    "usage: fuzz_K02_test [--inputs N] [--seed S] [--target NAME] [--only N | --file PATH]\n"
    "  N inputs (20000) for every target, or the one named; --only runs input N alone,\n"
    "  --file the bytes of a file\n";

struct Options {
  std::uint64_t inputs = 20000;
  std::uint64_t seed = 1;
  std::string target;
  std::optional<std::uint64_t> only;
  std::string file;
};

bool parse_number(const std::string& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    std::uint64_t only = 0;
    if (name == "--target" && !value.empty()) {
      options.target = value;
    } else if (name == "--file" && !value.empty()) {
      options.file = value;
    } else if (name == "--only" && parse_number(value, only)) {
      options.only = only;
    } else if (!(name == "--inputs" && parse_number(value, options.inputs)) &&
               !(name == "--seed" && parse_number(value, options.seed))) {
      return std::nullopt;
    }
  }
  if (!options.file.empty() && options.target.empty()) {
    return std::nullopt;
  }
  return options;
}

/// What a child tells about the input it is at, also when it dies.
struct Progress {
  std::uint64_t input = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  fd::fuzz::Costs costs;
  long rss_kib = 0;
};

/// Runs input `number`. One of 16 is valid, and must be accepted.
void run_input(const Target& target, std::uint64_t seed, std::uint64_t number, Progress& progress) {
  Random random(seed ^ (number * 0x9e3779b97f4a7c15u), target.name);
  const std::uint32_t way = random.below(16);
  std::string bytes;
  if (way == 1) {
    bytes = fd::fuzz::nonsense(random);
  } else if (way < 8 && way > 0 && target.broken_inside != nullptr) {
    bytes = target.broken_inside(random);
  } else {
    bytes = target.valid(random);
    if (way != 0) {
      fd::fuzz::mutate(random, bytes, target.valid(random));
    }
  }
  const bool accepted = target.run(bytes);
  if (way == 0 && !accepted) {
    std::fprintf(stderr, "fuzz: a valid input is refused\n");
    std::abort();
  }
  ++(accepted ? progress.accepted : progress.refused);
}

void run_inputs(const Target& target, const Options& options, Progress& progress) {
  const std::uint64_t begin = options.only.value_or(0);
  const std::uint64_t end = options.only ? *options.only + 1 : options.inputs;
  for (progress.input = begin; progress.input < end; ++progress.input) {
    run_input(target, options.seed, progress.input, progress);
  }
  progress.costs = fd::fuzz::highest_costs();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  progress.rss_kib = usage.ru_maxrss;
}

/// Runs a target in a process of its own; whatever ends that process, its input is known.
bool run_target(const Target& target, const Options& options, Progress& progress) {
  progress = {};
  const pid_t child = fork();
  if (child == 0) {
    run_inputs(target, options, progress);
    std::fflush(stderr);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    std::cout << target.name << ": FAILED; again: fuzz_K02_test --target " << target.name
              << " --seed " << options.seed << " --only " << progress.input << std::endl;
    return false;
  }
  // Both must happen, or the inputs are no good.
  if (!options.only && options.inputs >= 1000 &&
      (progress.accepted == 0 || progress.refused == 0)) {
    std::cout << target.name << ": FAILED; all inputs were taken, or none" << std::endl;
    return false;
  }
  std::cout << target.name << ": " << progress.accepted << " accepted, " << progress.refused
            << " refused; at most " << progress.costs.heap_bytes / 1024 << " KiB and "
            << progress.costs.allocations << " allocations an input; peak RSS "
            << progress.rss_kib / 1024 << " MiB" << std::endl;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::cerr << kUsage;
    return 2;
  }
  void* const shared =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  auto* progress = new (shared) Progress;
  bool found = false;
  bool good = true;
  for (const Target& target : fd::fuzz::targets()) {
    if (!options->target.empty() && target.name != options->target) {
      continue;
    }
    found = true;
    if (!options->file.empty()) {
      std::ifstream file(options->file, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (!file) {
        std::cerr << "cannot read " << options->file << "\n";
        return 2;
      }
      std::cout << target.name << ": " << (target.run(bytes) ? "accepted" : "refused") << std::endl;
      continue;
    }
    good = run_target(target, *options, *progress) && good;
  }
  if (!found) {
    std::cerr << "no target '" << options->target << "'\n" << kUsage;
    return 2;
  }
  return good ? 0 : 1;
}
