#pragma once

#include <string>

#include "actors/system/descriptor.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// A new folder that only this user may enter, removed with all in it when the object ends, unless
/// it has another name by then. Locked while the object lives, so that the next process can tell it
/// from what a dead one left.
class TemporaryDirectory {
 public:
  /// Makes one in `parent`; its name begins with `prefix`. Those of this prefix that dead processes
  /// left are removed first. Errors: storage.
  static Result<TemporaryDirectory> create_in(const std::string& parent, const std::string& prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept = default;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  TemporaryDirectory(std::string path, Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Descriptor lock_;  ///< none: moved from
};

/// Removes the folders in `parent` whose names begin with `prefix`, that belong to this user and
/// that no process holds. What cannot be removed is left for the next time.
void remove_abandoned(const std::string& parent, const std::string& prefix);

}  // namespace fd
