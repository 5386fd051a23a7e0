#include "coordinator/commands/run.hpp"

#include <cstdio>
#include <memory>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/disk_kind.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/ingest/ingest_folder.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/run/run_folder.hpp"
#include "coordinator/text/exit_code.hpp"

namespace fd {
namespace {

/// Ingests into a folder beside the runs, and takes that up as the run's folder.
Result<std::unique_ptr<RunFolder>> prepare(const RunCommand& command, const LoadedConfig& loaded,
                                           const std::vector<std::string>& inputs) {
  FD_TRY_VOID(make_directories(command.artifacts));
  FD_TRY_VOID(check_disk(command.artifacts));
  FD_TRY(const IngestFolder fresh, IngestFolder::make(command.artifacts));
  FD_FAILPOINT("k01.ingest_folder_made");
  IngestOptions options;
  for (const std::string& path : inputs) {
    options.inputs.push_back({path});
  }
  options.config = &loaded.config;
  options.directory = fresh.path();
  options.limit = command.limit;
  options.run_id = [&](const std::vector<InputFile>& files) {
    return command.run_id.value_or(default_run_id(loaded.config, files, command.limit));
  };
  FD_TRY(const IngestSummary ingested, ingest(options));
  return RunFolder::take(command.artifacts, fresh.path(), loaded.config, ingested);
}

}  // namespace

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
  if (const auto checked = check_live_options(command.live); !checked.ok()) {
    return report_failure(checked.error());
  }
  auto loaded = load_config(command.config_path, {environment_variable, command.sets});
  if (!loaded.ok()) {
    return report_failure(loaded.error());
  }
  for (const std::string& warning : loaded->warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  auto reuse = resolve_reuse(loaded->config.reuse, loaded->directory);
  if (!reuse.ok()) {
    return report_failure(reuse.error());
  }
  loaded->config.reuse = std::move(reuse).value();  // run.json is not beside the config
  if (const auto place = check_place(command.live, loaded->directory, loaded->config);
      !place.ok()) {
    return report_failure(place.error());
  }
  const auto inputs = resolve_inputs(command.inputs, loaded->config.input, loaded->directory);
  if (!inputs.ok()) {
    return report_failure(inputs.error());
  }
  auto folder = prepare(command, *loaded, *inputs);
  if (!folder.ok()) {
    const Errc code = folder.error().code;
    // What is wrong with the rows is exit 3; a run folder that belongs to something else is
    // exit 11.
    return report_failure(folder.error(), code == Errc::invalid_input || code == Errc::not_found
                                              ? kExitInput
                                          : code == Errc::unsupported ? kExitMismatch
                                                                      : exit_code_of(code));
  }
  return carry_on(command.live, loaded->config, **folder);
}

}  // namespace fd
