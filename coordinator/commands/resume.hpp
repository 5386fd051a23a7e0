#pragma once

#include <string>
#include <vector>

#include "coordinator/live/live_run.hpp"

namespace fd {

/// What `fd-coordinator resume` was told on the command line.
struct ResumeCommand {
  std::string run_dir;
  std::vector<std::string> sets;  ///< --set: of keys that decide no output
  LiveOptions live;
};

/// Goes on with a run from what stands in its folder; no input is read again. The run's own config
/// rules: environment and --set may change where calls go and how fast, but nothing that decides
/// output (exit 11). Returns the exit code of docs/contract.md. Requires: as carry_on().
int resume_command(const ResumeCommand& command);

}  // namespace fd
