#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/system/log.hpp"
#include "coordinator/run/run_folder.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Who does the work of a run, and what is shown of it. Decides no output.
struct LiveOptions {
  std::optional<std::uint32_t> workers;  ///< local ones; nothing: 2
  std::optional<std::string> listen;     ///< where others may come to
  bool quiet = false;
  LogLevel level = LogLevel::warn;
};

/// Checks what can be wrong before anything is read: the address, nobody to do the work, no program
/// for workers. Errors: invalid_input, not_found.
Result<void> check_live_options(const LiveOptions& options);
/// Makes the path of the keys in `config` absolute, and checks the keys, whether the run may listen
/// where it is told to, the libraries, and that enough files may be open.
/// Errors: refused, not_found, invalid_input.
Result<void> check_place(const LiveOptions& options, const std::string& config_directory,
                         RunConfig& config);

/// Takes the run in `folder` from where it is to its end: what is missing is done, everything is
/// merged and reported. A run that is complete is left as it is. Returns the exit code of
/// docs/contract.md, after saying on standard error how to go on when there is something left.
/// Requires: SIGINT, SIGTERM and SIGCHLD are blocked in every thread.
int carry_on(const LiveOptions& options, const RunConfig& config, RunFolder& folder);

}  // namespace fd
