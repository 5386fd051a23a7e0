#include "actors/storage/folder_lock.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"

namespace fd {
namespace {

struct flock whole_file(short type) {
  struct flock request {};
  request.l_type = type;
  request.l_whence = SEEK_SET;
  return request;
}

Result<void> set_lock(int fd, short type, const std::string& path,
                      const std::string& busy_message) {
  struct flock request = whole_file(type);
  if (::fcntl(fd, F_OFD_SETLK, &request) == 0) {
    return {};
  }
  return errno == EAGAIN || errno == EACCES ? Error{Errc::busy, busy_message} : storage_error(path);
}

}  // namespace

Result<FolderLock> FolderLock::on_file(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.fd_ < 0) {
    return storage_error(path);
  }
  FD_TRY_VOID(set_lock(lock.fd_, F_WRLCK, path, busy_message));
  return lock;
}

Result<FolderLock> FolderLock::shared(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (lock.fd_ >= 0) {
    FD_TRY_VOID(set_lock(lock.fd_, F_RDLCK, path, busy_message));
  } else if (errno != ENOENT) {
    return storage_error(path);
  }
  return lock;
}

Result<FolderLock> FolderLock::on_folder(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (lock.fd_ < 0) {
    return storage_error(path);
  }
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error{Errc::busy, busy_message};
    }
    return storage_error(path);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

bool is_locked(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    return false;
  }
  // Readers keep no reader out: what does is a lock of somebody who changes the folder.
  struct flock request = whole_file(F_RDLCK);
  const bool held = ::fcntl(fd, F_OFD_GETLK, &request) == 0 && request.l_type == F_WRLCK;
  ::close(fd);
  return held;
}

}  // namespace fd
