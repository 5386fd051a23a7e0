#include "coordinator/run_command.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <unistd.h>

#include "actors/caf_compat.hpp"
#include "actors/config_loader.hpp"
#include "actors/files.hpp"
#include "actors/zmq_transport.hpp"
#include "coordinator/coordinator_actor.hpp"
#include "coordinator/local_workers.hpp"
#include "coordinator/merge.hpp"
#include "coordinator/progress_display.hpp"
#include "coordinator/run_folder.hpp"

namespace fd {
namespace {

constexpr int kExitComplete = 0;
constexpr int kExitUsage = 2;
constexpr int kExitInput = 3;
constexpr int kExitNoEndpoint = 10;
constexpr int kExitBug = 70;
constexpr std::uint32_t kWorkersDefault = 2;
constexpr int kWorkerPatienceMs = 2000;

int fail(const Error& error) {
  std::fprintf(stderr, "fd-coordinator: %s\n", error.message.c_str());
  return exit_code_of(error.code);
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The live part of a run: from the leases to the last shard.
class LiveRun {
 public:
  LiveRun(const RunCommand& command, const RunConfig& config, RunFolder& folder)
      : command_(command),
        config_(config),
        folder_(folder),
        log_(command.level, "coordinator"),
        display_(clock_, isatty(STDERR_FILENO) == 1, command.quiet) {}

  struct Ended {
    RunEnd end;
    int signal = 0;  ///< that asked for the end; 0: none
    double wall_s = 0;
  };

  Result<Ended> run(std::vector<ShardSeed> shards, Progress before) {
    const Instant started = clock_.now();
    LedgerStart ledger_start;
    LedgerOptions ledger_options;
    ledger_options.path = folder_.dir().ledger();
    ledger_options.run_id = folder_.facts().run_id;
    FD_TRY(std::unique_ptr<Ledger> ledger, Ledger::open(ledger_options, ledger_start));

    caf::actor_system_config system_config;
    act::configure(system_config, 1);  // one event-based actor; the shard writer has its own
    caf::actor_system system(system_config);
    std::promise<caf::actor> ready;
    std::shared_future<caf::actor> ready_future = ready.get_future().share();
    std::vector<std::string> endpoints = {"tcp://127.0.0.1:*"};
    if (command_.listen) {
      endpoints.push_back(*command_.listen);
    }
    FD_TRY(std::unique_ptr<ZmqTransport> transport,
           ZmqTransport::bind(endpoints, [ready_future](std::vector<Incoming> frames) {
             act::post(
                 ready_future.get(),
                 CoordinatorFrames{std::make_shared<std::vector<Incoming>>(std::move(frames))});
           }));
    if (command_.listen) {
      display_.message("listening on " + transport->endpoints().back() +
                       " (plaintext, loopback only): fd-worker --connect " +
                       transport->endpoints().back());
    }

    std::promise<RunEnd> end_promise;
    std::future<RunEnd> end = end_promise.get_future();
    CoordinatorActorOptions options;
    options.dir = folder_.dir();
    options.run_id = folder_.facts().run_id;
    options.config = config_;
    options.core = core_config(ledger_start);
    options.shards = std::move(shards);
    options.before = before;
    options.progress = [this](const Progress& progress) {
      samples_done_ = progress.done;
      display_.update(progress);
    };
    options.ended = [&end_promise](RunEnd what) { end_promise.set_value(std::move(what)); };
    const caf::actor actor =
        spawn_coordinator(system, clock_, *transport, *ledger, log_, std::move(options));
    ready.set_value(actor);

    LocalWorkerOptions worker_options;
    worker_options.endpoint = transport->endpoints().front();
    worker_options.log_directory = folder_.dir().workers();
    worker_options.count = workers();
    worker_options.exec_threads = std::max(
        1u, std::thread::hardware_concurrency() / std::max<std::uint32_t>(worker_options.count, 1));
    LocalWorkers local(std::move(worker_options_with_program(worker_options)));
    if (workers() > 0) {
      if (const auto started_workers = local.start(); !started_workers.ok()) {
        caf::anon_send_exit(actor, caf::exit_reason::kill);
        return started_workers.error();
      }
    }
    Ended ended = wait(actor, end, local);
    display_.finish();
    ledger.reset();  // commits what is queued, and its callbacks use the transport
    local.stop(kWorkerPatienceMs);
    transport.reset();
    ended.wall_s = static_cast<double>((clock_.now() - started).count()) / 1e6;
    return ended;
  }

 private:
  [[nodiscard]] std::uint32_t workers() const { return command_.workers.value_or(kWorkersDefault); }

  static LocalWorkerOptions worker_options_with_program(LocalWorkerOptions options) {
    if (const auto program = sibling_program("fd-worker"); program.ok()) {
      options.program = *program;
    }
    return options;
  }

  [[nodiscard]] CoordinatorCoreConfig core_config(const LedgerStart& start) const {
    CoordinatorCoreConfig core;
    core.config = sha256(json::canonical(effective_config(config_)));
    core.epoch = start.epoch;
    core.last_fence = start.last_fence;
    core.slots = 0;
    for (const ProviderConfig& provider : config_.gateway.providers) {
      core.slots += provider.max_concurrency;
    }
    core.workers_expected = std::max<std::uint32_t>(1, workers());
    core.ttl = std::chrono::milliseconds(config_.lease.ttl_ms);
    core.heartbeat = std::chrono::milliseconds(config_.lease.heartbeat_ms);
    return core;
  }

  /// Waits for the run's end, for signals, and for local workers that end by themselves.
  Ended wait(const caf::actor& actor, std::future<RunEnd>& end, LocalWorkers& local) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGCHLD}) {
      sigaddset(&signals, number);
    }
    const timespec poll{0, 50'000'000};
    Ended ended;
    while (end.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      const int number = sigtimedwait(&signals, nullptr, &poll);
      if (number == SIGCHLD) {
        reap(actor, local);
      } else if (number > 0 && ended.signal != 0) {
        display_.message("stopped at once; what is recorded stays recorded");
        local.stop(0);
        std::fflush(nullptr);
        std::_Exit(128 + number);
      } else if (number > 0) {
        ended.signal = number;
        display_.message("stopping: calls under way are still recorded (again: stop at once)");
        act::post(actor, DrainNow{});
      }
    }
    ended.end = end.get();
    return ended;
  }

