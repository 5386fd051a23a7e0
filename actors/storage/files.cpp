#include "actors/storage/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/storage/directory_listing.hpp"
#include "actors/storage/errno_error.hpp"
#include "actors/storage/paths.hpp"
#include "actors/system/descriptor.hpp"
#include "actors/system/failpoint.hpp"

namespace fd {
namespace {

constexpr std::size_t kBufferBytes = 256u << 10;

/// fsync; false with errno set when it failed.
bool sync_file(int fd) {
  if (const int code = FD_FAILPOINT_ERROR("file.sync_error"); code != 0) {
    errno = code;
    return false;
  }
  return ::fsync(fd) == 0;
}

Result<void> outcome(bool done, const std::string& path) {
  return done ? Result<void>() : Result<void>(storage_error(path));
}

struct OpenFile {
  Descriptor fd;
  std::uint64_t bytes = 0;
};

/// Opens a regular file for reading.
Result<OpenFile> open_regular(const std::string& path, int more_flags = 0) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | more_flags));
  if (!fd) {
    return system_error(path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return storage_error(path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::storage, path + ": is no regular file"};
  }
  return OpenFile{std::move(fd), static_cast<std::uint64_t>(status.st_size)};
}

/// Calls `take` with each block of a file.
Result<void> for_each_block(const std::string& path,
                            const std::function<Result<void>(std::string_view)>& take) {
  FD_TRY(BlockReader blocks, BlockReader::open(path));
  for (;;) {
    FD_TRY(const std::string_view block, blocks.next());
    if (block.empty()) {
      return {};
    }
    FD_TRY_VOID(take(block));
  }
}

}  // namespace

struct AtomicFile::Impl {
  std::string path;
  std::string temporary;
  Durable durable = Durable::at_once;
  int fd = -1;
  std::string buffer;
  FileDigest digest;
  std::optional<Error> failed;

  ~Impl() {
    if (fd >= 0) {
      ::close(fd);
      ::unlink(temporary.c_str());
    }
  }

  void flush() {
    std::string_view rest = buffer;
    while (!rest.empty() && !failed) {
      const ssize_t written = TEMP_FAILURE_RETRY(::write(fd, rest.data(), rest.size()));
      if (written < 0) {
        failed = storage_error(temporary);
        return;
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    digest.update(buffer);
    buffer.clear();
  }
};

AtomicFile::AtomicFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AtomicFile::~AtomicFile() = default;
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;

Result<AtomicFile> AtomicFile::create(const std::string& path, Durable durable) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->durable = durable;
  impl->temporary = durable == Durable::later ? path : path + ".tmp";
  ::unlink(impl->temporary.c_str());  // of an earlier process that was killed
  impl->fd =
      ::open(impl->temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (impl->fd < 0) {
    return storage_error(impl->temporary);
  }
  return AtomicFile(std::move(impl));
}

Result<void> AtomicFile::write(std::string_view bytes) {
  Impl& file = *impl_;
  file.buffer += bytes;
  if (file.buffer.size() >= kBufferBytes) {
    file.flush();
  }
  return file.failed ? Result<void>(*file.failed) : Result<void>();
}

Result<FileEntry> AtomicFile::commit() {
  Impl& file = *impl_;
  file.flush();
  if (file.failed) {
    return *file.failed;
  }
  if (file.durable != Durable::later) {
    FD_FAILPOINT("k12.file_before_sync");
    if (!sync_file(file.fd)) {
      return storage_error(file.temporary);
    }
    FD_FAILPOINT("k13.file_before_rename");
  }
  if (file.temporary != file.path && ::rename(file.temporary.c_str(), file.path.c_str()) != 0) {
    return storage_error(file.path);
  }
  ::close(std::exchange(file.fd, -1));
  if (file.durable == Durable::at_once) {
    FD_TRY_VOID(sync_folder(folder_of(file.path)));
  }
  return file.digest.finish(name_of(file.path));
}

Result<FileEntry> write_file(const std::string& path, std::string_view bytes, Durable durable) {
  FD_TRY(AtomicFile file, AtomicFile::create(path, durable));
  FD_TRY_VOID(file.write(bytes));
  return file.commit();
}

Result<BlockReader> BlockReader::open(const std::string& path, std::size_t block_bytes) {
  FD_TRY(OpenFile file, open_regular(path));
  return BlockReader(path, std::move(file.fd), file.bytes, block_bytes);
}

Result<std::string_view> BlockReader::next() {
  const ssize_t got = TEMP_FAILURE_RETRY(::read(fd_.get(), block_.data(), block_.size()));
  if (got < 0) {
    return storage_error(path_);
  }
  return std::string_view(block_.data(), static_cast<std::size_t>(got));
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  std::string text;
  FD_TRY_VOID(for_each_block(path, [&](std::string_view block) -> Result<void> {
    text += block;
    if (text.size() > max_bytes) {
      return Error{Errc::exhausted, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
    }
    return {};
  }));
  return text;
}

Result<FilePiece> read_piece(const std::string& path, std::uint64_t offset, std::size_t max_bytes) {
  FD_TRY(const OpenFile file, open_regular(path, O_NOFOLLOW));
  FilePiece piece;
  piece.file_bytes = file.bytes;
  const std::uint64_t from = std::min(offset, piece.file_bytes);
  piece.bytes.resize(std::min<std::uint64_t>(max_bytes, piece.file_bytes - from));
  std::size_t filled = 0;
  while (filled < piece.bytes.size()) {
    const ssize_t got =
        TEMP_FAILURE_RETRY(::pread(file.fd.get(), piece.bytes.data() + filled,
                                   piece.bytes.size() - filled, static_cast<off_t>(from + filled)));
    if (got < 0) {
      return storage_error(path);
    }
    if (got == 0) {
      break;  // it became shorter
    }
    filled += static_cast<std::size_t>(got);
  }
  piece.bytes.resize(filled);
  return piece;
}

Result<void> make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!part.empty() && ::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return storage_error(part);
    }
    if (slash == std::string::npos) {
      break;
    }
  }
  std::error_code none;
  if (!std::filesystem::is_directory(path, none)) {
    return Error{Errc::storage, path + ": is no folder"};
  }
  return {};
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) {
    return names_of(directory, folder);
  }
  if (errno == ENOENT) {
    return std::vector<std::string>();
  }
  return storage_error(folder);
}

Result<void> remove_tree(const std::string& path) {
  try {
    std::filesystem::remove_all(path);
  } catch (const std::filesystem::filesystem_error& error) {
    const auto& at = error.path2().empty() ? error.path1() : error.path2();
    return storage_error(at.string(), error.code().value());
  }
  return {};
}

Result<void> rename_durable(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return storage_error(to);
  }
  return sync_folder(folder_of(to));
}

Result<void> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return storage_error(path);
  }
  FD_FAILPOINT("k14.file_before_folder_sync");
  return outcome(sync_file(folder.get()), path);
}

Result<void> sync_filesystem(const std::string& path) {
  const Descriptor any(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return outcome(any && ::syncfs(any.get()) == 0, path);
}

Result<FileEntry> digest_file(const std::string& path) {
  FileDigest digest;
  FD_TRY_VOID(for_each_block(path, [&](std::string_view block) -> Result<void> {
    digest.update(block);
    return {};
  }));
  return digest.finish(name_of(path));
}

}  // namespace fd
