#include "worker/database_files.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::string_view kPartSuffix = ".part";

/// Reads a file from where it stands to its end into `sha`. Returns its bytes.
Result<std::uint64_t> hash_rest(int fd, const std::string& path, Sha256& sha) {
  std::string block(kReadBytes, '\0');
  std::uint64_t bytes = 0;
  for (;;) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return storage_error(path);
    }
    if (got == 0) {
      return bytes;
    }
    sha.update(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
    bytes += static_cast<std::uint64_t>(got);
  }
}

Result<void> write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return storage_error(path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

DatabaseFiles::~DatabaseFiles() {
  for (auto& [digest, part] : parts_) {
    ::close(part.fd);  // the file stays: the next process goes on with it
  }
}

std::string DatabaseFiles::path(const Digest& digest) const {
  return directory_ + "/" + digest.hex();
}

std::string DatabaseFiles::part_path(const Digest& digest) const {
  return path(digest) + std::string(kPartSuffix);
}

DatabasesListed DatabaseFiles::list() const {
  std::map<Digest, std::uint64_t> sizes;
  const auto names = names_in(directory_);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    const bool part = name.ends_with(kPartSuffix);
    const auto digest =
        Digest::from_hex(name.substr(0, name.size() - (part ? kPartSuffix.size() : 0)));
    std::error_code failed;
    const std::uintmax_t bytes = std::filesystem::file_size(directory_ + "/" + name, failed);
    if (digest && !failed) {
      sizes[*digest] += bytes;
    }
  }
  DatabasesListed listed;
  for (const auto& [digest, bytes] : sizes) {
    listed.files.push_back({digest, bytes});
  }
  return listed;
}

DatabaseLooked DatabaseFiles::look(const Digest& digest) {
  DatabaseLooked looked{digest, 0, {}, 0};
  if (const auto whole = digest_file(path(digest)); whole.ok()) {
    if (whole->sha256 == digest) {
      looked.bytes = whole->bytes;
      return looked;
    }
    ::unlink(path(digest).c_str());
  }
  if (parts_.contains(digest) || file_exists(part_path(digest))) {
    if (const auto part = part_of(digest); part.ok()) {
      looked.received = (*part)->received;
    }
  }
  return looked;
}

/// Returns the part of a database that is here, empty if nothing is: what an earlier process has
/// left of it counts for the digest, which is checked at the end. Errors: storage.
Result<DatabaseFiles::Part*> DatabaseFiles::part_of(const Digest& digest) {
  if (const auto found = parts_.find(digest); found != parts_.end()) {
    return &found->second;
  }
  const std::string path = part_path(digest);
  Part part;
  part.fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (part.fd < 0) {
    return storage_error(path);
  }
  const auto received = hash_rest(part.fd, path, part.sha);
  if (!received.ok()) {
    ::close(part.fd);
    ::unlink(path.c_str());
    return received.error();
  }
  part.received = *received;
  return &parts_.emplace(digest, std::move(part)).first->second;
}

/// Ends the use of a part's file.
void DatabaseFiles::close_part(const Digest& digest) {
  if (const auto found = parts_.find(digest); found != parts_.end()) {
    ::close(found->second.fd);
    parts_.erase(found);
  }
}

DatabaseAdded DatabaseFiles::add(const DatabaseChunk& chunk) {
  DatabaseAdded added{chunk.digest, 0, false, {}};
  const auto part = part_of(chunk.digest);
  const auto whole = part.ok() ? append(chunk, **part) : Result<bool>(part.error());
  if (!whole.ok()) {
    // A piece may be there in part: the file is read again from its beginning.
    close_part(chunk.digest);
    added.error = whole.error();
    return added;
  }
  added.whole = *whole;
  added.received = added.whole ? chunk.total : (*part)->received;
  if (added.whole) {
    close_part(chunk.digest);
  }
  return added;
}

/// Returns whether the database is whole now, and has its name. Errors: corrupt, storage.
Result<bool> DatabaseFiles::append(const DatabaseChunk& chunk, Part& part) {
  const std::string path = part_path(chunk.digest);
  const bool fits = chunk.offset == part.received && part.received <= chunk.total &&
                    chunk.bytes.size() <= chunk.total - part.received;
  if (fits) {
    FD_TRY_VOID(write_all(part.fd, path, chunk.bytes));
    part.sha.update(chunk.bytes);
    part.received += chunk.bytes.size();
  }
  if (part.received < chunk.total) {
    return false;
  }
  if (part.received > chunk.total || part.sha.finish() != chunk.digest) {
    ::unlink(path.c_str());
    return Error{Errc::corrupt, "database " + chunk.digest.hex() + " arrived with another digest"};
  }
  if (::rename(path.c_str(), this->path(chunk.digest).c_str()) != 0) {
    return storage_error(this->path(chunk.digest));
  }
  return true;
}

void DatabaseFiles::remove(const Digest& digest) {
  close_part(digest);
  ::unlink(path(digest).c_str());
  ::unlink(part_path(digest).c_str());
}

}  // namespace fd
