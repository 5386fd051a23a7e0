#include "coordinator/ingest_spill.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/files.hpp"

namespace fd {
namespace {

constexpr std::size_t kBufferBytes = 64u << 10;

/// What stands in front of a row's texts. Only this process reads it back, so it is copied as it
/// is.
struct Header {
  SampleId id;
  std::uint64_t ordinal;
  std::uint64_t line;
  std::uint32_t file;
  std::uint32_t database;
  std::uint32_t canonical_bytes;
  std::uint32_t id_fields_bytes;
  std::uint32_t raw_bytes;
  std::uint32_t gold_bytes;
  std::uint32_t has_gold;
  std::uint32_t unused = 0;
};

Error storage_error(const std::string& path) {
  return Error{Errc::storage, path + ": " + std::strerror(errno)};
}

}  // namespace

RowSpill::RowSpill(RowSpill&& other) noexcept : directory_(std::move(other.directory_)) {
  for (std::uint32_t i = 0; i < kBuckets; ++i) {
    buckets_.at(i).fd = std::exchange(other.buckets_.at(i).fd, -1);
    buckets_.at(i).buffer = std::move(other.buckets_.at(i).buffer);
  }
}

RowSpill::~RowSpill() {
  for (Bucket& bucket : buckets_) {
    if (bucket.fd >= 0) {
      ::close(bucket.fd);
    }
  }
  if (!directory_.empty()) {
    static_cast<void>(remove_tree(directory_).ok());
  }
}

Result<RowSpill> RowSpill::create(const std::string& directory) {
  RowSpill spill;
  FD_TRY_VOID(make_directories(directory));
  spill.directory_ = directory;
  for (std::uint32_t i = 0; i < kBuckets; ++i) {
    const std::string path = directory + "/" + std::to_string(i);
    spill.buckets_.at(i).fd =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (spill.buckets_.at(i).fd < 0) {
      return storage_error(path);
    }
  }
  return spill;
}

Result<void> RowSpill::flush(std::uint32_t index) {
  Bucket& bucket = buckets_.at(index);
  std::string_view rest = bucket.buffer;
  while (!rest.empty()) {
    const ssize_t written = ::write(bucket.fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return storage_error(directory_);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  bucket.buffer.clear();
  return {};
}

Result<void> RowSpill::add(const SpilledRow& row) {
  Header header{row.id,
                row.ordinal,
                row.line,
                row.file,
                row.database,
                static_cast<std::uint32_t>(row.canonical_input.size()),
                static_cast<std::uint32_t>(row.id_fields.size()),
                static_cast<std::uint32_t>(row.raw.size()),
                static_cast<std::uint32_t>(row.gold ? row.gold->size() : 0),
                row.gold ? 1u : 0u,
                0};
  const std::uint32_t index = row.id.bytes[0];
  std::string& buffer = buckets_.at(index).buffer;
  buffer.append(reinterpret_cast<const char*>(&header), sizeof header);
  buffer += row.canonical_input;
  buffer += row.id_fields;
  buffer += row.raw;
  buffer += row.gold.value_or("");
  return buffer.size() >= kBufferBytes ? flush(index) : Result<void>();
}

Result<std::vector<SpilledRow>> RowSpill::read(std::uint32_t index, std::string& bytes) {
  FD_TRY_VOID(flush(index));
  Bucket& bucket = buckets_.at(index);
  struct stat status {};
  if (::fstat(bucket.fd, &status) != 0) {
    return storage_error(directory_);
  }
  bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(bucket.fd, bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return storage_error(directory_);
    }
    filled += static_cast<std::size_t>(got);
  }
  std::vector<SpilledRow> rows;
  std::string_view rest = bytes;
  const auto take = [&rest](std::size_t size) {
    const std::string_view part = rest.substr(0, size);
    rest.remove_prefix(part.size());
    return part;
  };
  while (!rest.empty()) {
    Header header{};
    if (rest.size() < sizeof header) {
      return Error{Errc::corrupt, directory_ + ": a bucket ends inside a row"};
    }
    std::memcpy(&header, take(sizeof header).data(), sizeof header);
    SpilledRow row{header.id, header.ordinal, header.line, header.file, header.database, {}, {},
                   {},        std::nullopt};
    row.canonical_input = take(header.canonical_bytes);
    row.id_fields = take(header.id_fields_bytes);
    row.raw = take(header.raw_bytes);
    const std::string_view gold = take(header.gold_bytes);
    if (header.has_gold != 0) {
      row.gold = gold;
    }
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const SpilledRow& a, const SpilledRow& b) {
    return a.id != b.id ? a.id < b.id : a.ordinal < b.ordinal;
  });
  return rows;
}

}  // namespace fd
