#include "coordinator/live/live_run.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/disk_kind.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/process.hpp"
#include "actors/transport/notice_log.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "coordinator/control/status_file.hpp"
#include "coordinator/live/local_journals.hpp"
#include "coordinator/live/local_workers.hpp"
#include "coordinator/live/progress_display.hpp"
#include "coordinator/live/progress_writer.hpp"
#include "coordinator/live/run_security.hpp"
#include "coordinator/live/supervisor.hpp"
#include "coordinator/shards/answers.hpp"
#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr int kWorkerPatienceMs = 2000;

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

/// What one live run is made of, put together and taken apart in order.
class LiveRun {
 public:
  LiveRun(const LiveOptions& options, const RunConfig& config, const RunFolder& folder,
          StopSignals& signals)
      : live_(options),
        config_(config),
        folder_(folder),
        drain_(signals),
        log_(options.level, "coordinator"),
        notices_(clock_, log_),
        display_(clock_, options.progress) {}

  Result<LiveEnd> run(const RunShards& shards) {
    const Instant started = clock_.now();
    FD_TRY_VOID(prepare());
    LedgerStart ledger_start;
    FD_TRY(std::unique_ptr<Ledger> ledger, open_ledger(ledger_start));
    StatusFile status(folder_.dir(), folder_.facts().run_id, ledger_start.epoch,
                      written_shards(shards.states));
    ProgressWriter shown(
        [this, &status](const Progress& progress) {
          status.update(clock_.now(), progress);
          display_.update(progress);
        },
        [this](const std::string& line) { display_.message(line); });

    caf::actor_system_config system_config;
    act::configure(system_config, 1);  // one event-based actor; the shard writer has its own
    caf::actor_system system(system_config);
    std::promise<caf::actor> ready;
    std::shared_future<caf::actor> ready_future = ready.get_future().share();
    FD_TRY(std::unique_ptr<ZmqTransport> transport,
           listen([ready_future](std::vector<Incoming> frames) {
             post_frames(ready_future.get(), std::move(frames));
           }));

    std::promise<RunEnd> end_promise;
    std::future<RunEnd> end = end_promise.get_future();
    CoordinatorActorOptions options = actor_options(shards, ledger_start, shown);
    options.ended = [&end_promise](RunEnd what) { keep_and_wake(end_promise, std::move(what)); };
    const caf::actor actor =
        spawn_coordinator(system, clock_, *transport, *ledger, log_, std::move(options));
    ready.set_value(actor);

    LocalWorkers local(worker_options(transport->endpoints().front()));
    if (live_.local_workers() > 0) {
      if (const auto started_workers = local.start(); !started_workers.ok()) {
        // The run ends as any other: each part is stopped before what it uses.
        act::post(actor, RunFailed{std::make_shared<Error>(started_workers.error())});
      }
    }
    LiveEnd ended;
    supervise({live_, config_.transport, security_, actor, local, folder_.dir().workers(),
               samples_done_, drain_, display_, log_, clock_},
              end);
    ended.end = end.get();
    shown.finish();
    display_.finish();
    status.flush();
    system.await_all_actors_done();  // one may be reading the ledger
    ledger.reset();                  // commits what is queued, and its callbacks use the transport
    FD_FAILPOINT("k20.coordinator_shutdown");
    local.stop(kWorkerPatienceMs);
    transport.reset();
    ended.signal = drain_.finish();
    if (reuse_ != nullptr) {
      ended.reused = reuse_->tally();
    }
    ended.wall_s = static_cast<double>((clock_.now() - started).count()) / 1e6;
    return ended;
  }

 private:
  /// What comes before the first thread.
  Result<void> prepare() {
    FD_TRY_VOID(warn_of_memory());
    FD_TRY(reuse_, open_reuse());
    FD_TRY(security_, secure_run(config_.transport, live_.listen));
    // supervise() waits for these: no thread may take them.
    block_signals(supervised_signals(security_));
    return {};
  }

  Result<void> warn_of_memory() const {
    FD_TRY(const DiskKind disk, disk_kind_of(folder_.dir().root()));
    if (disk == DiskKind::memory) {
      log_.warn("run_folder_in_memory",
                {{"folder", folder_.dir().root()},
                 {"why", "not durable: it is gone once this machine is started again"}});
    }
    return {};
  }

