#include "coordinator/folder_lock.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace fd {
namespace {

Error storage_error(const std::string& path) {
  return Error{Errc::storage, path + ": " + std::strerror(errno)};
}

}  // namespace

Result<FolderLock> FolderLock::on_file(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.fd_ < 0) {
    return storage_error(path);
  }
  struct flock request {};
  request.l_type = F_WRLCK;
  request.l_whence = SEEK_SET;
  if (::fcntl(lock.fd_, F_OFD_SETLK, &request) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Error{Errc::busy, busy_message};
    }
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

}  // namespace fd
