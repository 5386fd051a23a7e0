#include "coordinator/live/live_run.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include <unistd.h>

#include "actors/config/loader.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/disk_kind.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/open_files.hpp"
#include "actors/system/shell_text.hpp"
#include "actors/transport/notice_log.hpp"
#include "actors/transport/tcp_endpoint.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "coordinator/control/coordinator_actor.hpp"
#include "coordinator/control/status_file.hpp"
#include "coordinator/live/local_journals.hpp"
#include "coordinator/live/local_workers.hpp"
#include "coordinator/live/progress_display.hpp"
#include "coordinator/live/run_security.hpp"
#include "coordinator/merge/merge.hpp"
#include "coordinator/reports/timing.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/shards/answers.hpp"
#include "coordinator/text/commands_to_copy.hpp"
#include "coordinator/text/exit_code.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr std::uint32_t kWorkersDefault = 2;
constexpr int kWorkerPatienceMs = 2000;
constexpr std::size_t kSaidCharacters = 1000;  ///< of a peer's words in an error

std::uint32_t workers_of(const LiveOptions& options) {
  return options.workers.value_or(kWorkersDefault);
}

/// Checks that what a worker says of itself goes with its key. Errors: refused.
Result<void> check_sender(const AllowList& allowed, const std::string& user,
                          const WorkerState& state) {
  if (!allowed.may_be_called(user, state.name)) {
    return Error{Errc::refused, "a worker calls itself " + state.name +
                                    ", which its key, that of " + user + ", does not allow"};
  }
  if (!state.peer_key.empty() && allowed.user_of({state.peer_key}) != user) {
    return Error{Errc::refused, "worker " + state.name + ", of " + user +
                                    ", wants others to know it by a key that is not its own"};
  }
  return {};
}

/// The live part of a run: from the leases to the last shard.
class LiveRun {
 public:
  LiveRun(const LiveOptions& options, const RunConfig& config, RunFolder& folder, ReuseIndex* reuse)
      : live_(options),
        config_(config),
        folder_(folder),
        reuse_(reuse),
        log_(options.level, "coordinator"),
        notices_(clock_, log_),
        display_(clock_, isatty(STDERR_FILENO) == 1, options.quiet) {}

  struct Ended {
    RunEnd end;
    int signal = 0;  ///< that asked for the end; 0: none
    double wall_s = 0;
  };

  Result<Ended> run(RunShards shards) {
    const Instant started = clock_.now();
    FD_TRY(const DiskKind disk, disk_kind_of(folder_.dir().root()));
    if (disk == DiskKind::memory) {
      log_.warn("run_folder_in_memory",
                {{"folder", folder_.dir().root()},
                 {"why", "not durable: it is gone once this machine is started again"}});
    }
    FD_TRY(security_, secure_run(config_.transport, live_.listen));
    if (security_.own) {
      block_hangup();
    }
    LedgerStart ledger_start;
    LedgerOptions ledger_options;
    ledger_options.path = folder_.dir().ledger();
    ledger_options.run_id = folder_.facts().run_id;
    FD_TRY(std::unique_ptr<Ledger> ledger, Ledger::open(ledger_options, ledger_start));
    FD_TRY_VOID(take_up_journals(*ledger));

    StatusFile status(folder_.dir(), folder_.facts().run_id, ledger_start.epoch, config_,
                      written_shards(shards.states));

    caf::actor_system_config system_config;
    act::configure(system_config, 1);  // one event-based actor; the shard writer has its own
    caf::actor_system system(system_config);
    std::promise<caf::actor> ready;
    std::shared_future<caf::actor> ready_future = ready.get_future().share();
    std::vector<std::string> endpoints = {"tcp://127.0.0.1:*"};
    if (live_.listen) {
      endpoints.push_back(*live_.listen);
    }
    FD_TRY(std::unique_ptr<ZmqTransport> transport,
           listen(endpoints, [ready_future](std::vector<Incoming> frames) {
             post_frames(ready_future.get(), std::move(frames));
           }));
    if (live_.listen) {
      display_.message("listening on " + transport->endpoints().back() + how_secured() +
                       ": fd-worker --connect " + transport->endpoints().back() +
                       (security_.own ? " --keys DIR" : ""));
    }

    std::promise<RunEnd> end_promise;
    std::future<RunEnd> end = end_promise.get_future();
    CoordinatorActorOptions options;
    options.dir = folder_.dir();
    options.run_id = folder_.facts().run_id;
    options.config = config_;
    options.core = core_config(ledger_start);
    options.shards = shard_seeds(shards.states, ledger_start);
    options.before.total = shards.total;
    options.before.done = shards.done;
    options.before.kept = shards.kept;
    options.before.rejected = shards.rejected;
    options.answers_beside = [this](std::uint32_t shard, const std::vector<Sample>& samples) {
      return answers_beside(shard, samples);
    };
    if (security_.own) {
      options.check_sender = [allowed = security_.allowed](const std::string& user,
                                                           const WorkerState& state) {
        return check_sender(*allowed, user, state);
      };
    }
    options.progress = [this, &status](const Progress& progress) {
      samples_done_ = progress.done;
      status.update(clock_.now(), progress);
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
    if (security_.own) {
      worker_options.keys = LocalWorkerKeys{*security_.local, security_.own->public_key};
    }
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
    status.flush();
    ledger.reset();  // commits what is queued, and its callbacks use the transport
    FD_FAILPOINT("k20.coordinator_shutdown");
    local.stop(kWorkerPatienceMs);
    transport.reset();
    ended.wall_s = static_cast<double>((clock_.now() - started).count()) / 1e6;
    return ended;
  }

 private:
  /// SIGHUP asks for the allow-list to be read again: no thread may end the process with it.
  static void block_hangup() {
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, nullptr);
  }

