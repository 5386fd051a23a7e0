#pragma once

#include <cstdint>

#include "protocol/base/result.hpp"

namespace fd {

/// A process that takes connections needs at least this many open files.
inline constexpr std::uint64_t kOpenFilesToListen = 1024;
/// Any other one: databases, journals, libraries.
inline constexpr std::uint64_t kOpenFilesMin = 256;
/// Of these, so many are left for all but the connections of a worker's calls.
inline constexpr std::uint64_t kOpenFilesBesideCalls = 128;
inline constexpr std::uint64_t kOpenFilesMax = 65536;  ///< more are not asked for

/// Returns the soft limit to set for these limits of a process. Errors: invalid_input, when it
/// would be below `needed`. Pure.
Result<std::uint64_t> open_files_goal(std::uint64_t soft, std::uint64_t hard, std::uint64_t needed);

/// Raises this process's limit of open files to that, and returns it. Errors: as above.
Result<std::uint64_t> raise_open_files(std::uint64_t needed);

/// Returns how many calls a worker may have in flight that was asked for `asked` (0: any number): a
/// call takes a connection. Requires: `open_files` >= kOpenFilesMin. Pure.
std::uint32_t calls_within(std::uint64_t open_files, std::uint32_t asked);

}  // namespace fd
