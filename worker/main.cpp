#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <future>
#include <optional>

#include "actors/gateway/error_news.hpp"
#include "actors/gateway/http/curl_senders.hpp"
#include "actors/gateway/http/endpoint_secrets.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/directory_trust.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "actors/system/incarnation.hpp"
#include "actors/system/log.hpp"
#include "actors/system/open_files.hpp"
#include "actors/system/process.hpp"
#include "actors/system/shell_text.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "protocol/exit_code.hpp"
#include "protocol/run_dir.hpp"
#include "worker/peer_network.hpp"
#include "worker/silence_report.hpp"
#include "worker/stage_options.hpp"
#include "worker/state_folder.hpp"
#include "worker/worker_actor.hpp"
#include "worker/worker_options.hpp"

namespace {

using namespace fd;  // the composition root speaks of nearly everything

/// Chooses where databases are kept. Returns the folder that goes with the process, if it is one.
/// Errors: storage, refused.
Result<std::optional<TemporaryDirectory>> take_database_folder(WorkerSettings& settings) {
  std::string& databases = settings.options.parts.database_directory;
  std::optional<TemporaryDirectory> temporary;
  if (settings.state.state) {
    databases = *settings.state.state + "/databases";
    FD_TRY_VOID(make_directories(databases));
    FD_TRY_VOID(check_own_folder(databases));
  } else {
    FD_TRY(TemporaryDirectory made,
           TemporaryDirectory::create_in(settings.options.parts.journal_directory,
                                         RunDir::kWorkerDatabases));
    databases = temporary.emplace(std::move(made)).path();
  }
  return temporary;
}

/// Returns what makes the senders of a run. Errors of providers go to `worker`.
std::function<Result<MakeSenders>(const RunConfig&)> senders_for(
    std::shared_future<caf::actor> worker) {
  return [worker](const RunConfig& config) -> Result<MakeSenders> {
    FD_TRY(std::vector<Endpoint> endpoints, endpoints_with_secrets(config, environment_variable));
    const auto failed = [worker, news = std::make_shared<ErrorNews>()](const std::string& provider,
                                                                       const Attempt& attempt) {
      if (auto error = news->look(SystemClock().now(), provider, attempt)) {
        act::post(worker.get(), EndpointErrorHeard{std::move(*error)});
      }
    };
    return curl_senders(std::move(endpoints), config.gateway.request_timeout_s, failed);
  };
}

/// Returns how the coordinator is spoken to; `rejected` becomes true when it does not want us.
TransportSecurity security_of(WorkerSettings& settings, const Log& log,
                              std::atomic<bool>& rejected) {
  TransportSecurity security;
  if (settings.keys) {
    security.own = std::move(settings.keys->own);
    security.server = settings.keys->server;
  }
  security.rejected = [&rejected, &log](const Error& error) {
    log.error("rejected", {{"why", error.message}});
    rejected = true;
    wake_signal_wait();
  };
  return security;
}

/// Returns what hands frames on to the worker as `Message`s, once there is one.
template <class Message>
ReceiveCallback hand_on(std::shared_future<caf::actor> worker) {
  return [worker](std::vector<Incoming> frames) {
    act::post(worker.get(), Message{std::make_shared<std::vector<Incoming>>(std::move(frames))});
  };
}

/// Listens for other workers, if it is to. Errors: as PeerNetwork::listen(), and invalid_input.
Result<std::unique_ptr<ZmqTransport>> listen_to_peers(WorkerSettings& settings,
                                                      const PeerNetwork& network,
                                                      ReceiveCallback receive, const Log& log) {
  if (!settings.peer_listen) {
    return std::unique_ptr<ZmqTransport>();
  }
  FD_TRY(auto peers, network.listen(*settings.peer_listen, std::move(receive)));
  const auto reachable = reachable_endpoint(peers->endpoints().front(), settings.endpoint);
  if (!reachable) {
    return Error{Errc::invalid_input, "--peer-listen: name an address that other workers reach"};
  }
  settings.options.loop.core.peer_endpoint = *reachable;
  settings.options.loop.serves_peers = true;
  settings.options.parts.peers = peers.get();
  log.info("serving", {{"endpoint", *reachable}});
  return peers;
}

/// Waits for SIGTERM or SIGINT (drain), for the worker to end by itself, or for the coordinator to
/// have rejected it; says meanwhile when it is silent. Returns the exit code.
int wait_for_end(const caf::actor& worker, std::future<int>& ended, std::atomic<bool>& rejected,
                 SilenceReport& silence) {
  const sigset_t signals = signal_set({SIGTERM, SIGINT});
  while (ended.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (next_signal(signals, std::chrono::seconds(1)) > 0) {
      act::post(worker, StopNow{});
    }
    if (rejected.exchange(false)) {
      act::post(worker, Rejected{});
    }
    silence.look();
  }
  return ended.get();
}

Result<int> serve(WorkerSettings settings) {
  FD_TRY_VOID(check_sqlite_library());
  FD_TRY(const std::uint64_t open_files, raise_open_files(kOpenFilesMin));
  WorkerActorOptions& options = settings.options;
  WorkerCoreConfig& core = options.loop.core;
  core.slots_max = calls_within(open_files, core.slots_max);
  FD_TRY(const StateFolder folder, take_state_folder(settings.state));
  core.name = folder.name;
  core.incarnation = folder.incarnation;
  options.parts.stages = core.stages;
  options.parts.journal_directory = folder.journal;
  const Log log(settings.level, folder.name);
  FD_TRY(const auto temporary, take_database_folder(settings));

  const SystemClock clock;
  std::promise<int> ended_promise;
  std::future<int> ended = ended_promise.get_future();
  options.exited = [&ended_promise](int exit_code) { keep_and_wake(ended_promise, exit_code); };

  // Before the actors, which use them: whoever is under way when this ends still finds them.
  SilenceReport silence(settings.endpoint, log);
  options.silent = [&silence](Duration time) { silence.silent(time); };
  FD_TRY(const ZmqContext context, ZmqContext::make());
  const PeerNetwork network(context,
                            settings.keys ? std::optional(settings.keys->own) : std::nullopt,
                            settings.allow_plaintext);
  caf::actor_system_config system_config;
  // One thread for each sample that may run SQL; the other stages cost next to nothing beside it,
  // and more threads than that only wake each other.
  act::configure(system_config, std::max<std::size_t>(1, options.parts.exec_actors));
  caf::actor_system system(system_config);
  caf::actor worker;
  std::promise<caf::actor> ready;
  std::shared_future<caf::actor> ready_future = ready.get_future().share();
  options.parts.make_senders = senders_for(ready_future);
  std::atomic<bool> rejected = false;
  core.peer_key = network.public_key();
  TransportSecurity security = security_of(settings, log, rejected);
  // What can still be refused comes first: a connection's end waits for the actor.
  FD_TRY(auto peers, listen_to_peers(settings, network, hand_on<PeerFramesIn>(ready_future), log));
  FD_TRY(auto control, ZmqTransport::connect(context, settings.endpoint, security, Traffic::control,
                                             hand_on<FramesIn>(ready_future)));
  FD_TRY(auto bulk,
         ZmqTransport::connect(context, settings.endpoint, std::move(security), Traffic::bulk,
                               hand_on<FramesIn>(ready_future),
                               [ready_future] { act::post(ready_future.get(), BulkMade{}); }));
  options.peers_known = [&network](const std::vector<PeerInfo>& known) { network.known(known); };
  options.parts.connect_peer = [&network](const PeerInfo& peer, ReceiveCallback receive) {
    return network.connect(peer, std::move(receive));
  };
  worker = spawn_worker(system, clock, {*control, *bulk}, log, std::move(options));
  ready.set_value(worker);
  log.info("started", {{"connect", settings.endpoint}, {"version", FD_VERSION}});
  const int exit_code = wait_for_end(worker, ended, rejected, silence);
  bulk.reset();  // sends what is queued
  control.reset();
  peers.reset();
  caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  return exit_code;
}

Result<int> start(const std::vector<std::string>& arguments) {
  FD_TRY(const ParsedCommand parsed, parse_command(worker_command(), arguments));
  if (parsed.has("--help")) {
    std::fputs(help_text(worker_command()).c_str(), stdout);
    return kExitComplete;
  }
  if (parsed.has("--version")) {
    std::puts("fd-worker " FD_VERSION);
    return kExitComplete;
  }
  FD_TRY(WorkerSettings settings, worker_settings(parsed));
  init_sqlite_accounting();
  return serve(std::move(settings));
}

}  // namespace

int main(int argc, char** argv) {
  block_signals(signal_set({SIGTERM, SIGINT}));  // every thread: main waits for them
  set_up_process();
  const auto exit_code = start({argv + 1, argv + argc});
  return exit_code.ok()
             ? *exit_code
             : fail("fd-worker", exit_code.error(), exit_code_of(exit_code.error().code));
}
