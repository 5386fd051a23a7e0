#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/digest.hpp"
#include "protocol/result.hpp"

namespace fd {

/// One row between the two passes of ingest. Lifetime of the views: that of the bucket's bytes.
struct SpilledRow {
  SampleId id;
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  std::uint32_t file = 0;
  std::uint32_t database = 0;  ///< index + 1; 0: none
  std::string_view canonical_input;
  std::string_view id_fields;
  std::string_view raw;  ///< JCS text of the whole row
  std::optional<std::string_view> gold;
};

/// Rows on disk in 256 buckets by the first byte of their id, so that each bucket can be sorted in
/// memory and the buckets in turn give all rows in id order. Memory: one buffer per bucket.
class RowSpill {
 public:
  static constexpr std::uint32_t kBuckets = 256;

  /// Makes `directory` and the buckets in it. Errors: storage.
  static Result<RowSpill> create(const std::string& directory);
  ~RowSpill();
  RowSpill(RowSpill&&) noexcept;
  RowSpill& operator=(RowSpill&&) = delete;

  /// Errors: storage.
  Result<void> add(const SpilledRow& row);
  /// Reads a bucket's rows, sorted by id and ordinal; `bytes` holds what they point into.
  /// Errors: storage, corrupt.
  Result<std::vector<SpilledRow>> read(std::uint32_t bucket, std::string& bytes);

 private:
  struct Bucket {
    int fd = -1;
    std::string buffer;
  };
  RowSpill() = default;
  Result<void> flush(std::uint32_t bucket);
  std::string directory_;
  std::array<Bucket, kBuckets> buckets_;
};

}  // namespace fd