  Result<std::unique_ptr<ZmqTransport>> listen(const std::vector<std::string>& endpoints,
                                               ReceiveCallback receive) {
    TransportSecurity how;
    how.own = security_.own;
    how.allowed = security_.allowed;
    how.notice = [this](const TransportNotice& notice) { notices_.write(notice); };
    auto transport = ZmqTransport::bind(endpoints, std::move(how), std::move(receive));
    if (!transport.ok() && transport.error().code == Errc::busy) {
      return Error{Errc::invalid_input, transport.error().message};  // busy is the run folder
    }
    return transport;
  }

  [[nodiscard]] std::string how_secured() const {
    if (security_.own) {
      return " (CURVE)";
    }
    return security_.plaintext_on_network ? " (plaintext, on a network)"
                                          : " (plaintext, loopback only)";
  }

  /// What SIGHUP asks for.
  void reload() {
    const auto keys = reload_allow_list(config_.transport, security_);
    display_.message(keys.ok() ? "allow-list read again: " + std::to_string(*keys) + " keys"
                               : "allow-list NOT changed: " + keys.error().message);
  }

  /// Plaintext on a network is said again and again for as long as it lasts.
  void warn_of_plaintext() {
    constexpr Duration kEvery = std::chrono::minutes(1);
    const Instant now = clock_.now();
    if (security_.plaintext_on_network && (!warned_ || now - *warned_ >= kEvery)) {
      warned_ = now;
      log_.warn("plaintext_on_network",
                {{"listen", *live_.listen}, {"why", "transport.allow_plaintext_non_loopback"}});
    }
  }

