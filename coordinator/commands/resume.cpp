#include <filesystem>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/live/carry_on.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/run/known_endpoints.hpp"
#include "coordinator/run/run_folder.hpp"

namespace fd {
namespace {

/// Returns the folder behind links such as `latest`, or `path` when there is none.
std::string resolved(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

/// Returns the run's config with what environment and --set say about pace and endpoints.
/// Errors: stale, naming the key that decides output and differs, or that this program does not
/// know; as load_config(); corrupt; as check_endpoints().
Result<RunConfig> config_to_go_on_with(const RunFolder& folder,
                                       const std::vector<std::string>& sets) {
  FD_TRY(const RunConfig then, read_run_config(folder.dir(), folder.facts()));
  FD_TRY(LoadedConfig now, load_stored_config(folder.dir().run_json(), folder.facts().config_json,
                                              "", {environment_variable, sets}));
  print_warnings(now.warnings);
  const std::string difference = semantic_difference(then, now.config);
  if (!difference.empty()) {
    return Error{Errc::stale, folder.dir().root() + ": the run's own config rules, and " +
                                  difference + "; start a new run for that"};
  }
  const auto known = check_endpoints(known_endpoints_file(environment_variable), now.config.gateway,
                                     said_places(sets, environment_variable));
  if (!known.ok()) {
    return Error{known.error().code, folder.dir().root() + ": " + known.error().message +
                                         "; if that is right, say it: --set "
                                         "gateway.providers.N.base_url=URL (.proxy, .ca_pem)"};
  }
  if (now.config.reuse) {
    FD_TRY(*now.config.reuse, resolve_reuse(*now.config.reuse, now.directory));
  }
  return std::move(now.config);
}

Result<int> resume(const ParsedCommand& parsed, StopSignals& signals) {
  signals.say("no call was made. The same command goes on");
  FD_TRY(const LiveOptions live, live_options(parsed));
  FD_TRY_VOID(check_live_options(live));
  FD_TRY(const auto folder, RunFolder::open(resolved(parsed.positionals.front())));
  FD_TRY(RunConfig config, config_to_go_on_with(*folder, parsed.all("--set")));
  FD_TRY_VOID(check_place(live, "", config));
  return carry_on(live, config, *folder, signals);
}

}  // namespace

Command resume_command() {
  return {.name = "resume",
          .summary = "go on with a run that was stopped, or has failed samples",
          .usage = "RUN_DIR [options]",
          .about =
              "Goes on with a run that was killed or stopped, or has failed samples. Everything is "
              "taken from the\n"
              "run's folder; only what decides no output may be changed.",
          .options = {kWorkersOption, kListenOption, kDrainOption, kSetOption, kProgressOption,
                      kQuietOption, kLogLevelOption},
          .run = resume,
          .outlives_reader = true};
}

}  // namespace fd
