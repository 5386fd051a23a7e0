#include "actors/storage/directory_listing.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>

#include "actors/storage/errno_error.hpp"

namespace fd {

Result<std::vector<std::string>> names_of(const Descriptor& directory, const std::string& path) {
  Descriptor own(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(own ? ::fdopendir(own.get()) : nullptr,
                                                    ::closedir);
  if (!listing) {
    return storage_error(path);
  }
  own.release();  // closedir() closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
    errno = 0;
  }
  if (errno != 0) {
    return storage_error(path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace fd
