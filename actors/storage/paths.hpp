#pragma once

#include <string>
#include <string_view>

namespace fd {

/// Returns the folder that `path` lies in, as it is written: no link is followed, and slashes at
/// the end do not count.
inline std::string folder_of(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "."
                     : slash == 0                    ? "/"
                                                     : path.substr(0, slash));
}

/// Returns what follows the last slash of `path`.
inline std::string name_of(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace fd
