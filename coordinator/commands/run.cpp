#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/config/loader.hpp"
#include "actors/storage/disk_kind.hpp"
#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "actors/system/failpoint.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/live/carry_on.hpp"
#include "coordinator/reuse/reuse_index.hpp"
#include "coordinator/run/known_endpoints.hpp"
#include "coordinator/run/run_folder.hpp"

namespace fd {
namespace {

std::string artifacts_root(const ParsedCommand& parsed) {
  if (const auto out = parsed.value("--out")) {
    return *out;
  }
  if (const auto from_environment = environment_variable("FASTDISTILL_ARTIFACTS_DIR")) {
    return *from_environment;
  }
  return environment_variable("HOME").value_or(".") + "/.cache/fastdistill/artifacts";
}

/// Returns the run id that is asked for, if any. Errors: invalid_input.
Result<std::optional<std::string>> given_run_id(const ParsedCommand& parsed) {
  std::optional<std::string> id = parsed.value("--run-id");
  if (id && !valid_run_id(*id, kMaxGivenRunIdBytes)) {
    return Error{Errc::invalid_input, "--run-id: must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}"};
  }
  if (id == RunDir::kLatest) {
    return Error{Errc::invalid_input,
                 "--run-id: `latest` is the link to the run that ended last; give another name"};
  }
  return id;
}

/// Ingests into a folder beside the runs, and takes that up as the run's folder.
Result<std::unique_ptr<RunFolder>> prepare(const ParsedCommand& parsed,
                                           const std::optional<std::string>& run_id,
                                           std::uint64_t limit, const LoadedConfig& loaded,
                                           std::vector<InputSpec> inputs) {
  const std::string artifacts = artifacts_root(parsed);
  FD_TRY_VOID(make_directories(artifacts));
  FD_TRY_VOID(check_disk(artifacts));
  FD_TRY(const TemporaryDirectory fresh, TemporaryDirectory::create_in(artifacts, ".ingest-"));
  FD_FAILPOINT("k01.ingest_folder_made");
  IngestOptions options;
  options.inputs = std::move(inputs);
  options.config = &loaded.config;
  options.directory = fresh.path();
  options.limit = limit;
  options.run_id = [&](const std::vector<InputFile>& files) {
    return run_id.value_or(default_run_id(loaded.config, files, limit));
  };
  FD_TRY(const IngestSummary ingested, ingest(options));
  print_warnings(ingested.warnings);
  return RunFolder::take(artifacts, fresh.path(), loaded.config, ingested);
}

Result<int> run(const ParsedCommand& parsed, StopSignals& signals) {
  FD_TRY(const auto run_id, given_run_id(parsed));
  signals.say("no call was made. The same command starts again");
  FD_TRY(const LiveOptions live, live_options(parsed));
  FD_TRY(const std::uint64_t limit, parsed.number("--limit", 0, 1, kLimitMax));
  FD_TRY_VOID(check_live_options(live));
  FD_TRY(LoadedConfig loaded,
         load_config(parsed.positionals.front(), {environment_variable, parsed.all("--set")}));
  print_warnings(loaded.warnings);
  RunConfig& config = loaded.config;
  if (config.reuse) {  // run.json is not beside the config
    FD_TRY(*config.reuse, resolve_reuse(*config.reuse, loaded.directory));
  }
  FD_TRY_VOID(check_place(live, loaded.directory, config));
  if (const auto noted = note_endpoints(known_endpoints_file(environment_variable), config.gateway);
      !noted.ok()) {
    print_warnings(
        {"where keys go is not noted, so `resume` will ask for it: " + noted.error().message});
  }
  FD_TRY(std::vector<InputSpec> inputs, input_files(parsed, loaded));
  FD_TRY(const auto folder, prepare(parsed, run_id, limit, loaded, std::move(inputs)));
  return carry_on(live, config, *folder, signals);
}

}  // namespace

Command run_command() {
  return {
      .name = "run",
      .summary = "run the pipeline from raw rows to the export",
      .usage = "CONFIG [options]",
      .about =
          "Runs the whole way from raw rows to the export. The same command again continues a "
          "run that was\n"
          "stopped, asks again for failed samples, or says that the run is complete.",
      .options =
          {kInputOption,
           {"--out", "DIR",
            "artifacts root; the run goes to DIR/RUN_ID (default: "
            "$FASTDISTILL_ARTIFACTS_DIR or ~/.cache/fastdistill/artifacts)"},
           {"--run-id", "ID", "the run's name, any but `latest` (default: from config and input)"},
           kWorkersOption,
           kListenOption,
           kDrainOption,
           {"--limit", "N",
            "take only the first N rows (the inputs are read to their ends, for their digests)"},
           kSetOption,
           kProgressOption,
           kQuietOption,
           kLogLevelOption},
      .run = run,
      .outlives_reader = true};
}

}  // namespace fd
