#include "worker/database_cache.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"
#include "actors/storage/files.hpp"

namespace fd {
namespace {

constexpr const char* kPartSuffix = ".part";
constexpr std::size_t kReadBytes = 1u << 20;

}  // namespace

DatabaseCache::DatabaseCache(std::string directory, std::uint64_t max_bytes)
    : directory_(std::move(directory)), max_bytes_(max_bytes) {}

DatabaseCache::~DatabaseCache() {
  for (auto& [digest, incoming] : incoming_) {
    ::close(incoming.fd);  // the file stays: the next process goes on with it
  }
}

std::string DatabaseCache::path(const Digest& digest) const {
  return directory_ + "/" + digest.hex();
}

bool DatabaseCache::has(const Digest& digest) {
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    used_.splice(used_.begin(), used_, found->second.place);
    return true;
  }
  const auto left_behind = digest_file(path(digest));
  if (!left_behind.ok()) {
    return false;
  }
  if (left_behind->sha256 != digest || !make_room(left_behind->bytes)) {
    ::unlink(path(digest).c_str());
    return false;
  }
  enter(digest, left_behind->bytes);
  return true;
}

void DatabaseCache::enter(const Digest& digest, std::uint64_t bytes) {
  used_.push_front(digest);
  entries_[digest] = Entry{bytes, 0, used_.begin()};
  bytes_ += bytes;
}

void DatabaseCache::pin(const Digest& digest) {
  const auto found = entries_.find(digest);
  FD_CHECK(found != entries_.end());
  ++found->second.pins;
}

void DatabaseCache::unpin(const Digest& digest) {
  const auto found = entries_.find(digest);
  FD_CHECK(found != entries_.end() && found->second.pins > 0);
  --found->second.pins;
}

void DatabaseCache::unpin_all() {
  for (auto& [digest, entry] : entries_) {
    entry.pins = 0;
  }
}

/// Evicts what is not pinned, least recently used first, until `needed` bytes fit.
bool DatabaseCache::make_room(std::uint64_t needed) {
  for (auto last = used_.end(); bytes_ + needed > max_bytes_ && last != used_.begin();) {
    --last;
    const auto entry = entries_.find(*last);
    if (entry->second.pins > 0) {
      continue;
    }
    ::unlink(path(*last).c_str());
    bytes_ -= entry->second.bytes;
    entries_.erase(entry);
    last = used_.erase(last);
  }
  return bytes_ + needed <= max_bytes_;
}

std::uint64_t DatabaseCache::received(const Digest& digest) {
  const auto found = incoming_.find(digest);
  if (found != incoming_.end()) {
    return found->second.received;
  }
  if (entries_.contains(digest) || !file_exists(path(digest) + kPartSuffix)) {
    return 0;
  }
  Incoming incoming;
  if (!begin(digest, incoming).ok()) {
    return 0;
  }
  const std::uint64_t received = incoming.received;
  incoming_.emplace(digest, std::move(incoming));
  return received;
}

/// Opens the file that chunks go to, and reads what an earlier process has left in it: its bytes
/// count for the digest, which is checked at the end.
Result<void> DatabaseCache::begin(const Digest& digest, Incoming& incoming) const {
  incoming.path = path(digest) + kPartSuffix;
  incoming.fd = ::open(incoming.path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (incoming.fd < 0) {
    return storage_error(incoming.path);
  }
  std::string block(kReadBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(incoming.fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      const Error error = storage_error(incoming.path);
      ::close(incoming.fd);
      ::unlink(incoming.path.c_str());
      return error;
    }
    if (got == 0) {
      return {};
    }
    const auto bytes = static_cast<std::size_t>(got);
    incoming.sha.update(std::string_view(block).substr(0, bytes));
    incoming.received += bytes;
  }
}

void DatabaseCache::drop_part(const Digest& digest) {
  const auto found = incoming_.find(digest);
  FD_CHECK(found != incoming_.end());
  ::close(found->second.fd);
  ::unlink(found->second.path.c_str());
  incoming_.erase(found);
}

Result<DatabaseCache::Chunk> DatabaseCache::add(const Digest& digest, std::uint64_t offset,
                                                std::uint64_t total, std::string_view bytes) {
  const std::uint64_t have = received(digest);
  if (entries_.contains(digest) || total == 0 || offset != have) {
    return Chunk::ignored;
  }
  if (have > total) {
    drop_part(digest);
    return Error{Errc::corrupt, "database " + digest.hex() + ": what was left of it is too long"};
  }
  if (offset + bytes.size() > total || (bytes.empty() && have < total)) {
    return Chunk::ignored;
  }
  if (!make_room(total)) {
    return Error{Errc::exhausted, "database " + digest.hex() + " of " + std::to_string(total) +
                                      " bytes does not fit into the cache of " +
                                      std::to_string(max_bytes_) + " bytes"};
  }
  Incoming& incoming = incoming_[digest];
  if (incoming.fd < 0) {
    if (const auto begun = begin(digest, incoming); !begun.ok()) {
      incoming_.erase(digest);
      return begun.error();
    }
  }
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(incoming.fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      // Part of the chunk may be there: the file is read again from its beginning.
      const Error error = storage_error(incoming.path);
      ::close(incoming.fd);
      incoming_.erase(digest);
      return error;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  incoming.sha.update(bytes);
  incoming.received += bytes.size();
  if (incoming.received < total) {
    return Chunk::more;
  }
  // Not synced: a cache that a power cut damages is fetched again, its digest is checked.
  ::close(incoming.fd);
  const bool matches = incoming.sha.finish() == digest;
  const std::string temporary = incoming.path;
  incoming_.erase(digest);
  if (!matches) {
    ::unlink(temporary.c_str());
    return Error{Errc::corrupt, "database " + digest.hex() + " arrived with another digest"};
  }
  if (::rename(temporary.c_str(), path(digest).c_str()) != 0) {
    return storage_error(path(digest));
  }
  enter(digest, total);
  return Chunk::complete;
}

}  // namespace fd
