// Measures the ledger: committed outcomes a second through the real Ledger and its thread, on the
// disk that --dir is on. A sample is two records, as in a run: its answer (about 1 KiB) and, a
// little later, its outcome (about 600 bytes).
//   fd_bench_ledger [--records N] [--runs N] [--shards N] [--batch N] [--outstanding N]
//                   [--gather-us N] [--dir FOLDER]
// --records counts samples; --shards are worked on at once; --batch records come in one append, as
// in one message of a worker; at most --outstanding records wait for their commit. Prints one JSON
// object: rates by wall time until the last commit, CPU of the whole process from opening to
// closing, medians over the runs.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "actors/storage/files.hpp"
#include "coordinator/ledger/ledger.hpp"
#include "protocol/json/json.hpp"

namespace {

constexpr std::uint64_t kSeed = 20240711;
constexpr std::size_t kAnswerTextBytes = 780;
constexpr std::size_t kOutcomeTextBytes = 250;

struct Options {
  std::uint64_t records = 100000;
  std::uint64_t runs = 5;
  std::uint64_t shards = 8;
  std::uint64_t batch = 32;
  std::uint64_t outstanding = 4096;
  std::uint64_t gather_us = 10000;
  std::string directory = std::filesystem::temp_directory_path().string();
};

struct Run {
  double wall_s = 0;   ///< from the first append to the last commit
  double cpu_s = 0;    ///< from opening to closing
  double close_s = 0;  ///< what is left to move when the run ends
  std::uint64_t rows = 0;
  std::uint64_t commits = 0;
  std::uint64_t file_bytes = 0;
};

/// Stops the benchmark: there is nothing to measure after an error.
void require(const fd::Result<void>& done) {
  if (!done.ok()) {
    std::fprintf(stderr, "fd_bench_ledger: %s\n", done.error().message.c_str());
    std::exit(1);
  }
}

Options parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, std::uint64_t*> numbers = {
      {"--records", &options.records},     {"--runs", &options.runs},
      {"--shards", &options.shards},       {"--batch", &options.batch},
      {"--gather-us", &options.gather_us}, {"--outstanding", &options.outstanding}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (const auto found = numbers.find(name); found != numbers.end()) {
      *found->second = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--dir") {
      options.directory = argv[i + 1];
    } else {
      require(fd::Error{fd::Errc::invalid_input, "unknown option " + name});
    }
  }
  if (argc % 2 == 0 || options.records == 0 || options.runs == 0 || options.shards == 0 ||
      options.batch == 0 || options.outstanding < options.batch) {
    require(fd::Error{fd::Errc::invalid_input,
                      "options come in pairs, counts are at least 1, outstanding at least batch"});
  }
  return options;
}

fd::Digest digest(std::mt19937_64& random) {
  fd::Digest made;
  for (auto& byte : made.bytes) {
    byte = static_cast<std::uint8_t>(random());
  }
  return made;
}

std::string text(std::mt19937_64& random, std::size_t bytes) {
  std::string made;
  while (made.size() < bytes) {
    made += "SELECT name, " + std::to_string(random() % 100000) + " FROM city WHERE ";
  }
  made.resize(bytes);
  return made;
}

fd::Record answer(std::mt19937_64& random, std::uint32_t shard) {
  fd::Record record;
  record.shard = shard;
  record.fence = shard + 1;
  record.answer.emplace();
  record.answer->sample_id = digest(random);
  record.answer->call_key = digest(random);
  record.answer->model = "teacher-large-2024";
  record.answer->text = text(random, kAnswerTextBytes);
  record.answer->finish_reason = "stop";
  record.call.emplace();
  record.call->sample_id = record.answer->sample_id;
  record.call->call_key = record.answer->call_key;
  record.call->endpoint = "teacher";
  record.call->attempts = 1;
  record.call->http_status = 200;
  record.call->prompt_tokens = 612;
  record.call->completion_tokens = 203;
  record.call->queue_us = random() % 1000000;
  record.call->service_us = random() % 1000000;
  return record;
}

fd::Record outcome(std::mt19937_64& random, const fd::Record& answered) {
  fd::Record record;
  record.shard = answered.shard;
  record.fence = answered.fence;
  record.outcome.emplace();
  record.outcome->sample_id = answered.answer->sample_id;
  record.outcome->verdict = fd::Verdict::kept;
  record.outcome->reason = fd::Reason::none;
  record.outcome->chosen = 0;
  fd::Candidate candidate;
  candidate.call_key = answered.answer->call_key;
  candidate.text = text(random, kOutcomeTextBytes);
  candidate.clean_rule = "fenced";
  candidate.exec = fd::ExecStatus::ok;
  candidate.signature = digest(random).hex();
  candidate.gold_match = true;
  candidate.score = 1.0;
  record.outcome->candidates.push_back(std::move(candidate));
  for (const fd::StageId stage : fd::all_stages()) {
    record.outcome->times.push_back({stage, random() % 1000000, random() % 1000000});
  }
  return record;
}

