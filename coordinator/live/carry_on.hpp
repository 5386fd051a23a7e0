#pragma once

#include <string>

#include "actors/system/stop_signals.hpp"
#include "coordinator/live/live_run.hpp"
#include "coordinator/run/run_folder.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"

namespace fd {

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
/// Errors: end with the exit code of their Errc.
/// A signal of `signals` ends calls under way first, and everything else at once.
/// Requires: this thread and the listener of `signals` are the only ones.
Result<int> carry_on(const LiveOptions& options, const RunConfig& config, RunFolder& folder,
                     StopSignals& signals);

}  // namespace fd
