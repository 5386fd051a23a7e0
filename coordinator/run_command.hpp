#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/log.hpp"
#include "protocol/result.hpp"

namespace fd {

/// What `fd-coordinator run` was told on the command line.
struct RunCommand {
  std::string config_path;
  std::vector<std::string> inputs;  ///< --input; empty: those of the config
  std::string artifacts;            ///< --out, resolved
  std::optional<std::string> run_id;
  std::optional<std::uint32_t> workers;
  std::optional<std::string> listen;
  std::uint64_t limit = 0;
  std::vector<std::string> sets;
  bool quiet = false;
  LogLevel level = LogLevel::warn;
  std::string command_line;  ///< as typed, to tell how to go on
};

/// Runs the whole way from raw rows to the export. Results go to standard output, progress and logs
/// to standard error. Returns the exit code of docs/contract.md. Requires: SIGINT, SIGTERM and
/// SIGCHLD are blocked in every thread.
int run_command(const RunCommand& command);

/// Returns the exit code that an error leads to.
int exit_code_of(Errc code);

/// Returns the input files: those of the command line, else those of the config (relative to it).
/// Errors: invalid_input, when neither names any.
Result<std::vector<std::string>> resolve_inputs(const std::vector<std::string>& from_command_line,
                                                const std::vector<std::string>& from_config,
                                                const std::string& config_directory);

}  // namespace fd
