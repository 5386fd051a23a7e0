// Preloaded into fd-worker by sandbox_faults_test.py: reads of a database's copy, a file whose name
// is a SHA-256, fail with EIO from the FD_READ_FAULT_FIRST-th on, FD_READ_FAULT_COUNT times. Each
// read is a byte in the file FD_READ_FAULT_LOG: '.', or 'x' when it failed.

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

namespace {

using Read = ssize_t (*)(int, void*, size_t, off64_t);

long number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

/// Returns whether the file is named by 64 hexadecimal digits.
bool is_database(int fd) {
  char link[32] = "/proc/self/fd/";
  char digits[16];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + fd % 10);
    fd /= 10;
  } while (fd > 0);
  std::size_t at = std::strlen(link);
  while (count > 0) {
    link[at++] = digits[--count];
  }
  link[at] = '\0';
  char path[4096];
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 65) {
    return false;
  }
  path[size] = '\0';
  const char* name = std::strrchr(path, '/');
  return name != nullptr && std::strlen(name + 1) == 64 &&
         std::strspn(name + 1, "0123456789abcdef") == 64;
}

/// Notes the read, and returns whether it is to fail.
bool fails(int fd) {
  static std::atomic<long> reads = 0;
  if (std::strcmp(program_invocation_short_name, "fd-worker") != 0 || !is_database(fd)) {
    return false;
  }
  static const long first = number_of("FD_READ_FAULT_FIRST");
  static const long count = number_of("FD_READ_FAULT_COUNT");
  static const int log =
      ::open(std::getenv("FD_READ_FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const long number = ++reads;
  const bool failed = number >= first && number < first + count;
  return ::write(log, failed ? "x" : ".", 1) == 1 && failed;
}

ssize_t read_at(const char* name, int fd, void* bytes, size_t size, off64_t offset) {
  const auto next = reinterpret_cast<Read>(::dlsym(RTLD_NEXT, name));
  if (fails(fd)) {
    errno = EIO;
    return -1;
  }
  return next(fd, bytes, size, offset);
}

}  // namespace

extern "C" ssize_t pread64(int fd, void* bytes, size_t size, off64_t offset) {
  return read_at("pread64", fd, bytes, size, offset);
}

extern "C" ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  return read_at("pread", fd, bytes, size, offset);
}
