#include "coordinator/commands/shared_options.hpp"

#include <cstdio>

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
  live.quiet = parsed.has("--quiet");
  FD_TRY(live.level, parsed.log_level(live.level));
  return live;
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
