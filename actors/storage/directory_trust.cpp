#include "actors/storage/directory_trust.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/system/command_line.hpp"

namespace fd {
namespace {

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

/// Checks everything in the folder that `fd` is open on, which is closed.
Result<void> check_content(int fd, const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
  if (!folder) {
    const Error error = system_error(path);
    ::close(fd);
    return error;
  }
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    const std::string full = path + "/" + name;
    struct stat status {};
    if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      if (const std::string why = objection(full, status); !why.empty()) {
        return Error{Errc::refused, full + ": " + why};
      }
      if (S_ISDIR(status.st_mode)) {
        const int inner =
            ::openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0) {
          FD_TRY_VOID(check_content(inner, full));
        } else if (errno != ENOENT) {
          return system_error(full);
        }
      }
    } else if (errno != ENOENT) {  // it is gone: a temporary file of a process that works here
      return system_error(full);
    }
    errno = 0;
  }
  return errno == 0 ? Result<void>() : Result<void>(system_error(path));
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
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    return system_error(path);
  }
  return check_content(fd, path);
}

}  // namespace fd
