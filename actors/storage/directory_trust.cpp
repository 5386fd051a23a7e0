#include "actors/storage/directory_trust.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/directory_listing.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/system/shell_text.hpp"

namespace fd {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

/// Says what is wrong with an entry and how to mend it; empty when nothing.
std::string objection(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) {
    return "is a symbolic link, and none is followed here; put what it leads to in its place";
  }
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
    return "is neither a folder nor a regular file; remove it";
  }
  if (status.st_uid != ::geteuid()) {
    return "belongs to another user (" + std::to_string(status.st_uid) +
           "); go on as that user, or from a copy of your own";
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return "everybody may write to it (mode " + octal(status.st_mode) +
           "), so another user may have changed it; fd-coordinator verify tells of a run's "
           "folder; then: chmod -R o-w " +
           shell_word(path);
  }
  if (S_ISREG(status.st_mode) && status.st_nlink != 1) {
    return "has another name as well (a hard link), under which it would change too; put a copy "
           "in its place";
  }
  return "";
}

/// Checks everything in an open folder.
Result<void> check_content(const Descriptor& folder, const std::string& path) {
  FD_TRY(const std::vector<std::string> names, names_of(folder, path));
  for (const std::string& name : names) {
    const std::string full = path + "/" + name;
    struct stat status {};
    if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) {  // it is gone: a temporary file of a process that works here
        continue;
      }
      return system_error(full);
    }
    if (const std::string why = objection(full, status); !why.empty()) {
      return Error{Errc::refused, full + ": " + why};
    }
    if (S_ISDIR(status.st_mode)) {
      const Descriptor inner(::openat(folder.get(), name.c_str(), kOpenFolder));
      if (inner) {
        FD_TRY_VOID(check_content(inner, full));
      } else if (errno != ENOENT) {
        return system_error(full);
      }
    }
  }
  return {};
}

}  // namespace

Result<void> check_own_folder(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return system_error(path);
  }
  if (const std::string why = objection(path, status); !why.empty()) {
    return Error{Errc::refused, path + ": " + why};
  }
  const Descriptor folder(::open(path.c_str(), kOpenFolder));
  return folder ? check_content(folder, path) : Result<void>(system_error(path));
}

}  // namespace fd
