#include "coordinator/ingest/ingest_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

constexpr std::string_view kPrefix = ".ingest-";
constexpr int kAttempts = 5;

/// Opens the folder and takes its lock. Returns -1 with errno set: EWOULDBLOCK when somebody
/// has it.
int open_locked(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    ::close(fd);
    errno = code;
    return -1;
  }
  return fd;
}

/// Whether `path` still names the open folder, and that is this user's: another process may have
/// taken it for a dead one's in the moment before it was locked, and where many may write, anybody
/// can make a folder of such a name.
bool names(const std::string& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino &&
         opened.st_uid == ::geteuid();
}

/// Removes the folders of this user that nobody holds. What cannot be removed now is met again.
void remove_abandoned(const std::string& artifacts) {
  const auto found = names_in(artifacts);
  if (!found.ok()) {
    return;
  }
  for (const std::string& name : *found) {
    if (!name.starts_with(kPrefix)) {
      continue;
    }
    const std::string path = artifacts + "/" + name;
    const int fd = open_locked(path);
    if (fd >= 0 && names(path, fd)) {
      static_cast<void>(remove_tree(path).ok());
    }
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

}  // namespace

Result<IngestFolder> IngestFolder::make(const std::string& artifacts) {
  remove_abandoned(artifacts);
  std::string path;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    path = artifacts + "/" + std::string(kPrefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return storage_error(path);
    }
    const int fd = open_locked(path);
    if (fd >= 0 && names(path, fd)) {
      return IngestFolder(path, fd);
    }
    if (fd >= 0) {
      ::close(fd);
    } else if (errno != EWOULDBLOCK && errno != ENOENT) {
      return storage_error(path);
    }
  }
  return Error{Errc::storage, path + ": others take it away as soon as it is made"};
}

IngestFolder::~IngestFolder() {
  if (fd_ < 0) {
    return;
  }
  if (names(path_, fd_)) {
    static_cast<void>(remove_tree(path_).ok());
  }
  ::close(fd_);
}

IngestFolder::IngestFolder(IngestFolder&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

}  // namespace fd
