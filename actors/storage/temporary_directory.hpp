#pragma once

#include <string>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd {

/// A new folder that only this user may enter, removed with all in it when the object ends.
class TemporaryFolder {
 public:
  /// Makes one under $TMPDIR, else /tmp. Errors: storage.
  static Result<TemporaryFolder> create();
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace fd
