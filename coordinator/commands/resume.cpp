#include "coordinator/commands/resume.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/text/exit_code.hpp"

namespace fd {
namespace {

/// Returns the folder behind links such as `latest`, or `path` when there is none.
std::string resolved(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

/// Returns the run's config with what environment and --set say about pace and endpoints.
/// Errors: stale, naming the key that decides output and differs; as load_config(); corrupt.
Result<RunConfig> config_to_go_on_with(const RunFolder& folder, const ResumeCommand& command) {
  const std::string name = folder.dir().run_json();
  const auto then = config_from_json(folder.facts().config_json);
  if (!then.ok() || config_digest(*then) != folder.facts().config_digest) {
    return Error{Errc::corrupt, name + ": its config is not the one that its config_digest names" +
                                    (then.ok() ? "" : ": " + then.error().message)};
  }
  FD_TRY(LoadedConfig now, load_stored_config(name, folder.facts().config_json, "",
                                              {environment_variable, command.sets}));
  for (const std::string& warning : now.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  const std::string difference = semantic_difference(*then, now.config);
  if (!difference.empty()) {
    return Error{Errc::stale, folder.dir().root() + ": the run's own config rules, and " +
                                  difference + "; start a new run for that"};
  }
  FD_TRY(now.config.reuse, resolve_reuse(now.config.reuse, now.directory));
  return std::move(now.config);
}

}  // namespace

int resume_command(const ResumeCommand& command) {
  if (const auto checked = check_live_options(command.live); !checked.ok()) {
    return report_failure(checked.error());
  }
  const auto folder = RunFolder::open(resolved(command.run_dir));
  if (!folder.ok()) {
    return report_failure(folder.error());
  }
  auto config = config_to_go_on_with(**folder, command);
  if (!config.ok()) {
    return report_failure(config.error());
  }
  if (const auto place = check_place(command.live, "", *config); !place.ok()) {
    return report_failure(place.error());
  }
  return carry_on(command.live, *config, **folder);
}

}  // namespace fd
