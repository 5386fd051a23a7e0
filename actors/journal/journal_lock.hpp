#pragma once

#include <string>

#include "actors/storage/folder_lock.hpp"

namespace fd {

/// Locks a folder of journals for this process alone.
/// Errors: busy (another process, or another lock in this one, holds it), storage.
inline Result<FolderLock> lock_journals(const std::string& folder) {
  return FolderLock::on_file(folder + "/journal.lock",
                             folder + ": another process writes journals there");
}

}  // namespace fd
