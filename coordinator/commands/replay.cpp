#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "actors/config/loader.hpp"
#include "actors/gateway/http/curl_senders.hpp"
#include "actors/gateway/http/endpoint_secrets.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/directory_trust.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/incarnation.hpp"
#include "actors/system/shell_text.hpp"
#include "actors/system/stop_signals.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/replay/databases.hpp"
#include "coordinator/replay/fresh.hpp"
#include "coordinator/replay/place.hpp"
#include "coordinator/replay/shard.hpp"
#include "coordinator/run/known_endpoints.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/shards/current.hpp"
#include "coordinator/shards/replace.hpp"
#include "coordinator/shards/restore.hpp"
#include "coordinator/text/commands_to_copy.hpp"
#include "coordinator/text/report_text.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

class Replay {
 public:
  Replay(const ParsedCommand& parsed, std::chrono::seconds drain, ShardPlace place,
         StopSignals& signals)
      : fresh_(parsed.has("--fresh")),
        drain_(drain),
        databases_(parsed.value("--databases").value_or("")),
        gateway_(parsed.value("--gateway").value_or("")),
        place_(std::move(place)),
        signals_(signals) {}

  /// Errors: with the exit code of their Errc.
  Result<int> run() {
    FD_TRY_VOID(finish_replacement(place_.folder));
    FD_TRY(const Manifest manifest, read_shard_manifest_at(place_.folder));
    name_ = "shard " + std::to_string(manifest.shard.value_or(0)) + " of " + manifest.run_id;
    FD_TRY_VOID(check_run(manifest));
    if (manifest.state == ShardFileState::pending) {
      std::printf("%s: was never finished, so there is nothing to replay\nto go on: %s\n",
                  name_.c_str(), how_to_finish().c_str());
      return kExitFailedSamples;
    }
    FD_TRY(FinishedShard shard, read_or_restore(manifest));
    FD_TRY(const auto databases,
           find_databases(manifest.databases,
                          place_.run_root ? RunDir(*place_.run_root).databases() : "", databases_));
    FD_TRY(ShardReplay replay,
           ShardReplay::make(std::move(shard), [databases](const std::string& digest) {
             const auto found = databases.find(digest);
             return found == databases.end() ? Error{Errc::not_found, "no database " + digest}
                                             : open_sqlite_sandbox(found->second);
           }));
    const ReplayCheck check = replay.check();
    if (!check.difference.empty()) {
      std::printf("%s: comes out otherwise: %s\n", name_.c_str(), check.difference.c_str());
      return kExitCorrupt;
    }
    if (check.failed == 0) {
      FD_TRY_VOID(remove_tree(replay_folder(place_.folder)));
      std::printf("%s: %zu samples, same digest %s\n", name_.c_str(), replay.shard().samples.size(),
                  check.digest.hex().c_str());
      return kExitComplete;
    }
    return fresh_ ? ask(replay) : report_failed(replay, check);
  }

 private:
  /// A folder that lies in a run must be of that run. Errors: stale, corrupt; as check_stages().
  Result<void> check_run(const Manifest& manifest) const {
    if (!place_.run_root) {
      return {};
    }
    FD_TRY(const RunFacts facts, read_run_facts(RunDir(*place_.run_root)));
    if (facts.run_id != manifest.run_id) {
      return Error{Errc::stale, place_.folder + ": is of the run " + manifest.run_id +
                                    ", but lies in the folder of " + facts.run_id};
    }
    FD_TRY_VOID(check_output_version(RunDir(*place_.run_root), facts));
    return check_stages(RunDir(*place_.run_root), facts);
  }

  /// Returns the shard, whose files are first written again from the run's ledger if they must be.
  Result<FinishedShard> read_or_restore(const Manifest& manifest) const {
    auto shard = read_shard_to_replay(place_.folder);
    if (shard.ok() || shard.error().code != Errc::corrupt || !place_.run_root) {
      return shard;
    }
    if (!fresh_) {
      return Error{Errc::corrupt, shard.error().message +
                                      "\nto write it again from the run's ledger: " + how_to_ask()};
    }
    const RunDir dir(*place_.run_root);
    FD_TRY(const RunFacts facts, read_run_facts(dir));
    FD_TRY(const LoadedConfig loaded,
           load_stored_config(dir.run_json(), facts.config_json, "", {environment_variable, {}}));
    const auto restored =
        restore_shard(dir, loaded.config, facts.run_id, manifest.shard.value_or(0));
    if (!restored.ok()) {
      return Error{restored.error().code, shard.error().message + "\n" + restored.error().message};
    }
    std::printf("%s: %s\n%s: written again from the run's ledger\n", name_.c_str(),
                shard.error().message.c_str(), name_.c_str());
    return read_shard_to_replay(place_.folder);
  }

