#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/live/live_run.hpp"
#include "coordinator/text/exit_code.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// What `fd-coordinator run` was told on the command line.
struct RunCommand {
  std::string config_path;
  std::vector<std::string> inputs;  ///< --input; empty: those of the config
  std::string artifacts;            ///< --out, resolved
  std::optional<std::string> run_id;
  std::uint64_t limit = 0;
  std::vector<std::string> sets;
  LiveOptions live;
};

/// Runs the whole way from raw rows to the export. Results go to standard output, progress and logs
/// to standard error. Returns the exit code of docs/contract.md. Requires: SIGINT, SIGTERM and
/// SIGCHLD are blocked in every thread.
int run_command(const RunCommand& command);

/// Returns the input files: those of the command line, else those of the config (relative to it).
/// Errors: invalid_input, when neither names any.
Result<std::vector<std::string>> resolve_inputs(const std::vector<std::string>& from_command_line,
                                                const std::vector<std::string>& from_config,
                                                const std::string& config_directory);

}  // namespace fd