  /// Tells the coordinator which local workers ended; without any left nobody does the work.
  void reap(const caf::actor& actor, LocalWorkers& local) {
    for (const WorkerExit& exit : local.reap(samples_done_)) {
      display_.message("worker " + exit.name + " ended " + exit.how +
                       (exit.replaced ? "; another one takes its place" : "; not started again") +
                       " (" + folder_.dir().workers() + ")");
      act::post(actor, LocalWorkerEnded{exit.name, exit.replaced});
    }
    if (workers() > 0 && local.alive() == 0 && !command_.listen) {
      act::post(actor,
                RunFailed{std::make_shared<Error>(Error{
                    Errc::unavailable, "no worker is left: every one ended more than " +
                                           std::to_string(kWorkerRestartsMax) + " times; see " +
                                           folder_.dir().workers() + "/*/worker.log"})});
    }
  }

  const RunCommand& command_;
  const RunConfig& config_;
  RunFolder& folder_;
  SystemClock clock_;
  Log log_;
  ProgressDisplay display_;
  std::atomic<std::uint64_t> samples_done_ = 0;  ///< written by the coordinator's actor
};

/// Ingests into a folder beside the runs, and takes that up as the run's folder.
Result<std::unique_ptr<RunFolder>> prepare(const RunCommand& command, const LoadedConfig& loaded,
                                           const std::vector<std::string>& inputs) {
  FD_TRY_VOID(make_directories(command.artifacts));
  const std::string fresh = command.artifacts + "/.ingest-" + std::to_string(getpid());
  FD_TRY_VOID(remove_tree(fresh));
  FD_TRY_VOID(make_directories(fresh));
  IngestOptions options;
  for (const std::string& path : inputs) {
    options.inputs.push_back({path});
  }
  options.config = &loaded.config;
  options.directory = fresh;
  options.limit = command.limit;
  options.run_id = [&](const std::vector<InputFile>& files) {
    return command.run_id.value_or(default_run_id(loaded.config, files, command.limit));
  };
  auto ingested = ingest(options);
  if (!ingested.ok()) {
    static_cast<void>(remove_tree(fresh).ok());
    return ingested.error();
  }
  auto folder = RunFolder::take(command.artifacts, fresh, loaded.config, *ingested);
  if (!folder.ok()) {
    static_cast<void>(remove_tree(fresh).ok());
  }
  return folder;
}

std::string how_to_go_on(const RunCommand& command, const RunFolder& folder) {
  return "run folder: " + folder.dir().root() + "\nto go on: " + command.command_line;
}

