#pragma once

#include <string>

#include "actors/system/descriptor.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// A folder that this process alone works on, until the lock is destroyed. The lock goes with the
/// process, so that what a dead one left behind holds nobody up.
class FolderLock {
 public:
  /// Locks by the file at `path`, which is made when it is not there.
  /// Errors: busy, with the message `busy_message`; storage.
  static Result<FolderLock> on_file(const std::string& path, const std::string& busy_message);
  /// Keeps those out who lock by the file at `path`, for somebody who only reads; readers do not
  /// keep each other out. Without the file nobody has ever locked by it, and nothing is locked.
  /// Errors: as on_file().
  static Result<FolderLock> shared(const std::string& path, const std::string& busy_message);
  /// Locks the folder at `path` itself and leaves nothing in it. Errors: as on_file().
  static Result<FolderLock> on_folder(const std::string& path, const std::string& busy_message);

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  Descriptor fd_;
};

/// Returns whether a process holds a lock by the file at `path` (FolderLock::on_file).
bool is_locked(const std::string& path);

}  // namespace fd
