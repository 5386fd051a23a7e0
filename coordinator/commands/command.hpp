#pragma once

#include <string>
#include <vector>

#include "actors/system/command_line.hpp"
#include "actors/system/stop_signals.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// One command of fd-coordinator: how it is called, and what it does.
struct Command {
  std::string name;
  std::string summary;                      ///< in the overview of all commands
  std::string usage;                        ///< behind `fd-coordinator NAME`
  std::string about;                        ///< a few lines
  std::vector<CommandOption> options = {};  ///< without --help, which every command has
  std::size_t arguments = 1;                ///< how many there must be that are no options
  /// Results go to standard output, progress and logs to standard error. Returns the exit code of
  /// docs/contract.md. Errors: end with the exit code of their Errc. SIGINT and SIGTERM end the
  /// process wherever the command is, without a word of its own, unless it uses the StopSignals.
  Result<int> (*run)(const ParsedCommand&, StopSignals&);
  bool outlives_reader = false;  ///< goes on when nobody reads its output any more
};

/// Runs the whole way from raw rows to the export.
Command run_command();
/// Goes on with a run from what stands in its folder; no input is read again. The run's own config
/// rules: environment and --set may change where calls go and how fast, but nothing that decides
/// output (exit 11).
Command resume_command();
/// Runs one shard again from its folder alone. Without --fresh: from the recorded answers, with no
/// call, to compare. With it: asks for what is missing and commits the shard where it lies.
Command replay_command();
/// Prints the ids of input rows.
Command ids_command();
/// Prints rows of a run.
Command show_command();
/// Tells how far a run is.
Command status_command();
/// Tells what became of one sample.
Command explain_command();
/// Makes the keys of a coordinator and its workers.
Command keygen_command();
/// Looks at a job before it is run.
Command check_command();
/// Recomputes every digest of a run.
Command verify_command();

}  // namespace fd