int merge_and_report(const RunCommand& command, const LoadedConfig& loaded, RunFolder& folder,
                     const LiveRun::Ended& live, std::uint32_t workers) {
  RunTimes times = live.end.times;
  times.wall_s = live.wall_s;
  times.teacher_full_share =
      live.wall_s > 0 ? static_cast<double>(live.end.full_ms) / 1e3 / (live.wall_s * workers) : 0;
  const auto summary = merge_run(folder.dir(), loaded.config, folder.facts().ingest, times);
  if (!summary.ok()) {
    return fail(summary.error());
  }
  const int code = exit_code_of(*summary);
  if (const auto finished = folder.finish(loaded.config, code); !finished.ok()) {
    return fail(finished.error());
  }
  std::fputs(render_summary(*summary, folder.dir(), isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  if (summary->failed > 0) {
    std::printf("\nto ask again for the %s failed samples: %s\n",
                with_commas(summary->failed).c_str(), command.command_line.c_str());
  }
  return code;
}

}  // namespace

int exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_input:
      return kExitUsage;
    case Errc::corrupt:
      return 5;
    case Errc::busy:
      return 6;
    case Errc::storage:
      return 7;
    case Errc::refused:
      return 8;
    case Errc::stale:
      return 11;
    case Errc::not_found:
    case Errc::unsupported:
      return kExitUsage;
    default:
      return kExitBug;
  }
}

Result<std::vector<std::string>> resolve_inputs(const std::vector<std::string>& from_command_line,
                                                const std::vector<std::string>& from_config,
                                                const std::string& config_directory) {
  std::vector<std::string> inputs = from_command_line;
  if (inputs.empty()) {
    for (const std::string& path : from_config) {
      const bool as_it_is = path == "-" || path.starts_with('/') || config_directory.empty();
      inputs.push_back(as_it_is ? path : config_directory + "/" + path);
    }
  }
  if (inputs.empty()) {
    return Error{Errc::invalid_input,
                 "no input: name files under `input:` in the config, or give --input"};
  }
  return inputs;
}

int run_command(const RunCommand& command) {
  const std::uint32_t workers = command.workers.value_or(kWorkersDefault);
  if (command.listen) {
    const auto loopback = is_loopback_endpoint(*command.listen);
    if (!loopback.ok()) {
      return fail(loopback.error());
    }
    if (!*loopback) {
      return fail(
          Error{Errc::refused, "--listen " + *command.listen +
                                   ": not a loopback address; this version speaks plaintext, "
                                   "which is refused on a network"});
    }
  } else if (workers == 0) {
    return fail(Error{Errc::invalid_input,
                      "--workers 0 needs --listen ENDPOINT: nobody would do the work"});
  }
  if (workers > 0) {
    if (const auto program = sibling_program("fd-worker"); !program.ok()) {
      return fail(program.error());
    }
  }
  const auto loaded = load_config(command.config_path, {environment, command.sets});
  if (!loaded.ok()) {
    return fail(loaded.error());
  }
  for (const std::string& warning : loaded->warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  const auto inputs = resolve_inputs(command.inputs, loaded->config.input, loaded->directory);
  if (!inputs.ok()) {
    return fail(inputs.error());
  }
  auto prepared = prepare(command, *loaded, *inputs);
  if (!prepared.ok()) {
    const Errc code = prepared.error().code;
    static_cast<void>(fail(prepared.error()));
    // What is wrong with the rows is exit 3; a run folder that belongs to something else is
    // exit 11.
    return code == Errc::invalid_input || code == Errc::not_found ? kExitInput
           : code == Errc::unsupported                            ? 11
                                                                  : exit_code_of(code);
  }
  RunFolder& folder = **prepared;
  Progress before;
  auto shards = folder.shards(before);
  if (!shards.ok()) {
    return fail(shards.error());
  }
  if (folder.facts().exit_code && before.done == before.total) {
    std::printf("%s is complete (exit code %d): %s\n", folder.facts().run_id.c_str(),
                *folder.facts().exit_code, folder.dir().root().c_str());
    return *folder.facts().exit_code;
  }
  LiveRun live(command, loaded->config, folder);
  const auto ended = live.run(std::move(shards).value(), before);
  if (!ended.ok()) {
    return fail(ended.error());
  }
  switch (ended->end.kind) {
    case RunEnd::Kind::failed: {
      const int code = fail(ended->end.error);
      std::fprintf(stderr, "%s\n", how_to_go_on(command, folder).c_str());
      return code;
    }
    case RunEnd::Kind::no_endpoint:
      std::fprintf(stderr, "fd-coordinator: no usable endpoint: %s\nnothing failed for good. %s\n",
                   ended->end.error.message.c_str(), how_to_go_on(command, folder).c_str());
      return kExitNoEndpoint;
    case RunEnd::Kind::drained:
      std::fprintf(stderr, "stopped; every answer is recorded. %s\n",
                   how_to_go_on(command, folder).c_str());
      return 128 + ended->signal;
    case RunEnd::Kind::finished:
      break;
  }
  return merge_and_report(command, *loaded, folder, *ended, std::max<std::uint32_t>(workers, 1));
}

}  // namespace fd
