#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/gateway/http/curl_gateway.hpp"
#include "actors/gateway/http/endpoint_secrets.hpp"
#include "actors/keys/key_files.hpp"
#include "actors/pipeline/caf_compat.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/directory_trust.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "actors/system/command_line.hpp"
#include "actors/system/incarnation.hpp"
#include "actors/system/log.hpp"
#include "actors/system/open_files.hpp"
#include "actors/system/process_privacy.hpp"
#include "actors/system/shell_text.hpp"
#include "actors/transport/zmq_transport.hpp"
#include "worker/metered_gateway.hpp"
#include "worker/peer_network.hpp"
#include "worker/reachability.hpp"
#include "worker/stage_options.hpp"
#include "worker/state_folder.hpp"
#include "worker/worker_actor.hpp"

/// Read by jemalloc at start: freed pages stay for a minute, because the next batch wants them
/// again.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:60000,muzzy_decay_ms:60000";
}

namespace {

using namespace fd;  // the composition root speaks of nearly everything

constexpr int kExitUsage = 2;
constexpr int kExitBusy = 6;
constexpr int kExitStorage = 7;
constexpr int kExitRefused = 8;
constexpr std::uint64_t kCacheMbDefault = 8192;

CommandSpec command() {
  CommandSpec spec;
  spec.usage = "fd-worker --connect ENDPOINT [options]";
  spec.about =
      "Takes shards from a coordinator, asks the teachers, runs the gates, and hands everything "
      "back.\n"
      "Serves run after run until it is told to end; SIGTERM lets calls under way finish first.";
  spec.options = {
      {"--connect", "ENDPOINT", "the coordinator, such as tcp://127.0.0.1:5555", false},
      {"--keys", "DIR",
       "keys that encrypt the wire: a folder of `fd-coordinator keygen`, or its workers/NAME",
       false},
      {"--keys-fd", "N", "open file to read the keys from (for workers of a coordinator's own)",
       false},
      {"--allow-plaintext", "", "speak with another machine without keys: anybody can read along",
       false},
      {"--name", "NAME", "how reports call this worker (default: host name and a number)", false},
      {"--stages", "A,B,...",
       "what it does: teacher, clean, rules, exec, score (default: all); judge is taken beside\n"
       "teacher, and no run of this version asks for it. Without teacher it takes no shards and\n"
       "serves its stages to workers that ask for them",
       false},
      {"--peer-listen", "ENDPOINT",
       "where it serves its stages to other workers (default without teacher: a free port of the\n"
       "address that the coordinator is reached from; else: nowhere)",
       false},
      {"--concurrency", "N", "at most N calls in flight here (default: its share of the run's)",
       false},
      {"--exec-threads", "N", "how many samples run SQL at the same time (default: the cores)",
       false},
      {"--state", "DIR",
       "where answers are journaled and databases kept (default: a journal under\n"
       "$XDG_STATE_HOME or ~/.local/state, databases in a temporary folder)",
       false},
      {"--journal", "DIR", "where answers are journaled (default: STATE/journal)", false},
      {"--cache-mb", "N", "how much space databases may take (default: 8192)", false},
      {"--drain-s", "N", "how long SIGTERM waits for calls under way (default: 25)", false},
      {"--log-level", "LEVEL", "error, warn, info, debug or trace (default: info)", false},
      {"--parent-pid", "PID", "end as soon as this parent process has ended", false},
      {"--help", "", "show this", false},
      {"--version", "", "show the version", false}};
  return spec;
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

std::string host_name() {
  char host[64] = "worker";
  gethostname(host, sizeof host - 1);
  return std::string(host).substr(0, 40);
}

struct Settings {
  std::string endpoint;
  std::optional<std::string> peer_listen;  ///< nothing: serves nobody
  WorkerActorOptions options;
  LogLevel level = LogLevel::info;
  StateRequest state;
  std::optional<WorkerKeys> keys;  ///< nothing: plaintext
  bool allow_plaintext = false;    ///< also with other machines
};

/// Reads the keys that the command line names. Errors: refused, not_found, invalid_input.
Result<std::optional<WorkerKeys>> keys_of(const ParsedCommand& parsed) {
  std::optional<WorkerKeys> keys;
  if (parsed.has("--keys-fd")) {
    FD_TRY(const std::uint64_t number, parsed.number("--keys-fd", 0, 3, 1024));
    const int file = static_cast<int>(number);
    std::string text(kKeyFileBytesMax, '\0');
    // Workers share this open file and its position.
    const ssize_t got = ::pread(file, text.data(), text.size(), 0);
    ::close(file);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    auto read = parse_local_keys(text);
    ::explicit_bzero(text.data(), text.size());
    FD_TRY(keys, std::move(read));
  } else if (const auto folder = parsed.value("--keys")) {
    FD_TRY_VOID(check_curve_library());
    FD_TRY(keys, load_worker_keys(*folder, parsed.value("--name")));
  }
  return keys;
}

/// Returns the name that unnamed workers of this user begin with, on this machine.
std::string default_name(const std::string& user, const std::string& host) {
  constexpr std::size_t kRoom = kMaxNameBytes - 9;  // for "-" and what tells them apart
  return (covers_name(user, host) ? host : user + "-" + host).substr(0, kRoom);
}

Result<StateRequest> state_request(const ParsedCommand& parsed, bool local) {
  StateRequest request;
  request.name = parsed.value("--name");
  request.state = parsed.value("--state");
  request.journal = parsed.value("--journal");
  request.host = host_name();
  const std::string home = environment("HOME").value_or("/tmp");
  request.default_root =
      environment("XDG_STATE_HOME").value_or(home + "/.local/state") + "/fastdistill/workers";
  if (request.name && (request.name->empty() || request.name->size() > kMaxNameBytes ||
                       !json::valid_utf8(*request.name))) {
    return Error{Errc::invalid_input, "--name: must have 1 to 64 bytes of UTF-8"};
  }
  if (request.name && !local && request.name->starts_with(kLocalWorkerPrefix)) {
    return Error{Errc::invalid_input, "--name: " + std::string(kLocalWorkerPrefix) +
                                          "... are the workers that a coordinator starts itself"};
  }
  return request;
}

/// Takes up which stages are served, and to whom.
Result<void> take_stages(const ParsedCommand& parsed, Settings& settings) {
  std::vector<StageId>& stages = settings.options.core.stages;
  if (const auto text = parsed.value("--stages")) {
    FD_TRY(stages, stages_from_text(*text));
  }
  settings.peer_listen = parsed.value("--peer-listen");
  const bool takes_leases = has_stage(stages, StageId::teacher);
  if (!takes_leases && !settings.peer_listen) {
    settings.peer_listen = default_peer_listen(settings.endpoint);
    if (!settings.peer_listen) {
      return Error{Errc::invalid_input,
                   "--peer-listen ENDPOINT is missing: without the stage teacher a worker serves "
                   "others, and the address that they reach it at cannot be told from " +
                       settings.endpoint};
    }
  }
  if (settings.peer_listen && !serves_pure_stage(stages)) {
    return Error{Errc::invalid_input,
                 "--peer-listen: there is nothing to serve with --stages teacher alone"};
  }
  return {};
}

Result<Settings> settings_of(const ParsedCommand& parsed) {
  Settings settings;
  const auto endpoint = parsed.value("--connect");
  if (!endpoint) {
    return Error{Errc::invalid_input, "--connect ENDPOINT is missing\nusage: " + command().usage};
  }
  settings.endpoint = *endpoint;
  FD_TRY(settings.keys, keys_of(parsed));
  settings.allow_plaintext = parsed.has("--allow-plaintext");
  FD_TRY_VOID(check_wire("", settings.endpoint, settings.keys || settings.allow_plaintext));
  FD_TRY_VOID(take_stages(parsed, settings));
  WorkerActorOptions& options = settings.options;
  FD_TRY(const std::uint64_t parent, parsed.number("--parent-pid", 0, 1, INT32_MAX));
  FD_TRY(settings.state, state_request(parsed, parent != 0));
  if (settings.keys) {
    settings.state.host = default_name(settings.keys->user, settings.state.host);
  }
  options.core.policy = verdict_policy();
  FD_TRY(const std::uint64_t concurrency, parsed.number("--concurrency", 0, 1, 65536));
  options.core.slots_max = static_cast<std::uint32_t>(concurrency);
  FD_TRY(const std::uint64_t drain_s, parsed.number("--drain-s", 25, 0, 86400));
  options.core.drain = std::chrono::seconds(drain_s);
  const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
  FD_TRY(const std::uint64_t threads, parsed.number("--exec-threads", cores, 1, 256));
  options.exec_actors = static_cast<std::uint32_t>(threads);
  options.core.threads = options.exec_actors;
  FD_TRY(const std::uint64_t cache_mb, parsed.number("--cache-mb", kCacheMbDefault, 1, 1u << 24));
  options.database_cache_bytes = cache_mb << 20;
  if (const auto name = parsed.value("--log-level")) {
    const auto level = log_level_from_name(*name);
    if (!level) {
      return Error{Errc::invalid_input,
                   "--log-level: '" + *name + "' is none of error, warn, info, debug, trace"};
    }
    settings.level = *level;
  }
  if (parent != 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (static_cast<std::uint64_t>(getppid()) != parent) {
      return Error{Errc::unavailable, "the parent process has ended already"};
    }
  }
  return settings;
}

/// Says that the coordinator is not heard, and why that may be.
class SilenceReport {
 public:
  SilenceReport(std::string endpoint, const Log& log) : endpoint_(std::move(endpoint)), log_(log) {}

  /// Nothing was heard for so long. Thread: any.
  void silent(Duration time) { silent_s_ = std::chrono::floor<std::chrono::seconds>(time).count(); }

  /// Says what is to be said. Never waits: the resolver may take its time, on a thread of its own
  /// that nobody waits for.
  void look() {
    if (const std::int64_t silent_s = silent_s_.exchange(0); silent_s != 0 && !why_.valid()) {
      shown_s_ = silent_s;
      std::packaged_task<std::string()> probe(
          [endpoint = endpoint_] { return why_unreachable(endpoint, std::chrono::seconds(2)); });
      why_ = probe.get_future();
      std::thread(std::move(probe)).detach();
    }
    if (why_.valid() && why_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      log_.warn("coordinator_silent", {{"connect", endpoint_},
                                       {"for_s", std::to_string(shown_s_)},
                                       {"why", why_.get()},
                                       {"now", "trying again"}});
    }
  }

 private:
  const std::string endpoint_;
  const Log& log_;
  std::atomic<std::int64_t> silent_s_ = 0;
  std::int64_t shown_s_ = 0;
  std::future<std::string> why_;  ///< of the probe under way
};

/// Waits for SIGTERM or SIGINT (drain), for the worker to end by itself, or for the coordinator to
/// have rejected it; says meanwhile when it is silent. Returns the exit code.
int wait_for_end(const caf::actor& worker, std::future<int>& ended, std::atomic<bool>& rejected,
                 SilenceReport& silence) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  const timespec poll{0, 100'000'000};
  while (ended.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (sigtimedwait(&signals, nullptr, &poll) > 0) {
      act::post(worker, StopNow{});
    }
    if (rejected.exchange(false)) {
      act::post(worker, Rejected{});
    }
    silence.look();
  }
  return ended.get();
}

int fail(const Error& error) {
  std::fprintf(stderr, "fd-worker: %s\n", error.message.c_str());
  switch (error.code) {
    case Errc::busy:
      return kExitBusy;
    case Errc::storage:
      return kExitStorage;
    case Errc::refused:
      return kExitRefused;
    default:
      return kExitUsage;
  }
}

int serve(Settings settings) {
  if (const auto fit = check_sqlite_library(); !fit.ok()) {
    return fail(fit.error());
  }
  const auto open_files = raise_open_files(kOpenFilesMin);
  if (!open_files.ok()) {
    return fail(open_files.error());
  }
  WorkerCoreConfig& core = settings.options.core;
  core.slots_max = calls_within(*open_files, core.slots_max);
  const auto folder = take_state_folder(settings.state);
  if (!folder.ok()) {
    return fail(folder.error());
  }
  core.name = folder->name;
  core.incarnation = folder->incarnation;
  settings.options.journal_directory = folder->journal;
  const Log log(settings.level, folder->name);
  std::optional<TemporaryDirectory> temporary;
  if (settings.state.state) {
    settings.options.database_directory = *settings.state.state + "/databases";
    const std::string& databases = settings.options.database_directory;
    auto own = make_directories(databases);
    if (own.ok()) {
      own = check_own_folder(databases);
    }
    if (!own.ok()) {
      return fail(own.error());
    }
  } else {
    auto made = TemporaryDirectory::create("fd-worker-");
    if (!made.ok()) {
      return fail(made.error());
    }
    temporary.emplace(std::move(made).value());
    settings.options.database_directory = temporary->path();
  }

  const SystemClock clock;
  GatewayMeter meter(clock);
  std::promise<int> ended_promise;
  std::future<int> ended = ended_promise.get_future();
  WorkerActorOptions& options = settings.options;
  options.make_gateway = [&meter](const RunConfig& config, std::uint32_t slots,
                                  ChatCallback callback) -> Result<std::unique_ptr<Gateway>> {
    FD_TRY(std::vector<Endpoint> endpoints, endpoints_with_secrets(config, environment_variable));
    meter.set_slots(slots);
    auto counted = [&meter, callback = std::move(callback)](ChatResult result) {
      meter.ended();
      callback(std::move(result));
    };
    return std::unique_ptr<Gateway>(std::make_unique<MeteredGateway>(
        std::make_unique<CurlGateway>(std::move(endpoints), config.gateway, slots, random_u64(),
                                      std::move(counted)),
        meter));
  };
  options.load = [&meter] { return meter.load(); };
  options.exited = [&ended_promise](int exit_code) { ended_promise.set_value(exit_code); };

  // Before the actors, which use them: whoever is under way when this ends still finds them.
  SilenceReport silence(settings.endpoint, log);
  options.silent = [&silence](Duration time) { silence.silent(time); };
  const PeerNetwork network(settings.keys ? std::optional(settings.keys->own) : std::nullopt,
                            settings.allow_plaintext);
  caf::actor_system_config system_config;
  // One thread for each sample that may run SQL; the other stages cost next to nothing beside it,
  // and more threads than that only wake each other.
  act::configure(system_config, std::max<std::size_t>(1, options.exec_actors));
  caf::actor_system system(system_config);
  caf::actor worker;
  std::promise<caf::actor> ready;
  std::shared_future<caf::actor> ready_future = ready.get_future().share();
  std::atomic<bool> rejected = false;
  options.core.peer_key = network.public_key();
  TransportSecurity security;
  if (settings.keys) {
    security.own = std::move(settings.keys->own);
    security.server = settings.keys->server;
  }
  security.rejected = [&rejected, &log](const Error& error) {
    log.error("rejected", {{"why", error.message}});
    rejected = true;
  };
  const auto hand_on = [ready_future](std::vector<Incoming> frames) {
    act::post(ready_future.get(),
              FramesIn{std::make_shared<std::vector<Incoming>>(std::move(frames))});
  };
  auto control = ZmqTransport::connect(settings.endpoint, security, Traffic::control, hand_on);
  if (!control.ok()) {
    return fail(control.error());
  }
  auto bulk = ZmqTransport::connect(settings.endpoint, std::move(security), Traffic::bulk, hand_on,
                                    [ready_future] { act::post(ready_future.get(), BulkMade{}); });
  if (!bulk.ok()) {
    return fail(bulk.error());
  }
  std::unique_ptr<ZmqTransport> peers;
  if (settings.peer_listen) {
    auto made = network.listen(*settings.peer_listen, [ready_future](std::vector<Incoming> frames) {
      act::post(ready_future.get(),
                PeerFramesIn{std::make_shared<std::vector<Incoming>>(std::move(frames))});
    });
    if (!made.ok()) {
      return fail(made.error());
    }
    peers = std::move(made).value();
    const auto reachable = reachable_endpoint(peers->endpoints().front(), settings.endpoint);
    if (!reachable) {
      std::fprintf(stderr, "fd-worker: --peer-listen: name an address that other workers reach\n");
      return kExitUsage;
    }
    options.core.peer_endpoint = *reachable;
    options.peers = peers.get();
    log.info("serving", {{"endpoint", *reachable}});
  }
  options.peers_known = [&network](const std::vector<PeerInfo>& known) { network.known(known); };
  options.connect_peer = [&network](const PeerInfo& peer, ReceiveCallback receive) {
    return network.connect(peer, std::move(receive));
  };
  worker = spawn_worker(system, clock, {**control, **bulk}, log, std::move(options));
  ready.set_value(worker);
  log.info("started", {{"connect", settings.endpoint}, {"version", FD_VERSION}});
  const int exit_code = wait_for_end(worker, ended, rejected, silence);
  bulk.value().reset();  // sends what is queued
  control.value().reset();
  peers.reset();
  caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  worker = nullptr;
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread: main waits for them
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that must not grow is an error of its write
  umask(077);
  keep_process_private();

  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto parsed = parse_command(command(), arguments);
  if (!parsed.ok()) {
    std::fprintf(stderr, "fd-worker: %s\n", parsed.error().message.c_str());
    return kExitUsage;
  }
  if (parsed->has("--help")) {
    std::fputs(help_text(command()).c_str(), stdout);
    return 0;
  }
  if (parsed->has("--version")) {
    std::puts("fd-worker " FD_VERSION);
    return 0;
  }
  auto settings = settings_of(*parsed);
  if (!settings.ok()) {
    return fail(settings.error());
  }
  init_sqlite_accounting();
  return serve(std::move(settings).value());
}
