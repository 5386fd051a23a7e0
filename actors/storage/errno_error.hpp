#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "protocol/base/result.hpp"

namespace fd {

/// Returns what `errno` says of a path, as a failure of the disk.
inline Error storage_error(const std::string& path) {
  return Error{Errc::storage, path + ": " + std::strerror(errno)};
}

/// The same, but a path that leads nowhere is not_found.
inline Error system_error(const std::string& path) {
  Error error = storage_error(path);
  if (errno == ENOENT || errno == ENOTDIR) {
    error.code = Errc::not_found;
  }
  return error;
}

}  // namespace fd
