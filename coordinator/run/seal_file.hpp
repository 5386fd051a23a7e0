#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/json/object_reader.hpp"
#include "protocol/manifest.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

// seal.jsonl has a line for each file that is sealed at the end of a run, sorted by path. It grows
// with the shards, and one of its lines with the ledger, so it is written and read line by line.

/// The longest line that is read: the CRCs of a ledger of 380 GB.
inline constexpr std::size_t kMaxSealLineBytes = json::kMaxTextBytes;

/// What run.json says of seal.jsonl.
struct SealFile {
  FileEntry entry;
  std::uint64_t lines = 0;

  friend bool operator==(const SealFile&, const SealFile&) = default;
};
/// Returns the value of "sealed" in run.json.
json::Value to_json(const SealFile& seal);
/// Reads it. Errors: corrupt, naming the key.
Result<SealFile> seal_file_from_json(const json::Value& value);

/// Returns the line of a file, without its end.
std::string seal_line(const FileEntry& entry);
/// Reads a line. Errors: corrupt: not as seal_line() writes it, or a path that leaves the folder.
Result<FileEntry> entry_from_seal_line(std::string_view line);

/// Digests `files`, named relative to the run's folder, and writes seal.jsonl. Memory: one line.
/// Requires: sorted. Errors: corrupt, when one of them is missing; storage.
Result<SealFile> write_seal_file(const RunDir& dir, const std::vector<std::string>& files);

/// Goes through the lines of seal.jsonl. Memory: one line.
class SealLines {
 public:
  explicit SealLines(const RunDir& dir, std::size_t line_max = kMaxSealLineBytes)
      : path_(dir.seal()), line_max_(line_max) {}
  /// Moves to the next line; false at the end, which need not have a newline. Lifetime of the line:
  /// until the next call. Errors: not_found; exhausted, for a longer line; storage.
  Result<bool> next(std::string_view& line);
  [[nodiscard]] std::uint64_t number() const { return number_; }  ///< of the current line, from 1
  [[nodiscard]] std::uint64_t offset() const { return offset_; }  ///< of its first byte, or the end
  /// Returns whether the current line has its newline.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  std::string path_;
  std::size_t line_max_;
  std::string buffer_;
  std::size_t begin_ = 0;         ///< of the current line in the buffer
  std::size_t line_bytes_ = 0;    ///< of the current line, newline included
  std::uint64_t offset_ = 0;      ///< of the current line in the file
  std::uint64_t read_bytes_ = 0;  ///< of the file
  std::uint64_t number_ = 0;
  bool ended_ = true;
};

}  // namespace fd
