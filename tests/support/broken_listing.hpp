#pragma once

#include <cerrno>

#include <dirent.h>
#include <dlfcn.h>

namespace fd::testing_support {

/// How many more entries this program can read of any folder before the disk fails (EIO); below 0:
/// all. Included by one file of a program, since the definition below takes the C library's place.
inline int entries_left = -1;

}  // namespace fd::testing_support

extern "C" dirent* readdir(DIR* directory) {
  using fd::testing_support::entries_left;
  if (entries_left == 0) {
    errno = EIO;
    return nullptr;
  }
  if (entries_left > 0) {
    --entries_left;
  }
  static const auto real = reinterpret_cast<dirent* (*)(DIR*)>(::dlsym(RTLD_NEXT, "readdir"));
  return real(directory);
}
