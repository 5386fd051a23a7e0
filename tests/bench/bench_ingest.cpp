// Measures ingest (parse, canonicalize, hash, dedup, shard), or the printing of ids alone, on one
// thread, over rows made up here.
//   fd_bench_ingest [--workload ingest|ids] [--rows N] [--runs N] [--row-bytes N] [--shards N]
//                   [--dir FOLDER]
// Prints one JSON object: rows a second of each run by wall and by CPU time, medians, peak memory.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "actors/storage/files.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "protocol/json/json.hpp"

namespace {

constexpr std::uint64_t kSeed = 20240711;

struct Options {
  std::string workload = "ingest";
  std::uint64_t rows = 200000;
  std::uint64_t runs = 5;
  std::uint64_t row_bytes = 1024;
  std::uint64_t shards = 0;
  std::string directory = std::filesystem::temp_directory_path().string();
};

/// Stops the benchmark: there is nothing to measure after an error.
void require(const fd::Result<void>& done) {
  if (!done.ok()) {
    std::fprintf(stderr, "fd_bench_ingest: %s\n", done.error().message.c_str());
    std::exit(1);
  }
}

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::uint64_t*> numbers = {{"--rows", &options.rows},
                                                         {"--runs", &options.runs},
                                                         {"--row-bytes", &options.row_bytes},
                                                         {"--shards", &options.shards}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (const auto found = numbers.find(name); found != numbers.end()) {
      *found->second = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--dir") {
      options.directory = argv[i + 1];
    } else if (name == "--workload") {
      options.workload = argv[i + 1];
    } else {
      require(fd::Error{fd::Errc::invalid_input, "unknown option " + name});
    }
  }
  if (options.workload != "ingest" && options.workload != "ids") {
    require(fd::Error{fd::Errc::invalid_input, "--workload is ingest or ids"});
  }
  if (argc % 2 == 0 || options.rows == 0 || options.runs == 0) {
    require(fd::Error{fd::Errc::invalid_input, "options come in pairs, counts are at least 1"});
  }
  return options;
}

/// Returns words up to `bytes`, with the escapes and the non-ASCII that real rows have.
std::string words(std::mt19937_64& random, std::size_t bytes) {
  static constexpr const char* kWords[] = {"select", "table",  "city",   "\u00e9tat", "name",
                                           "of the", "\"id\"", "(a, b)", "\n",        "river"};
  std::string text;
  while (text.size() < bytes) {
    text += kWords[random() % std::size(kWords)];
    text += ' ';
    text += std::to_string(random() % 100000);
    text += ' ';
  }
  return text;
}

/// Writes the rows, of which about 1 % repeat an earlier one. Returns the bytes written.
std::uint64_t write_rows(const Options& options, const std::string& path) {
  std::mt19937_64 random(kSeed);
  auto file = fd::AtomicFile::create(path);
  require(file.ok() ? fd::Result<void>() : fd::Result<void>(file.error()));
  std::vector<std::string> earlier;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < options.rows; ++i) {
    std::string line;
    if (i > 0 && random() % 100 == 0) {
      line = earlier[random() % earlier.size()];
    } else {
      fd::json::Object row;
      row["task_id"] = "row-" + std::to_string(i);
      row["db_path"] = "bench.sqlite";
      row["instruction"] = words(random, 120);
      row["gold_sql"] = "SELECT name FROM city WHERE id = " + std::to_string(i);
      constexpr std::uint64_t kOtherBytes = 330;
      row["schema"] =
          words(random, options.row_bytes > kOtherBytes ? options.row_bytes - kOtherBytes : 1);
      line = fd::json::canonical(fd::json::Value(std::move(row))) + "\n";
      constexpr std::size_t kEarlier = 1000;
      earlier.size() < kEarlier ? earlier.push_back(line)
                                : void(earlier[random() % kEarlier] = line);
    }
    bytes += line.size();
    require(file->write(line));
  }
  const auto entry = file->commit();
  require(entry.ok() ? fd::Result<void>() : fd::Result<void>(entry.error()));
  return bytes;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

fd::json::Value list(const std::vector<double>& values) {
  fd::json::Array array;
  for (const double value : values) {
    array.emplace_back(static_cast<double>(static_cast<std::int64_t>(value)));
  }
  return array;
}

fd::IngestSummary ingest(const fd::RunConfig& config, const std::string& root,
                         const std::string& directory) {
  fd::IngestOptions options;
  options.inputs = {{root + "/rows.jsonl"}};
  options.config = &config;
  options.directory = directory;
  options.run_id = [](const std::vector<fd::InputFile>&) { return std::string("bench"); };
  auto done = fd::ingest(options);
  require(done.ok() ? fd::Result<void>() : fd::Result<void>(done.error()));
  return *done;
}

void print_ids(const fd::RunConfig& config, const std::string& path) {
  std::uint64_t bytes = 0;
  require(fd::print_ids(config, {{path}}, [&bytes](std::string_view line) {
    bytes += line.size();
    return fd::Result<void>();
  }));
  require(bytes > 0 ? fd::Result<void>()
                    : fd::Result<void>(fd::Error{fd::Errc::invalid_input, "no id was printed"}));
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::string root = options.directory + "/fd_bench_ingest-" + std::to_string(::getpid());
  require(fd::make_directories(root));
  // One page of 512 bytes: a database without tables.
  std::string database("SQLite format 3\0\2\0\1\1\0\x40\x20\x20\0\0\0\1\0\0\0\1", 32);
  database.resize(512, '\0');
  database[95] = 1;
  database.replace(100, 8, "\x0d\0\0\0\0\2\0\0", 8);
  const auto copied = fd::write_file(root + "/bench.sqlite", database);
  require(copied.ok() ? fd::Result<void>() : fd::Result<void>(copied.error()));
  const std::uint64_t bytes = write_rows(options, root + "/rows.jsonl");

  fd::RunConfig config;
  config.task = "bench";
  config.contract.fields = {"schema", "instruction"};
  config.sharding.shards = static_cast<std::uint32_t>(options.shards);
  std::vector<double> by_wall;
  std::vector<double> by_cpu;
  fd::IngestSummary summary;
  for (std::uint64_t run = 0; run < options.runs; ++run) {
    // Removed only at the end: some file systems create files slowly just after many were removed.
    const std::string directory = root + "/out-" + std::to_string(run);
    require(fd::make_directories(directory));
    const double cpu = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    if (options.workload == "ids") {
      print_ids(config, root + "/rows.jsonl");
    } else {
      summary = ingest(config, root, directory);
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    by_cpu.push_back(static_cast<double>(options.rows) / (cpu_seconds() - cpu));
    by_wall.push_back(static_cast<double>(options.rows) / wall.count());
  }
  require(fd::remove_tree(root));

  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fd::json::Object out;
  out["workload"] = options.workload;
  out["rows"] = options.rows;
  out["bytes_per_row"] = bytes / options.rows;
  out["duplicate"] = summary.duplicate;
  out["shards"] = static_cast<std::uint64_t>(summary.shards);
  out["rows_per_s"] = list(by_wall);
  out["rows_per_cpu_s"] = list(by_cpu);
  out["median_rows_per_s"] = static_cast<std::uint64_t>(median(by_wall));
  out["median_rows_per_cpu_s"] = static_cast<std::uint64_t>(median(by_cpu));
  out["max_rss_kib"] = static_cast<std::uint64_t>(usage.ru_maxrss);
  std::printf("%s\n", fd::json::pretty(fd::json::Value(std::move(out))).c_str());
  return 0;
}
