#pragma once

#include <string>
#include <utility>

#include "protocol/base/result.hpp"

namespace fd {

/// A new folder that only this user may enter, removed with all in it when the object ends.
class TemporaryDirectory {
 public:
  /// Makes one under $TMPDIR, else /tmp; its name begins with `prefix`. Errors: storage.
  static Result<TemporaryDirectory> create(const std::string& prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace fd
