#include "worker/worker_options.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <sys/prctl.h>
#include <unistd.h>

#include "actors/system/stop_signals.hpp"
#include "worker/peer_network.hpp"
#include "worker/stage_options.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kCacheMbDefault = 8192;

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

std::string host_name() {
  char host[64] = "worker";
  gethostname(host, sizeof host - 1);
  return std::string(host).substr(0, 40);
}

/// Reads the keys that the command line names. Errors: refused, not_found, invalid_input,
/// storage.
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
Result<void> take_stages(const ParsedCommand& parsed, WorkerSettings& settings) {
  std::vector<StageId>& stages = settings.options.loop.core.stages;
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
  if (settings.peer_listen && !serves_peer_stage(stages)) {
    return Error{Errc::invalid_input,
                 "--peer-listen: there is nothing to serve with --stages teacher alone"};
  }
  return {};
}

}  // namespace

CommandSpec worker_command() {
  CommandSpec spec;
  spec.usage = "fd-worker --connect ENDPOINT [options]";
  spec.about =
      "Takes shards from a coordinator, asks the teachers, runs the gates, and hands everything "
      "back.\n"
      "Serves run after run until it is told to end; SIGTERM lets calls under way finish first.";
  spec.options = {
      {"--connect", "ENDPOINT", "the coordinator, such as tcp://127.0.0.1:5555"},
      {"--keys", "DIR",
       "keys that encrypt the wire: a folder of `fd-coordinator keygen`, or its workers/NAME"},
      {"--keys-fd", "N", "open file to read the keys from (for workers of a coordinator's own)"},
      {"--allow-plaintext", "", "speak with another machine without keys: anybody can read along"},
      {"--name", "NAME", "how reports call this worker (default: host name and a number)"},
      {"--stages", "A,B,...",
       "what it does: teacher, " + stage_names(peer_stages(), ", ") +
           " (default: all); judge is taken beside\n"
           "teacher, and no run of this version asks for it. Without teacher it takes no shards "
           "and\n"
           "serves its stages to workers that ask for them"},
      {"--peer-listen", "ENDPOINT",
       "where it serves its stages to other workers (default without teacher: a free port of the\n"
       "address that the coordinator is reached from; else: nowhere)"},
      {"--concurrency", "N", "at most N calls in flight here (default: its share of the run's)"},
      {"--exec-threads", "N", "how many samples run SQL at the same time (default: the cores)"},
      {"--state", "DIR",
       "where answers are journaled and databases kept (default: a journal under\n"
       "$XDG_STATE_HOME or ~/.local/state, databases in a temporary folder)"},
      {"--journal", "DIR", "where answers are journaled (default: STATE/journal)"},
      {"--cache-mb", "N", "how much space databases may take (default: 8192)"},
      {"--drain-s", "N", "how long SIGTERM waits for calls under way (default: 25)"},
      {"--log-level", "LEVEL", "error, warn, info, debug or trace (default: info)"},
      {"--parent-pid", "PID", "end as soon as this parent process has ended"},
      {"--help", "", "show this"},
      {"--version", "", "show the version"}};
  return spec;
}

Result<WorkerSettings> worker_settings(const ParsedCommand& parsed) {
  WorkerSettings settings;
  const auto endpoint = parsed.value("--connect");
  if (!endpoint) {
    return Error{Errc::invalid_input,
                 "--connect ENDPOINT is missing\nusage: " + worker_command().usage};
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
  options.loop.core.policy = verdict_policy();
  FD_TRY(const std::uint64_t concurrency, parsed.number("--concurrency", 0, 1, 65536));
  options.loop.core.slots_max = static_cast<std::uint32_t>(concurrency);
  FD_TRY(const std::uint64_t drain_s,
         parsed.number("--drain-s", kDrainSeconds, 0, kDrainSecondsMax));
  options.loop.core.drain = std::chrono::seconds(drain_s);
  const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
  FD_TRY(const std::uint64_t threads, parsed.number("--exec-threads", cores, 1, 256));
  options.parts.exec_actors = static_cast<std::uint32_t>(threads);
  options.loop.core.threads = options.parts.exec_actors;
  FD_TRY(const std::uint64_t cache_mb, parsed.number("--cache-mb", kCacheMbDefault, 1, 1u << 24));
  options.loop.database_cache_bytes = cache_mb << 20;
  FD_TRY(settings.level, parsed.log_level(settings.level));
  if (parent != 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (static_cast<std::uint64_t>(getppid()) != parent) {
      return Error{Errc::unavailable, "the parent process has ended already"};
    }
  }
  return settings;
}

}  // namespace fd
