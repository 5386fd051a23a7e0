#include "coordinator/commands/shared_options.hpp"

#include <cstdio>

#include <unistd.h>

#include "actors/system/shell_text.hpp"
#include "actors/system/stop_signals.hpp"

namespace fd {

Result<LiveOptions> live_options(const ParsedCommand& parsed) {
  constexpr std::uint64_t kWorkersMax = 1024;
  LiveOptions live;
  if (parsed.has("--workers")) {
    FD_TRY(const std::uint64_t workers, parsed.number("--workers", 0, 0, kWorkersMax));
    live.workers = static_cast<std::uint32_t>(workers);
  }
  FD_TRY(live.drain_s, drain_seconds(parsed));
  live.listen = parsed.value("--listen");
  FD_TRY(live.progress, progress_mode(parsed));
  FD_TRY(live.level, parsed.log_level(live.level));
  return live;
}

Result<ProgressMode> progress_mode(const ParsedCommand& parsed) {
  const bool terminal =
      isatty(STDERR_FILENO) == 1 && environment_variable("TERM").value_or("dumb") != "dumb";
  const ProgressMode fitting = terminal ? ProgressMode::bar : ProgressMode::plain;
  if (parsed.has("--quiet")) {
    return ProgressMode::none;
  }
  const auto name = parsed.value("--progress");
  if (!name) {
    return fitting;
  }
  const auto mode = progress_mode_from_name(*name);
  if (!mode) {
    return Error{Errc::invalid_input,
                 "--progress: '" + *name + "' is none of bar, plain, json and none"};
  }
  return *mode == ProgressMode::bar ? fitting : *mode;
}

Result<std::uint32_t> drain_seconds(const ParsedCommand& parsed) {
  FD_TRY(const std::uint64_t seconds,
         parsed.number("--drain-s", kDrainSeconds, 0, kDrainSecondsMax));
  return static_cast<std::uint32_t>(seconds);
}

Result<std::vector<InputSpec>> input_files(const ParsedCommand& parsed,
                                           const LoadedConfig& loaded) {
  std::vector<InputSpec> files;
  for (const std::string& path : parsed.all("--input")) {
    files.push_back({path});
  }
  if (files.empty()) {
    for (const std::string& path : loaded.config.input) {
      const bool as_it_is = path == "-" || path.starts_with('/') || loaded.directory.empty();
      files.push_back({as_it_is ? path : loaded.directory + "/" + path});
    }
  }
  if (files.empty()) {
    return Error{Errc::invalid_input,
                 "no input: name files under `input:` in the config, or give --input"};
  }
  return files;
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
}

}  // namespace fd
