#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.hpp"

namespace fd {

/// What becomes of what is written to a file system.
enum class DiskKind {
  lasting,  ///< it stays, as far as the system can tell
  memory,   ///< it is gone once the machine is started again
  network,  ///< NFS or SMB: locks and mapped memory are not what SQLite's log needs
};

/// Returns the kind by the file system's type. Source: statfs(2), f_type.
DiskKind disk_kind(std::uint64_t type);

/// Returns the kind of disk that a folder is on. Errors: not_found, storage.
Result<DiskKind> disk_kind_of(const std::string& folder);

/// Refuses what a run cannot be kept on: a network file system. Errors: invalid_input, naming the
/// folder and what to do.
Result<void> accept_disk(DiskKind kind, const std::string& folder);
/// The same for the disk that the folder is on. Errors: those of both.
Result<void> check_disk(const std::string& folder);

}  // namespace fd
