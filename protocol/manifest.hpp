#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"

namespace fd {

inline constexpr std::uint32_t kManifestSchemaVersion = 1;
inline constexpr std::size_t kCrcBlockBytes = 64u << 10;

/// One file as a manifest describes it.
struct FileEntry {
  std::string name;  ///< relative to the manifest's folder; no "/" and no ".."
  std::uint64_t bytes = 0;
  Digest sha256;
  std::vector<std::uint32_t> crc32c;  ///< one per 64 KiB block

  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

/// Accumulates a FileEntry while the file's bytes pass by.
class FileDigest {
 public:
  void update(std::string_view bytes);
  FileEntry finish(std::string name);

 private:
  Sha256 sha_;
  std::uint64_t bytes_ = 0;
  std::uint32_t block_crc_ = 0;
  std::size_t block_fill_ = 0;
  std::vector<std::uint32_t> crcs_;
};

/// Accumulates what a manifest says of a stage's lines: they must come in id order.
class ContentDigest {
 public:
  /// Adds one JCS line (without newline; the digest covers a newline behind each).
  void add(const SampleId& id, std::string_view line);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::optional<SampleId>& min_id() const { return min_; }
  [[nodiscard]] const std::optional<SampleId>& max_id() const { return max_; }
  Digest finish() { return sha_.finish(); }

 private:
  Sha256 sha_;
  std::uint64_t count_ = 0;
  std::optional<SampleId> min_;
  std::optional<SampleId> max_;
};

enum class ShardFileState { pending, committed, failed };

/// What stands in manifest.json, of a stage or of a shard.
struct Manifest {
  std::string run_id;
  std::string stage;  ///< "shard" for a shard's manifest
  std::optional<std::uint32_t> shard;
  std::uint64_t count = 0;
  std::optional<SampleId> min_sample_id;
  std::optional<SampleId> max_sample_id;
  std::vector<std::string> columns;  ///< sorted; field_hash is derived from them
  Digest content_sha256;
  std::vector<std::string> parents;  ///< content digests (hex) of the parent stages' manifests
  Digest config_digest;
  std::vector<FileEntry> files;
  // shards only
  std::optional<ShardFileState> state;
  std::map<std::string, std::uint64_t> verdicts;  ///< counts by verdict name
  std::map<std::string, std::uint64_t> reasons;   ///< counts by reason name
  std::vector<std::string> databases;             ///< digests (hex), sorted
  std::uint32_t shards = 0;                       ///< how many shards the run has

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// Returns what the manifest says of a file; null: it does not name it.
const FileEntry* find_file(const Manifest& manifest, std::string_view name);
/// Returns the manifest as JSON, with field_hash, canonical and schema_version.
json::Value to_json(const Manifest& manifest);
/// Errors: corrupt, naming the key; unsupported, for a newer schema_version.
Result<Manifest> manifest_from_json(const json::Value& value);

}  // namespace fd