  [[nodiscard]] std::string how_to_finish() const {
    return place_.run_root ? resume_line(*place_.run_root)
                           : "fd-coordinator resume RUN_DIR, where the run is";
  }
  [[nodiscard]] std::string how_to_ask() const {
    std::string line = fresh_replay(place_.folder);
    if (!databases_.empty()) {
      line += " --databases " + shell_word(databases_);
    }
    if (!gateway_.empty()) {
      line += " --gateway " + shell_word(gateway_);
    }
    return line;
  }

  static void print_reasons(const std::map<std::string, std::uint64_t>& reasons) {
    for (const auto& [reason, count] : reasons) {
      std::printf("  %s: %llu\n", reason.c_str(), static_cast<unsigned long long>(count));
    }
  }

  [[nodiscard]] int report_failed(ShardReplay& replay, const ReplayCheck& check) const {
    const std::uint64_t total = replay.shard().samples.size();
    std::printf(
        "%s: %llu samples come out the same, %llu are failed, and %zu calls have no answer\n",
        name_.c_str(), static_cast<unsigned long long>(total - check.failed),
        static_cast<unsigned long long>(check.failed), replay.missing().size());
    print_reasons(check.failed_reasons);
    std::printf("to ask again: %s\n", how_to_ask().c_str());
    return kExitFailedSamples;
  }

  /// Returns the config under which calls are made. Errors: stale, when it would decide other
  /// output; as load_stored_config().
  Result<RunConfig> config_to_ask_with(const RunConfig& recorded) const {
    std::string name = place_.folder + "/" + RunDir::kConfig;
    std::string text = json::canonical(semantic_config(recorded));
    if (place_.run_root) {
      FD_TRY(const RunFacts facts, read_run_facts(RunDir(*place_.run_root)));
      name = RunDir(*place_.run_root).run_json();
      text = facts.config_json;
    }
    auto loaded = load_stored_config(name, text, gateway_, {environment_variable, {}});
    if (!loaded.ok()) {
      const bool alone = !place_.run_root && gateway_.empty();
      return alone ? loaded.error().within(
                         "a shard alone names no endpoint; give --gateway FILE, or "
                         "FASTDISTILL_BASE_URL in the environment")
                   : loaded.error();
    }
    const std::string difference = semantic_difference(recorded, loaded->config);
    if (!difference.empty()) {
      return Error{Errc::stale,
                   place_.folder + ": the shard's own config rules, and " + difference};
    }
    FD_TRY_VOID(check_keys(loaded->config.gateway));
    return std::move(loaded->config);
  }

  /// Errors: as check_endpoints(), unless the command line names the endpoints' file.
  Result<void> check_keys(const GatewayConfig& gateway) const {
    const std::string file = known_endpoints_file(environment_variable);
    if (!gateway_.empty()) {
      return {};
    }
    const auto known = check_endpoints(file, gateway, said_places({}, environment_variable));
    return known.ok() ? known
                      : Error{known.error().code,
                              place_.folder + ": " + known.error().message +
                                  "; if that is right, name it in a file: --gateway FILE"};
  }

