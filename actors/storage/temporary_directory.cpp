#include "actors/storage/temporary_directory.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

constexpr int kAttempts = 5;

/// Opens the folder and takes its lock. Returns none with errno set: EWOULDBLOCK when somebody has
/// it.
Descriptor open_locked(const std::string& path) {
  Descriptor opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened && ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    opened = Descriptor(-1);
    errno = code;
  }
  return opened;
}

/// Whether `path` still names the open folder, and that is this user's: another process may have
/// taken it for a dead one's in the moment before it was locked, and where many may write, anybody
/// can make a folder of such a name.
bool names(const std::string& path, const Descriptor& folder) {
  struct stat named {};
  struct stat opened {};
  return folder && ::lstat(path.c_str(), &named) == 0 && ::fstat(folder.get(), &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino &&
         opened.st_uid == ::geteuid();
}

}  // namespace

void remove_abandoned(const std::string& parent, const std::string& prefix) {
  const auto found = names_in(parent);
  if (!found.ok()) {
    return;
  }
  for (const std::string& name : *found) {
    const std::string path = parent + "/" + name;
    if (name.starts_with(prefix) && names(path, open_locked(path))) {
      static_cast<void>(remove_tree(path).ok());
    }
  }
}

Result<TemporaryDirectory> TemporaryDirectory::create_in(const std::string& parent,
                                                         const std::string& prefix) {
  remove_abandoned(parent, prefix);
  std::string path;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    path = parent + "/" + prefix + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return storage_error(path);
    }
    Descriptor lock = open_locked(path);
    if (names(path, lock)) {
      return TemporaryDirectory(path, std::move(lock));
    }
    if (!lock && errno != EWOULDBLOCK && errno != ENOENT) {
      return storage_error(path);
    }
  }
  return Error{Errc::storage, path + ": others take it away as soon as it is made"};
}

TemporaryDirectory::~TemporaryDirectory() {
  if (names(path_, lock_)) {
    static_cast<void>(remove_tree(path_).ok());
  }
}

}  // namespace fd
