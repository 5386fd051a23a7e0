#pragma once

#include <cstdint>
#include <vector>

#include "actors/config/loader.hpp"
#include "actors/system/command_line.hpp"
#include "coordinator/ingest/ingest.hpp"
#include "coordinator/live/live_run.hpp"
#include "protocol/base/result.hpp"

namespace fd {

// Options that more than one command has.

inline const CommandOption kInputOption{
    "--input", "FILE", "rows to read instead of the config's `input` (- is standard input)", true};
inline const CommandOption kSetOption{"--set", "KEY=VALUE", "override one key of the config", true};
inline const CommandOption kWorkersOption{"--workers", "N", "local worker processes (default: 2)"};
inline const CommandOption kListenOption{"--listen", "ENDPOINT",
                                         "take other workers too, such as tcp://127.0.0.1:5555"};
inline const CommandOption kDrainOption{
    "--drain-s", "N", "how long Ctrl-C and SIGTERM wait for calls under way (default: 25)"};
inline const CommandOption kProgressOption{
    "--progress", "MODE",
    "bar (of a terminal), plain, json or none (default: bar on a terminal, else plain)"};
inline const CommandOption kQuietOption{"--quiet", "", "as --progress none"};
inline const CommandOption kLogLevelOption{"--log-level", "LEVEL",
                                           "error, warn, info, debug or trace (default: warn)"};

/// The most rows that --limit may name.
inline constexpr std::uint64_t kLimitMax = UINT64_MAX >> 11;

/// Reads what LiveOptions has of these. Errors: invalid_input.
Result<LiveOptions> live_options(const ParsedCommand& parsed);

/// Returns what --progress and --quiet say, or what fits standard error. Errors: invalid_input.
Result<ProgressMode> progress_mode(const ParsedCommand& parsed);

/// Returns what --drain-s says. Errors: invalid_input.
Result<std::uint32_t> drain_seconds(const ParsedCommand& parsed);

/// Returns the input files: those of --input, else those of the config (relative to it).
/// Errors: invalid_input, when neither names any.
Result<std::vector<InputSpec>> input_files(const ParsedCommand& parsed, const LoadedConfig& loaded);

/// Says on standard error what a config, or an input, warns of.
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace fd