  [[nodiscard]] std::uint32_t workers() const { return workers_of(live_); }

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
    core.started = clock_.now();
    core.slots = config_.gateway.max_concurrency();
    core.workers_expected = std::max<std::uint32_t>(1, workers());
    core.ttl = std::chrono::milliseconds(config_.lease.ttl_ms);
    core.stage_grace = 3 * core.ttl;
    core.heartbeat = std::chrono::milliseconds(config_.lease.heartbeat_ms);
    return core;
  }

  /// What a replay left in the shard's folder, and what earlier runs have.
  Result<std::vector<Record>> answers_beside(std::uint32_t shard,
                                             const std::vector<Sample>& samples) {
    FD_TRY(std::vector<Record> records, answers_in_folder(folder_.dir().shard(shard), shard));
    if (reuse_ != nullptr) {
      FD_TRY(std::vector<Record> earlier, reuse_->answers_for(shard, samples));
      std::move(earlier.begin(), earlier.end(), std::back_inserter(records));
    }
    return records;
  }

  /// What local workers of an earlier coordinator had paid for and not handed over.
  Result<void> take_up_journals(Ledger& ledger) {
    FD_TRY(const ImportedJournals found,
           import_local_journals(folder_.dir(), folder_.facts().run_id, ledger));
    if (found.calls + found.in_doubt > 0) {
      display_.message("recovered from the journals of local workers: " + with_commas(found.calls) +
                       " calls that had ended; " + with_commas(found.in_doubt) +
                       " were under way (possibly billed)");
    }
    return {};
  }

  /// Workers on their own may have lived on, and hold what an earlier coordinator leased to them.
  static std::vector<ShardSeed> shard_seeds(const std::vector<ShardState>& states,
                                            const LedgerStart& start) {
    std::vector<ShardSeed> seeds;
    for (const ShardState& state : states) {
      seeds.push_back({state.count, state.committed});
    }
    for (const LeaseGranted& lease : start.leases) {
      if (lease.shard < seeds.size() && !lease.worker.starts_with(kLocalWorkerPrefix)) {
        seeds[lease.shard].holder = lease;
      }
    }
    return seeds;
  }

  /// Returns the shards that earlier starts have committed.
  static std::vector<std::uint32_t> written_shards(const std::vector<ShardState>& shards) {
    std::vector<std::uint32_t> written;
    for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
      if (shards[shard].committed) {
        written.push_back(shard);
      }
    }
    return written;
  }

  /// Waits for the run's end, for signals, and for local workers that end by themselves.
  Ended wait(const caf::actor& actor, std::future<RunEnd>& end, LocalWorkers& local) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGCHLD}) {
      sigaddset(&signals, number);
    }
    if (security_.own) {
      sigaddset(&signals, SIGHUP);
    }
    const timespec poll{0, 50'000'000};
    Ended ended;
    while (end.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      warn_of_plaintext();
      const int number = sigtimedwait(&signals, nullptr, &poll);
      if (number == SIGCHLD) {
        reap(actor, local);
      } else if (number == SIGHUP) {
        reload();
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
    if (workers() > 0 && local.alive() == 0 && !live_.listen) {
      act::post(actor,
                RunFailed{std::make_shared<Error>(Error{
                    Errc::unavailable, "no worker is left: every one ended more than " +
                                           std::to_string(kWorkerRestartsMax) + " times; see " +
                                           folder_.dir().workers() + "/*/worker.log"})});
    }
  }

  const LiveOptions& live_;
  const RunConfig& config_;
  RunFolder& folder_;
  ReuseIndex* reuse_;  ///< null: no earlier runs
  SystemClock clock_;
  Log log_;
  NoticeLog notices_;
  RunSecurity security_;
  std::optional<Instant> warned_;  ///< of plaintext on a network
  ProgressDisplay display_;
  std::atomic<std::uint64_t> samples_done_ = 0;  ///< written by the coordinator's actor
};

/// Returns the command that goes on with the run.
std::string resume_command_line(const LiveOptions& options, const RunFolder& folder) {
  std::string line = resume_line(folder.dir().root());
  if (options.workers) {
    line += " --workers " + std::to_string(*options.workers);
  }
  if (options.listen) {
    line += " --listen " + shell_word(*options.listen);
  }
  return line;
}

std::string how_to_go_on(const LiveOptions& options, const RunFolder& folder) {
  const std::string& root = folder.dir().root();
  return "run folder: " + root +
         (file_exists(folder.dir().run_json())
              ? "\nto go on: " + resume_command_line(options, folder)
              : " (is gone, with what the workers had handed over)");
}

/// Returns what endpoints and workers said of the end, as one line that moves no cursor.
std::string one_line(const Error& error) {
  return printable(shortened(error.message, kSaidCharacters));
}

