#include "tests/simulator/request_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fd::simulator {
namespace {

Error storage_error(const std::string& path, const char* what, int code) {
  return Error{Errc::storage, path + ": " + what + ": " + std::strerror(code)};
}

void append_decimal(std::uint64_t number, std::string& out) {
  std::array<char, 24> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// Returns 0, or the errno of the failure.
int write_and_sync(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return errno;
    }
    bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  return ::fdatasync(file) == 0 ? 0 : errno;
}

/// Cuts `file` after its last line end. Returns 0, or the errno of the failure.
int remove_torn_line(int file) {
  off_t end = ::lseek(file, 0, SEEK_END);
  if (end < 0) {
    return errno;
  }
  const off_t size = end;
  std::array<char, 4096> block{};
  while (end > 0) {
    const auto want = std::min<off_t>(end, static_cast<off_t>(block.size()));
    const ssize_t got = ::pread(file, block.data(), static_cast<std::size_t>(want), end - want);
    if (got != want) {
      return got < 0 ? errno : EIO;
    }
    const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
    const std::size_t last = bytes.rfind('\n');
    if (last != std::string_view::npos) {
      end = end - want + static_cast<off_t>(last) + 1;
      break;
    }
    end -= want;
  }
  return end == size || ::ftruncate(file, end) == 0 ? 0 : errno;
}

bool is_regular_file(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

/// Makes the file's name as durable as its lines. Returns 0, or the errno of the failure.
int sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) {
    return errno;
  }
  const int code = ::fsync(handle) == 0 ? 0 : errno;
  ::close(handle);
  return code;
}

}  // namespace

struct RequestLog::Impl {
  std::string path;
  int file = -1;
  int event = -1;

  std::string gathering;    ///< the present batch
  std::uint64_t batch = 1;  ///< its number
  std::uint64_t handed_over = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::string syncing;     ///< the batch under way; empty: none
  std::uint64_t done = 0;  ///< the last batch that is on disk
  int failure = 0;
  bool stop = false;
  std::thread thread;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void sync_batches();
};

RequestLog::Impl::~Impl() {
  if (thread.joinable()) {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    thread.join();
  }
  if (event >= 0) {
    ::close(event);
  }
  if (file >= 0) {
    ::close(file);
  }
}

void RequestLog::Impl::sync_batches() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return stop || !syncing.empty(); });
    if (syncing.empty()) {
      return;
    }
    std::string bytes = std::move(syncing);
    lock.unlock();
    const int code = write_and_sync(file, bytes);
    bytes.clear();
    lock.lock();
    syncing = std::move(bytes);  // empty, but keeps its memory for the next batch
    if (code == 0) {
      done = handed_over;
    } else {
      failure = code;
    }
    changed.notify_all();
    const std::uint64_t one = 1;
    FD_CHECK(::write(event, &one, sizeof(one)) == sizeof(one));
    if (code != 0) {
      return;
    }
  }
}

RequestLog::RequestLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RequestLog::~RequestLog() = default;
RequestLog::RequestLog(RequestLog&&) noexcept = default;
RequestLog& RequestLog::operator=(RequestLog&&) noexcept = default;

Result<RequestLog> RequestLog::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (impl->file < 0) {
    return storage_error(path, "cannot open", errno);
  }
  if (!is_regular_file(impl->file)) {
    return Error{Errc::storage, path + ": no regular file, so it cannot be made durable"};
  }
  if (const int code = sync_folder_of(path); code != 0) {
    return storage_error(path, "cannot sync its folder", code);
  }
  if (const int code = remove_torn_line(impl->file); code != 0) {
    return storage_error(path, "cannot remove its torn last line", code);
  }
  impl->event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (impl->event < 0) {
    return storage_error(path, "cannot make an eventfd", errno);
  }
  Impl* shared = impl.get();  // the thread ends in the destructor of *shared
  impl->thread = std::thread([shared] { shared->sync_batches(); });
  return RequestLog(std::move(impl));
}

std::uint64_t RequestLog::append(const LogRecord& record) {
  std::string& out = impl_->gathering;
  out.append(R"({"n":)");
  append_decimal(record.number, out);
  out.append(R"(,"t_us":)");
  append_decimal(record.arrival_us, out);
  out.append(R"(,"reply_us":)");
  if (record.replies) {
    append_decimal(record.reply_us, out);
  } else {
    out.append("null");
  }
  out.append(R"(,"key":")").append(record.key.hex()).append(R"(","status":)");
  append_decimal(static_cast<std::uint64_t>(record.status), out);
  if (record.fault == "none") {
    out.append(",\"fault\":null}\n");
  } else {
    out.append(R"(,"fault":")").append(record.fault).append("\"}\n");
  }
  return impl_->batch;
}

void RequestLog::flush() {
  if (impl_->gathering.empty()) {
    return;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    const bool under_way = impl_->handed_over != impl_->done;
    if (under_way || impl_->failure != 0) {
      return;
    }
    impl_->syncing.swap(impl_->gathering);
    impl_->handed_over = impl_->batch;
  }
  impl_->changed.notify_all();
  ++impl_->batch;
}

int RequestLog::event_fd() const {
  return impl_->event;
}

Result<std::uint64_t> RequestLog::durable() {
  std::uint64_t count = 0;
  (void)!::read(impl_->event, &count, sizeof(count));  // nothing to read is fine
  const std::lock_guard lock(impl_->mutex);
  if (impl_->failure != 0) {
    return storage_error(impl_->path, "cannot write", impl_->failure);
  }
  return impl_->done;
}

Result<void> RequestLog::close() {
  const std::uint64_t last = impl_->gathering.empty() ? impl_->batch - 1 : impl_->batch;
  for (;;) {
    flush();
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait(
        lock, [this] { return impl_->failure != 0 || impl_->done == impl_->handed_over; });
    if (impl_->failure != 0) {
      return storage_error(impl_->path, "cannot write", impl_->failure);
    }
    if (impl_->done >= last) {
      return {};
    }
  }
}

}  // namespace fd::simulator
