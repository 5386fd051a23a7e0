#pragma once

#include "protocol/base/result.hpp"

namespace fd {

// Exit codes that more than one command ends with; docs/contract.md has the whole table.
inline constexpr int kExitComplete = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInput = 3;
inline constexpr int kExitFailedSamples = 4;
inline constexpr int kExitCorrupt = 5;
inline constexpr int kExitNoEndpoint = 10;
inline constexpr int kExitOtherRun = 11;
/// A command that drained after signal n ends with kExitSignal + n.
inline constexpr int kExitSignal = 128;

/// Returns the exit code that an error leads to.
int exit_code_of(Errc code);

/// Prints `error` as the command's on standard error. Returns its exit code.
int report_failure(const Error& error);
/// Prints `error` as above. Returns `code`.
int report_failure(const Error& error, int code);

}  // namespace fd
