#include "actors/storage/folder_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

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
  if (!lock.fd_) {
    return storage_error(path);
  }
  FD_TRY_VOID(set_lock(lock.fd_.get(), F_WRLCK, path, busy_message));
  return lock;
}

Result<FolderLock> FolderLock::shared(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (lock.fd_) {
    FD_TRY_VOID(set_lock(lock.fd_.get(), F_RDLCK, path, busy_message));
  } else if (errno != ENOENT) {
    return storage_error(path);
  }
  return lock;
}

Result<FolderLock> FolderLock::on_folder(const std::string& path, const std::string& busy_message) {
  FolderLock lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.fd_) {
    return storage_error(path);
  }
  if (::flock(lock.fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error{Errc::busy, busy_message};
    }
    return storage_error(path);
  }
  return lock;
}

bool is_locked(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  // Readers keep no reader out: what does is a lock of somebody who changes the folder.
  struct flock request = whole_file(F_RDLCK);
  return file && ::fcntl(file.get(), F_OFD_GETLK, &request) == 0 && request.l_type == F_WRLCK;
}

}  // namespace fd
