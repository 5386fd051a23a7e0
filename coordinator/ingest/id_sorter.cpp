#include "coordinator/ingest/id_sorter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "actors/storage/errno_error.hpp"

namespace fd {
namespace {

constexpr std::size_t kBuckets = 256;

/// What stands in front of a record's body. Only this process reads it back, so it is copied as it
/// lies in memory.
struct Head {
  SampleId id;
  std::uint64_t ordinal = 0;
  std::uint64_t body_bytes = 0;
};

Error file_error(const std::string& directory) {
  return storage_error(directory + ": temporary file");
}

/// Takes the next record off the front of `bytes`.
IdSorter::Record take_record(std::string_view& bytes) {
  Head head;
  FD_CHECK(bytes.size() >= sizeof head);
  std::memcpy(&head, bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  FD_CHECK(bytes.size() >= head.body_bytes);
  const IdSorter::Record record{head.id, head.ordinal, bytes.substr(0, head.body_bytes)};
  bytes.remove_prefix(head.body_bytes);
  return record;
}

}  // namespace

Result<IdSorter> IdSorter::create(const std::string& directory, SortLimits limits) {
  return create_at(directory, limits, 0);
}

Result<IdSorter> IdSorter::create_at(const std::string& directory, SortLimits limits,
                                     std::size_t depth) {
  IdSorter sorter;
  sorter.directory_ = directory;
  sorter.limits_ = limits;
  sorter.depth_ = depth;
  sorter.buckets_.resize(kBuckets);
  std::string path = directory + "/.sort-XXXXXX";
  sorter.fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (sorter.fd_ < 0 || ::unlink(path.c_str()) != 0) {
    return file_error(directory);
  }
  return sorter;
}

IdSorter::~IdSorter() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

IdSorter::IdSorter(IdSorter&& other) noexcept
    : directory_(std::move(other.directory_)),
      limits_(other.limits_),
      depth_(other.depth_),
      fd_(std::exchange(other.fd_, -1)),
      end_(other.end_),
      buckets_(std::move(other.buckets_)) {}

Result<void> IdSorter::add(const Record& record) {
  Bucket& bucket = buckets_[record.id.bytes.at(depth_)];
  if (!bucket.used) {
    bucket.used = true;
    bucket.first = record.id;
  }
  bucket.mixed = bucket.mixed || bucket.first != record.id;
  const Head head{record.id, record.ordinal, record.body.size()};
  bucket.bytes += sizeof head + record.body.size();
  bucket.buffer.append(reinterpret_cast<const char*>(&head), sizeof head);
  bucket.buffer += record.body;
  return bucket.buffer.size() >= limits_.buffer ? flush(bucket) : Result<void>();
}

Result<void> IdSorter::flush(Bucket& bucket) {
  const Chunk chunk{end_, bucket.buffer.size()};
  std::string_view rest = bucket.buffer;
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(end_));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return file_error(directory_);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
    end_ += static_cast<std::uint64_t>(written);
  }
  if (chunk.bytes > 0) {
    bucket.chunks.push_back(chunk);
  }
  bucket.buffer.clear();
  if (bucket.buffer.capacity() > 4 * limits_.buffer) {
    bucket.buffer.shrink_to_fit();  // one long record must not cost its size in every bucket
  }
  return {};
}

Result<void> IdSorter::read(const Chunk& chunk, char* to) const {
  std::uint64_t filled = 0;
  while (filled < chunk.bytes) {
    const ssize_t got =
        ::pread(fd_, to + filled, chunk.bytes - filled, static_cast<off_t>(chunk.offset + filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got < 0 ? file_error(directory_)
                     : Error{Errc::storage, directory_ + ": temporary file: ends too early"};
    }
    filled += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> IdSorter::visit_in_order_of_adding(const Bucket& bucket, const Visitor& visit) const {
  std::string bytes;
  for (const Chunk& chunk : bucket.chunks) {
    bytes.resize(chunk.bytes);
    FD_TRY_VOID(read(chunk, bytes.data()));
    for (std::string_view rest = bytes; !rest.empty();) {
      FD_TRY_VOID(visit(take_record(rest)));
    }
  }
  return {};
}

Result<void> IdSorter::visit_sorted(const Bucket& bucket, const Visitor& visit) const {
  std::string bytes(bucket.bytes, '\0');
  char* to = bytes.data();
  for (const Chunk& chunk : bucket.chunks) {
    FD_TRY_VOID(read(chunk, to));
    to += chunk.bytes;
  }
  std::vector<Record> records;
  for (std::string_view rest = bytes; !rest.empty();) {
    records.push_back(take_record(rest));
  }
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    const int order = std::memcmp(a.id.bytes.data(), b.id.bytes.data(), a.id.bytes.size());
    return order != 0 ? order < 0 : a.ordinal < b.ordinal;
  });
  for (const Record& record : records) {
    FD_TRY_VOID(visit(record));
  }
  return {};
}

Result<void> IdSorter::for_each(const Visitor& visit) {
  for (Bucket& bucket : buckets_) {
    FD_TRY_VOID(flush(bucket));
    if (!bucket.mixed) {
      FD_TRY_VOID(visit_in_order_of_adding(bucket, visit));
    } else if (bucket.bytes <= limits_.load) {
      FD_TRY_VOID(visit_sorted(bucket, visit));
    } else {
      // Different ids differ in some byte, so this ends.
      FD_TRY(IdSorter finer, create_at(directory_, limits_, depth_ + 1));
      FD_TRY_VOID(visit_in_order_of_adding(
          bucket, [&finer](const Record& record) { return finer.add(record); }));
      FD_TRY_VOID(finer.for_each(visit));
    }
  }
  return {};
}

}  // namespace fd
