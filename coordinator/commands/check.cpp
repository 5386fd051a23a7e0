#include <cstdio>
#include <filesystem>

#include "actors/config/loader.hpp"
#include "actors/gateway/http/endpoint_secrets.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/storage/temporary_directory.hpp"
#include "actors/system/shell_text.hpp"
#include "coordinator/check/check_data.hpp"
#include "coordinator/check/check_endpoints.hpp"
#include "coordinator/commands/command.hpp"
#include "coordinator/commands/shared_options.hpp"
#include "coordinator/text/failure.hpp"
#include "protocol/exit_code.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kRowsLookedAt = 1000;

int print(const CheckReport& report, bool json, int exit_code) {
  std::fputs((json ? checks_as_json(report) : render_checks(report)).c_str(), stdout);
  return exit_code;
}

/// Checks all but the config itself, which is sound.
Result<void> check_job(const ParsedCommand& parsed, const LoadedConfig& loaded,
                       CheckReport& report) {
  const RunConfig& config = loaded.config;
  FD_TRY(const std::uint64_t limit, parsed.number("--limit", kRowsLookedAt, 1, kLimitMax));
  FD_TRY(const LiveOptions live, live_options(parsed));
  FD_TRY(const std::vector<Endpoint> endpoints,
         endpoints_with_secrets(config, environment_variable));
  FD_TRY_VOID(check_sqlite_library());
  init_sqlite_accounting();
  FD_TRY(
      const TemporaryDirectory place,
      TemporaryDirectory::create_in(std::filesystem::temp_directory_path().string(), "fd-check-"));
  FD_TRY(std::vector<InputSpec> inputs, input_files(parsed, loaded));
  FD_TRY(const auto sample,
         check_data(config, std::move(inputs), limit, place.path(), live.local_workers(), report));
  check_endpoints(config, endpoints, sample, parsed.has("--probe") ? Probe::all : Probe::free_only,
                  report);
  check_prices(config, report);
  check_limits(config, report);
  return {};
}

Result<int> check(const ParsedCommand& parsed, StopSignals& /*signals*/) {
  const bool json = parsed.has("--json");
  CheckReport report;
  const auto loaded =
      load_config(parsed.positionals.front(), {environment_variable, parsed.all("--set")});
  if (!loaded.ok()) {
    report.add("config", CheckStatus::error, loaded.error().message);
    return print(report, json, exit_code_of(loaded.error().code));
  }
  for (const std::string& warning : loaded->warnings) {
    report.add("config", CheckStatus::warning, warning);
  }
  if (report.rows.empty()) {
    report.add("config", CheckStatus::ok, "sound");
  }
  FD_TRY_VOID(check_job(parsed, *loaded, report));
  return print(report, json, report.exit_code());
}

}  // namespace

Command check_command() {
  return {.name = "check",
          .summary = "look at a job before it is run",
          .usage = "CONFIG [--probe] [--json] [options]",
          .about =
              "Looks at a job without starting it: the config, the first rows with their databases "
              "and golds, and\n"
              "each endpoint. Endpoints are asked for their models, and for a short answer where "
              "that is free.",
          .options = {{"--probe", "", "ask every endpoint for an answer of 16 tokens"},
                      {"--json", "", "an object a line, for programs"},
                      kInputOption,
                      {"--limit", "N", "look at the first N rows (default: 1000)"},
                      kWorkersOption,
                      kSetOption},
          .run = check};
}

}  // namespace fd
