// Preloaded into the programs by fd_io_faults.py: operations on files fail on purpose. The
// environment says of which program, on which paths (an extended regular expression), which
// operations count (the letters below), and which of these fail, with which errno.
// Each operation that counts is a byte in the log: its letter, or 'X' when it failed. So the
// numbers go on from one process to the next.

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

/// The letters of operations.
enum Operation : char {
  kOpen = 'o',
  kStat = 't',
  kList = 'd',
  kRead = 'r',
  kReadAt = 'p',
  kWrite = 'w',
  kSync = 's',
  kRename = 'n',
  kUnlink = 'u',
};

struct Plan {
  bool here = false;  ///< this program is meant
  regex_t files{};
  const char* operations = "";
  const char* log = "";
  long first = 0;
  long count = 0;
  int error = EIO;
};

const char* text_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

long number_of(const char* variable) {
  return std::strtol(text_of(variable), nullptr, 10);
}

Plan plan_of_environment() {
  Plan plan;
  plan.here = std::strcmp(program_invocation_short_name, text_of("FD_IO_FAULT_PROGRAM")) == 0 &&
              ::regcomp(&plan.files, text_of("FD_IO_FAULT_FILES"), REG_EXTENDED | REG_NOSUB) == 0;
  plan.operations = text_of("FD_IO_FAULT_OPERATIONS");
  plan.log = text_of("FD_IO_FAULT_LOG");
  plan.first = number_of("FD_IO_FAULT_FIRST");
  plan.count = number_of("FD_IO_FAULT_COUNT");
  plan.error = static_cast<int>(number_of("FD_IO_FAULT_ERRNO"));
  return plan;
}

const Plan& plan() {
  static const Plan made = plan_of_environment();
  return made;
}

bool counts(Operation operation) {
  return plan().here && std::strchr(plan().operations, operation) != nullptr;
}

/// Notes the operation. Returns whether it is to fail, with errno set.
bool fails(Operation operation, const char* path) {
  if (!counts(operation) || ::regexec(&plan().files, path, 0, nullptr, 0) != 0) {
    return false;
  }
  const int log = ::open(plan().log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const char letter = operation;
  if (log < 0 || ::write(log, &letter, 1) != 1) {
    std::abort();
  }
  const off_t number = ::lseek(log, 0, SEEK_CUR);  // behind the byte, wherever it was appended
  const bool failed = number >= plan().first && number < plan().first + plan().count;
  if (failed && (::fcntl(log, F_SETFL, 0) != 0 || ::pwrite(log, "X", 1, number - 1) != 1)) {
    std::abort();
  }
  ::close(log);
  errno = failed ? plan().error : 0;
  return failed;
}

bool fails(Operation operation, int fd) {
  if (!counts(operation)) {
    return false;
  }
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char path[4096];
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 0) {
    return false;
  }
  path[size] = '\0';
  return fails(operation, path);
}

/// Returns the function of that name and type that this file stands in front of.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The system's own; `open` has its mode only where it makes a file.
#define FD_OPEN(name)                                                      \
  extern "C" int name(const char* path, int flags, ...) {                  \
    static const auto real = next<int(const char*, int, ...)>(#name);      \
    va_list rest;                                                          \
    va_start(rest, flags);                                                 \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                          \
    return fails(kOpen, path) ? -1 : real(path, flags, mode);              \
  }
FD_OPEN(open)
FD_OPEN(open64)

#define FD_PREAD(name, offset_type)                                                 \
  extern "C" ssize_t name(int fd, void* bytes, size_t size, offset_type offset) {   \
    static const auto real = next<ssize_t(int, void*, size_t, offset_type)>(#name); \
    return fails(kReadAt, fd) ? -1 : real(fd, bytes, size, offset);                 \
  }
FD_PREAD(pread, off_t)
FD_PREAD(pread64, off64_t)

#define FD_READDIR(name, entry)                                      \
  extern "C" entry* name(DIR* listing) {                             \
    static const auto real = next<entry*(DIR*)>(#name);              \
    return fails(kList, ::dirfd(listing)) ? nullptr : real(listing); \
  }
FD_READDIR(readdir, dirent)
FD_READDIR(readdir64, dirent64)

extern "C" ssize_t read(int fd, void* bytes, size_t size) {
  static const auto real = next<ssize_t(int, void*, size_t)>("read");
  return fails(kRead, fd) ? -1 : real(fd, bytes, size);
}

extern "C" int lstat(const char* path, struct stat* status) noexcept {
  static const auto real = next<int(const char*, struct stat*)>("lstat");
  return fails(kStat, path) ? -1 : real(path, status);
}

extern "C" int fstat(int fd, struct stat* status) noexcept {
  static const auto real = next<int(int, struct stat*)>("fstat");
  return fails(kStat, fd) ? -1 : real(fd, status);
}

/// A write that fails has written half.
extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t(int, const void*, size_t)>("write");
  if (!fails(kWrite, fd)) {
    return real(fd, bytes, size);
  }
  const int error = errno;
  static_cast<void>(real(fd, bytes, size / 2) + 1);
  errno = error;
  return -1;
}

#define FD_SYNC(name)                               \
  extern "C" int name(int fd) {                     \
    static const auto real = next<int(int)>(#name); \
    return fails(kSync, fd) ? -1 : real(fd);        \
  }
FD_SYNC(fsync)
FD_SYNC(fdatasync)

extern "C" int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int(const char*, const char*)>("rename");
  return fails(kRename, from) ? -1 : real(from, to);
}

extern "C" int unlink(const char* path) noexcept {
  static const auto real = next<int(const char*)>("unlink");
  return fails(kUnlink, path) ? -1 : real(path);
}
