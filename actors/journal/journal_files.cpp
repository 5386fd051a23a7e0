#include "actors/journal/journal_files.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"
#include "actors/system/descriptor.hpp"
#include "actors/system/failpoint.hpp"

namespace fd {
namespace {

class SystemJournalFile final : public JournalFile {
 public:
  SystemJournalFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        return storage_error(path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    FD_FAILPOINT("k26.journal_before_sync");
    if (const int code = FD_FAILPOINT_ERROR("journal.sync_error"); code != 0) {
      errno = code;
      return storage_error(path_);
    }
    return ::fdatasync(fd_.get()) == 0 ? Result<void>() : Result<void>(storage_error(path_));
  }

 private:
  std::string path_;
  Descriptor fd_;
};

}  // namespace

Result<std::unique_ptr<JournalFile>> SystemJournalFiles::create(const std::string& path) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    return storage_error(path);
  }
  return std::unique_ptr<JournalFile>(std::make_unique<SystemJournalFile>(path, fd));
}

Result<void> SystemJournalFiles::rename(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 ? Result<void>()
                                                    : Result<void>(storage_error(from));
}

Result<void> SystemJournalFiles::unlink(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? Result<void>() : Result<void>(storage_error(path));
}

Result<void> SystemJournalFiles::sync_folder(const std::string& folder) {
  return fd::sync_folder(folder);
}

}  // namespace fd
