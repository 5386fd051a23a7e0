#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Units: bytes. Memory in use is about 256 * buffer + 2 * load, and the largest record.
struct SortLimits {
  std::size_t buffer = 32u << 10;  ///< of each bucket, before it goes to the file
  std::size_t load = 16u << 20;    ///< of a bucket that is sorted in memory
};

/// Sorts any number of records by (id, ordinal) in bounded memory: they go to one temporary file in
/// chunks of 256 buckets by one byte of the id; a bucket that does not fit into memory is spread
/// again by the next byte. The file has no name, so that nothing stays behind. Thread: one at a
/// time. Errors of all members: storage.
class IdSorter {
 public:
  struct Record {
    SampleId id;
    std::uint64_t ordinal = 0;
    std::string_view body;  ///< Lifetime: the call that it is given to
  };
  using Visitor = std::function<Result<void>(const Record&)>;

  static Result<IdSorter> create(const std::string& directory, SortLimits limits = {});
  ~IdSorter();
  IdSorter(IdSorter&&) noexcept;
  IdSorter& operator=(IdSorter&&) = delete;

  /// Requires: records of the same id come with rising ordinals.
  Result<void> add(const Record& record);
  /// Calls `visit` with all records, sorted; stops at its first error. Can be called again.
  Result<void> for_each(const Visitor& visit);

 private:
  struct Chunk {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  struct Bucket {
    std::string buffer;
    std::vector<Chunk> chunks;
    std::uint64_t bytes = 0;
    SampleId first;
    bool used = false;
    bool mixed = false;  ///< holds different ids
  };
  IdSorter() = default;
  static Result<IdSorter> create_at(const std::string& directory, SortLimits limits,
                                    std::size_t depth);
  Result<void> flush(Bucket& bucket);
  Result<void> read(const Chunk& chunk, char* to) const;
  Result<void> visit_in_order_of_adding(const Bucket& bucket, const Visitor& visit) const;
  Result<void> visit_sorted(const Bucket& bucket, const Visitor& visit) const;

  std::string directory_;
  SortLimits limits_;
  std::size_t depth_ = 0;  ///< which byte of the id decides the bucket
  int fd_ = -1;
  std::uint64_t end_ = 0;
  std::vector<Bucket> buckets_;
};

}  // namespace fd