int merge_and_report(const LiveOptions& options, const RunConfig& config, RunFolder& folder,
                     const RunTimes& times) {
  FD_FAILPOINT("k16.merge_before_start");
  const auto summary = merge_run(folder.dir(), config, folder.facts().ingest, times);
  if (!summary.ok()) {
    return report_failure(summary.error());
  }
  FD_FAILPOINT("k19.reports_before_finish");
  const int code = exit_code_of(*summary);
  if (const auto finished = folder.finish(config, code); !finished.ok()) {
    return report_failure(finished.error());
  }
  std::fputs(render_summary(*summary, folder.dir(), isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  if (summary->failed > 0) {
    std::printf("\nto ask again for the %s failed samples: %s\n",
                with_commas(summary->failed).c_str(), resume_command_line(options, folder).c_str());
  }
  return code;
}

RunTimes times_of(const LiveRun::Ended& live, std::uint32_t workers) {
  RunTimes times = live.end.times;
  times.wall_s = live.wall_s;
  times.teacher_full_share =
      live.wall_s > 0 ? static_cast<double>(live.end.full_ms) / 1e3 / (live.wall_s * workers) : 0;
  return times;
}

}  // namespace

Result<void> check_live_options(const LiveOptions& options) {
  if (options.listen) {
    FD_TRY(const bool loopback, is_loopback_endpoint(*options.listen));
    static_cast<void>(loopback);
  } else if (workers_of(options) == 0) {
    return Error{Errc::invalid_input,
                 "--workers 0 needs --listen ENDPOINT: nobody would do the work"};
  }
  if (workers_of(options) > 0) {
    FD_TRY(const std::string program, sibling_program("fd-worker"));
    static_cast<void>(program);
  }
  return {};
}

Result<void> check_place(const LiveOptions& options, const std::string& config_directory,
                         RunConfig& config) {
  std::string& keys = config.transport.keys;
  if (!keys.empty()) {
    std::error_code failed;
    const std::filesystem::path path = std::filesystem::path(config_directory) / keys;
    const std::filesystem::path whole = std::filesystem::absolute(path, failed);
    keys = (failed ? path : whole.lexically_normal()).string();
  }
  FD_TRY(const RunSecurity security, secure_run(config.transport, options.listen));
  static_cast<void>(security);
  FD_TRY_VOID(check_sqlite_library());
  FD_TRY(const std::uint64_t open_files,
         raise_open_files(options.listen ? kOpenFilesToListen : kOpenFilesMin));
  static_cast<void>(open_files);
  return {};
}

int carry_on(const LiveOptions& options, const RunConfig& config, RunFolder& folder) {
  auto shards = folder.shards();
  if (!shards.ok()) {
    return report_failure(shards.error());
  }
  const bool all_committed = shards->done == shards->total;
  if (all_committed && folder.facts().exit_code && folder.facts().merged == shards->digest) {
    std::printf("%s is complete (exit code %d): %s\n", folder.facts().run_id.c_str(),
                *folder.facts().exit_code, folder.dir().root().c_str());
    return *folder.facts().exit_code;
  }
  if (const auto begun = folder.begin(config); !begun.ok()) {
    return report_failure(begun.error());
  }
  if (all_committed) {  // stopped before or during the merge, or a shard was replayed since
    return merge_and_report(options, config, folder, {});
  }
  std::unique_ptr<ReuseIndex> reuse;
  if (!config.reuse.empty()) {
    auto opened = ReuseIndex::open(config.reuse, folder.dir().root(), config);
    if (!opened.ok()) {
      return report_failure(opened.error());
    }
    reuse = std::move(opened).value();
  }
  LiveRun live(options, config, folder, reuse.get());
  const auto ended = live.run(std::move(shards).value());
  if (!ended.ok()) {
    return report_failure(ended.error());
  }
  switch (ended->end.kind) {
    case RunEnd::Kind::failed: {
      const int code = report_failure(ended->end.error);
      std::fprintf(stderr, "%s\n", how_to_go_on(options, folder).c_str());
      return code;
    }
    case RunEnd::Kind::no_endpoint:
      std::fprintf(stderr, "fd-coordinator: no usable endpoint: %s\nnothing failed for good. %s\n",
                   one_line(ended->end.error).c_str(), how_to_go_on(options, folder).c_str());
      return kExitNoEndpoint;
    case RunEnd::Kind::no_stage:
      std::fprintf(stderr, "fd-coordinator: %s\nnothing failed, and every answer is recorded. %s\n",
                   one_line(ended->end.error).c_str(), how_to_go_on(options, folder).c_str());
      return kExitNoEndpoint;
    case RunEnd::Kind::drained:
      std::fprintf(stderr, "stopped; every answer is recorded. %s\n",
                   how_to_go_on(options, folder).c_str());
      return kExitSignal + ended->signal;
    case RunEnd::Kind::finished:
      break;
  }
  return merge_and_report(options, config, folder,
                          times_of(*ended, std::max<std::uint32_t>(workers_of(options), 1)));
}

}  // namespace fd