/// Returns what is appended, in order: made beforehand, so that making it is not measured.
std::vector<std::vector<fd::LedgerEvent>> make_batches(const Options& options) {
  std::mt19937_64 random(kSeed);
  std::vector<std::vector<fd::LedgerEvent>> batches;
  std::vector<fd::LedgerEvent> batch;
  const auto add = [&](fd::Record record) {
    batch.emplace_back(std::move(record));
    if (batch.size() == options.batch) {
      batches.push_back(std::move(batch));
      batch.clear();
    }
  };
  // A worker sends one shard's answers, then their outcomes; the shards take turns.
  const std::uint64_t together = std::max<std::uint64_t>(1, options.batch / 2);
  std::vector<fd::Record> answered;
  for (std::uint64_t at = 0; at < options.records; at += together) {
    const auto shard = static_cast<std::uint32_t>(at / together % options.shards);
    answered.clear();
    for (std::uint64_t i = 0; i < std::min(together, options.records - at); ++i) {
      answered.push_back(answer(random, shard));
      add(answered.back());
    }
    for (const fd::Record& record : answered) {
      add(outcome(random, record));
    }
  }
  if (!batch.empty()) {
    batches.push_back(std::move(batch));
  }
  return batches;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Appends everything, at most `outstanding` records ahead of the commits, and waits for the last.
void append_all(fd::Ledger& ledger, std::vector<std::vector<fd::LedgerEvent>> batches,
                std::uint64_t outstanding) {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t waiting = 0;
  for (auto& batch : batches) {
    const std::uint64_t count = batch.size();
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return waiting + count <= outstanding; });
      waiting += count;
    }
    ledger.append(std::move(batch), [&, count] {
      const std::lock_guard lock(mutex);
      waiting -= count;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return waiting == 0; });
}

Run measure(const Options& options, const std::string& path) {
  auto batches = make_batches(options);
  Run run;
  const double cpu = cpu_seconds();
  fd::LedgerOptions ledger_options;
  ledger_options.path = path;
  ledger_options.run_id = "bench";
  ledger_options.gather = fd::Duration(options.gather_us);
  fd::LedgerStart start;
  auto opened = fd::Ledger::open(ledger_options, start);
  require(opened.ok() ? fd::Result<void>() : fd::Result<void>(opened.error()));
  auto ledger = std::move(opened).value();
  ledger->on_failure([](const fd::Error& error) { require(error); });
  const auto began = std::chrono::steady_clock::now();
  append_all(*ledger, std::move(batches), options.outstanding);
  run.wall_s = since(began);
  run.rows = ledger->counts().records;
  run.commits = ledger->counts().commits;
  const auto closing = std::chrono::steady_clock::now();
  ledger.reset();
  run.close_s = since(closing);
  run.cpu_s = cpu_seconds() - cpu;
  run.file_bytes = std::filesystem::file_size(path);
  return run;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Returns the median over the runs of what `of` says, and all of them, rounded to `digits`.
template <class Of>
fd::json::Value told(const std::vector<Run>& runs, double digits, Of of) {
  std::vector<double> values;
  fd::json::Array all;
  for (const Run& run : runs) {
    values.push_back(static_cast<double>(static_cast<std::int64_t>(of(run) * digits + 0.5)) /
                     digits);
    all.emplace_back(values.back());
  }
  fd::json::Object object;
  object["all"] = std::move(all);
  object["median"] = median(values);
  return object;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::string root = options.directory + "/fd_bench_ledger-" + std::to_string(::getpid());
  require(fd::make_directories(root));
  std::vector<Run> runs;
  for (std::uint64_t run = 0; run < options.runs; ++run) {
    runs.push_back(measure(options, root + "/ledger-" + std::to_string(run) + ".sqlite"));
  }
  require(fd::remove_tree(root));

  const auto samples = static_cast<double>(options.records);
  fd::json::Object out;
  out["samples"] = options.records;
  out["rows"] = runs.front().rows;
  out["samples_per_s"] = told(runs, 1, [&](const Run& run) { return samples / run.wall_s; });
  out["rows_per_s"] =
      told(runs, 1, [](const Run& run) { return static_cast<double>(run.rows) / run.wall_s; });
  out["commits_per_s"] =
      told(runs, 1, [](const Run& run) { return static_cast<double>(run.commits) / run.wall_s; });
  out["cpu_us_per_sample"] =
      told(runs, 100, [&](const Run& run) { return run.cpu_s * 1e6 / samples; });
  out["close_s"] = told(runs, 1000, [](const Run& run) { return run.close_s; });
  out["file_bytes_per_sample"] =
      told(runs, 1, [&](const Run& run) { return static_cast<double>(run.file_bytes) / samples; });
  std::printf("%s\n", fd::json::pretty(fd::json::Value(std::move(out))).c_str());
  return 0;
}
