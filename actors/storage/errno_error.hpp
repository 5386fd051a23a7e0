#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "protocol/base/result.hpp"

namespace fd {

/// Returns what `errno`, or another code, says of a path, as a failure of the disk.
inline Error storage_error(const std::string& path, int code = errno) {
  return Error{Errc::storage, path + ": " + std::strerror(code)};
}

/// The same, but a path that leads nowhere is not_found.
inline Error system_error(const std::string& path) {
  const bool nowhere = errno == ENOENT || errno == ENOTDIR;
  return Error{nowhere ? Errc::not_found : Errc::storage, storage_error(path).message};
}

}  // namespace fd