  /// Listens for local workers, and where the command line says. The first endpoint is theirs.
  Result<std::unique_ptr<ZmqTransport>> listen(ReceiveCallback receive) {
    std::vector<std::string> endpoints = {"tcp://127.0.0.1:*"};
    if (live_.listen) {
      endpoints.push_back(*live_.listen);
    }
    TransportSecurity how;
    how.own = security_.own;
    how.allowed = security_.allowed;
    how.notice = [this](const TransportNotice& notice) { notices_.write(notice); };
    auto transport = ZmqTransport::bind(endpoints, std::move(how), std::move(receive));
    if (!transport.ok() && transport.error().code == Errc::busy) {
      return Error{Errc::invalid_input, transport.error().message};  // busy is the run folder
    }
    if (transport.ok() && live_.listen) {
      const std::string& endpoint = transport.value()->endpoints().back();
      display_.message("listening on " + endpoint + how_secured() + ": fd-worker --connect " +
                       endpoint + (security_.own ? " --keys DIR" : ""));
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

  /// All but who hears of the end.
  CoordinatorActorOptions actor_options(const RunShards& shards, const LedgerStart& start,
                                        ProgressWriter& shown) {
    CoordinatorActorOptions options;
    options.dir = folder_.dir();
    options.config = config_;
    options.first_start = start.epoch == 1;
    options.loop = loop_options(shards, start);
    options.answers_beside = [this](std::uint32_t shard, const std::vector<Sample>& samples) {
      return answers_beside(shard, samples);
    };
    options.progress = [this, &shown](std::shared_ptr<const Progress> progress) {
      samples_done_ = progress->done;
      drain_.under_way(progress->in_flight);
      shown.publish(std::move(progress));
    };
    options.tell = [&shown](std::string line) { shown.say(std::move(line)); };
    return options;
  }

  [[nodiscard]] CoordinatorLoopOptions loop_options(const RunShards& shards,
                                                    const LedgerStart& start) const {
    CoordinatorLoopOptions options;
    options.run_id = folder_.facts().run_id;
    options.config_json = json::canonical(effective_config(config_));
    options.policy = verdict_policy();
    options.gateway = config_.gateway;
    for (const DatabaseFile& database : folder_.facts().ingest.databases) {
      options.databases.insert(database.digest);
    }
    options.core = core_config(start);
    options.core.config = sha256(options.config_json);
    options.core.answered_before = shards.kept > 0;
    options.drain = std::chrono::seconds(live_.drain_s);
    options.shards = shard_seeds(shards.states, start);
    options.before.total = shards.total;
    options.before.done = shards.done;
    options.before.kept = shards.kept;
    options.before.rejected = shards.rejected;
    if (security_.own) {
      options.check_sender = [allowed = security_.allowed](const std::string& user,
                                                           const WorkerState& state) {
        return check_sender(*allowed, user, state);
      };
    }
    return options;
  }

  [[nodiscard]] LocalWorkerOptions worker_options(const std::string& endpoint) const {
    LocalWorkerOptions options;
    if (const auto program = sibling_program("fd-worker"); program.ok()) {
      options.program = *program;
    }
    options.endpoint = endpoint;
    options.log_directory = folder_.dir().workers();
    options.count = live_.local_workers();
    if (security_.own) {
      options.keys = LocalWorkerKeys{*security_.local, security_.own->public_key};
    }
    options.exec_threads = std::max(
        1u, std::thread::hardware_concurrency() / std::max<std::uint32_t>(options.count, 1));
    return options;
  }

  [[nodiscard]] CoordinatorCoreConfig core_config(const LedgerStart& start) const {
    CoordinatorCoreConfig core;
    core.ledger = start.ledger;
    core.start = start.start;
    core.shares_before = start.shares;
    core.last_fence = start.last_fence;
    core.started = clock_.now();
    core.providers.clear();
    for (const ProviderConfig& provider : config_.gateway.providers) {
      core.providers.push_back(
          {provider.name, provider.max_concurrency, provider.scope, provider.priority});
    }
    core.refusal_limit = config_.gateway.refusal_limit;
    core.calls_per_sample = config_.teacher.decode.n;
    core.workers_expected = std::max<std::uint32_t>(1, live_.local_workers());
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

  /// Opens the earlier runs that the config names, or looks for them. Returns null without any.
  Result<std::unique_ptr<ReuseIndex>> open_reuse() {
    const std::string& root = folder_.dir().root();
    if (config_.reuse) {
      return config_.reuse->empty() ? std::unique_ptr<ReuseIndex>()
                                    : ReuseIndex::open(*config_.reuse, root, config_);
    }
    FD_TRY(std::unique_ptr<ReuseIndex> found,
           ReuseIndex::open_beside(root, config_,
                                   [this](const std::string& line) { display_.message(line); }));
    if (found->runs() == 0) {
      return std::unique_ptr<ReuseIndex>();
    }
    display_.message("reuse: answers that " + grouped(found->runs()) +
                     (found->runs() == 1 ? " earlier run" : " earlier runs") +
                     " of this task and model recorded are not bought again (reuse: [] looks for "
                     "none)");
    return found;
  }

  /// Opens the ledger, and takes up what local workers of an earlier coordinator had paid for and
  /// not handed over.
  Result<std::unique_ptr<Ledger>> open_ledger(LedgerStart& start) {
    ImportedJournals found;
    FD_TRY(std::unique_ptr<Ledger> ledger,
           open_run_ledger(folder_.dir(), folder_.facts().run_id, start, found));
    if (found.calls + found.in_doubt > 0) {
      display_.message("recovered from the journals of local workers: " + grouped(found.calls) +
                       " calls that had ended; " + grouped(found.in_doubt) +
                       " were under way (possibly billed)");
    }
    return ledger;
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

  const LiveOptions& live_;
  const RunConfig& config_;
  const RunFolder& folder_;
  Drain drain_;
  SystemClock clock_;
  Log log_;
  NoticeLog notices_;
  RunSecurity security_;
  ProgressDisplay display_;
  std::unique_ptr<ReuseIndex> reuse_;            ///< null: no earlier runs
  std::atomic<std::uint64_t> samples_done_ = 0;  ///< written by the coordinator's actor
};

}  // namespace

Result<LiveEnd> run_live(const LiveOptions& options, const RunConfig& config,
                         const RunFolder& folder, const RunShards& shards, StopSignals& signals) {
  return LiveRun(options, config, folder, signals).run(shards);
}

}  // namespace fd