  Result<int> ask(ShardReplay& replay) {
    FD_TRY(const RunConfig config, config_to_ask_with(replay.shard().config));
    FD_TRY(std::vector<Endpoint> endpoints, endpoints_with_secrets(config, environment_variable));
    const std::uint32_t slots = config.gateway.max_concurrency();
    signals_.say("every answer is recorded. To go on: " + how_to_ask());
    Drain drain(signals_);
    AskOptions options;
    options.journal_folder = replay_journal(place_.folder);
    options.incarnation = new_incarnation();
    options.signal = [&drain, slots, drain_s = drain_.count(),
                      said = false](std::size_t open) mutable {
      drain.under_way(std::min<std::size_t>(open, slots));
      const int number = drain.signal();
      if (number != 0 && !std::exchange(said, true)) {
        std::fprintf(stderr,
                     "stopping: calls in flight are still recorded, for at most %llu s (again: "
                     "stop at once)\n",
                     static_cast<unsigned long long>(drain_s));
      }
      return number;
    };
    options.drain = drain_;
    options.gateway = {config.gateway, slots, random_u64()};
    options.make_senders = curl_senders(std::move(endpoints), config.gateway.request_timeout_s);
    FD_TRY(Asked asked, ask_for_missing(replay, options));
    asked.signal = drain.finish();  // also one that came after the last look
    FD_TRY(const Manifest manifest, replace_shard(place_.folder, config, replay.result()));
    return report_asked(asked, manifest);
  }

  [[nodiscard]] int report_asked(const Asked& asked, const Manifest& manifest) const {
    const bool committed = manifest.state == ShardFileState::committed;
    std::printf("%s: %llu calls, %llu answers%s; %s\n", name_.c_str(),
                static_cast<unsigned long long>(asked.calls),
                static_cast<unsigned long long>(asked.answers),
                asked.recovered == 0
                    ? ""
                    : (" and " + std::to_string(asked.recovered) + " of an earlier replay").c_str(),
                committed ? "committed" : "some samples are still failed");
    if (committed) {
      std::printf("to merge it: %s\n", how_to_finish().c_str());
      return kExitComplete;
    }
    std::map<std::string, std::uint64_t> failures;
    for (const auto& [reason, count] : manifest.reasons) {
      const auto known = from_name<Reason>(reason);
      if (known && *known >= Reason::provider_error) {
        failures[reason] = count;
      }
    }
    print_reasons(failures);
    if (asked.in_flight > 0) {
      std::fprintf(stderr, "fd-coordinator: %s\n", stopped(asked.in_flight).c_str());
    }
    if (asked.no_endpoint) {
      std::fprintf(stderr, "fd-coordinator: no usable endpoint: %s\n",
                   asked.no_endpoint->message.c_str());
    }
    std::printf("to go on: %s\n", how_to_ask().c_str());
    return asked.signal != 0   ? kExitSignal + asked.signal
           : asked.no_endpoint ? kExitNoEndpoint
                               : kExitFailedSamples;
  }

  const bool fresh_;  ///< ask again for what failed or is missing
  const std::chrono::seconds drain_;
  const std::string databases_;  ///< empty: those of the run
  const std::string gateway_;    ///< a file; empty: the run's, or the environment's
  ShardPlace place_;
  StopSignals& signals_;
  std::string name_;  ///< of the shard, for messages
};

Result<int> replay(const ParsedCommand& parsed, StopSignals& signals) {
  std::optional<std::uint32_t> shard;
  if (parsed.has("--shard")) {
    FD_TRY(const std::uint64_t number, parsed.number("--shard", 0, 0, UINT32_MAX));
    shard = static_cast<std::uint32_t>(number);
  }
  FD_TRY(const std::uint32_t drain_s, drain_seconds(parsed));
  FD_TRY_VOID(check_sqlite_library());
  init_sqlite_accounting();
  FD_TRY(ShardPlace place, find_shard(parsed.positionals.front(), shard));
  FD_TRY_VOID(check_own_folder(place.run_root.value_or(place.folder)));
  FD_TRY(const auto lock, lock_place(place));
  return Replay(parsed, std::chrono::seconds(drain_s), std::move(place), signals).run();
}

}  // namespace

Command replay_command() {
  return {
      .name = "replay",
      .summary = "run one shard again from its folder",
      .usage = "MANIFEST | RUN_DIR --shard K [options]",
      .about =
          "Runs one shard again from its folder alone: with the recorded answers and no call, to "
          "compare; or,\n"
          "with --fresh, asking again for what failed or is missing, and commits it where it lies.",
      .options = {{"--shard", "K", "which shard of the run"},
                  {"--fresh", "", "ask again for what failed or is missing"},
                  {"--databases", "DIR",
                   "where the rows' databases lie, under any name (default: the run's)"},
                  {"--gateway", "FILE", "endpoints to ask (default: the run's)"},
                  kDrainOption},
      .run = replay,
      .outlives_reader = true};
}

}  // namespace fd
