#pragma once

#include "protocol/base/result.hpp"

namespace fd {

// How a program ends. Scripts rely on these numbers; docs/contract.md says what each one means.

inline constexpr int kExitComplete = 0;
inline constexpr int kExitGateFailed = 1;
inline constexpr int kExitUsage = 2;  ///< also a config that is not sound
inline constexpr int kExitInput = 3;
inline constexpr int kExitFailedSamples = 4;
inline constexpr int kExitCorrupt = 5;
inline constexpr int kExitBusy = 6;
inline constexpr int kExitStorage = 7;
inline constexpr int kExitRefused = 8;
inline constexpr int kExitNoEndpoint = 10;
inline constexpr int kExitMismatch = 11;  ///< a run folder of something else, or another build
inline constexpr int kExitBug = 70;       ///< as fail_check() ends a process
/// A program that signal n asked to end ends with kExitSignal + n.
inline constexpr int kExitSignal = 128;

/// Returns the exit code that an error leads to, whatever the program. None leads to kExitBug.
int exit_code_of(Errc code);

}  // namespace fd
