#pragma once

#include <cstdint>

#include "protocol/result.hpp"

namespace fd {

/// A process that takes connections needs at least this many open files.
inline constexpr std::uint64_t kOpenFilesMin = 1024;
inline constexpr std::uint64_t kOpenFilesMax = 65536;  ///< more are not asked for

/// Returns the soft limit to set for these limits of a process. Errors: invalid_input, when it
/// would be below kOpenFilesMin. Pure.
Result<std::uint64_t> open_files_goal(std::uint64_t soft, std::uint64_t hard);

/// Raises this process's limit of open files to that. Errors: as above.
Result<void> raise_open_files();

}  // namespace fd
