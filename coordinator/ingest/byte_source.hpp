#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/ingest/ingest.hpp"

namespace fd {

/// Unpacks one compressed stream, piece by piece.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Unpacks from the front of `packed` (and removes what it took) into `out`. Returns how many
  /// bytes it wrote; 0 when it needs more input. Errors: invalid_input, for damaged data.
  virtual Result<std::size_t> decode(std::string_view& packed, std::span<char> out) = 0;
  /// Returns whether the stream may end here.
  [[nodiscard]] virtual bool complete() const = 0;
};

/// Returns a decoder of (concatenated) gzip members, by zlib.
std::unique_ptr<Decoder> make_gzip_decoder();
/// Returns a decoder of (concatenated) Zstandard frames with windows of up to 128 MiB.
std::unique_ptr<Decoder> make_zstd_decoder();

/// Returns what a file that should be JSON Lines is instead, with advice ("is a zip archive; unpack
/// it first"), when its first bytes say so.
std::optional<std::string> foreign_format(std::string_view first_bytes);

/// Returns what a file is that only names another one, with advice, when its first bytes say so.
std::optional<std::string> pointer_format(std::string_view first_bytes);

/// Returns why `path` could not be opened, by the `error` that errno had: of a link that leads
/// nowhere, where it leads.
std::string open_problem(const std::string& path, int error);

/// The bytes of one input file, unpacked as its name asks (.gz, .zst), with the SHA-256 of what
/// lies on disk taken on the way. Only regular files, and standard input. Memory: two blocks.
/// Thread: one at a time.
class ByteSource {
 public:
  /// `path` "-" is standard input.
  /// Errors: invalid_input, naming the path: no such file, not a regular file, not readable.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Returns the next bytes, empty at the end. Lifetime: until the next call.
  /// Errors: invalid_input (another format, damaged, cut off); storage.
  Result<std::string_view> next();
  /// Reads what is left on disk, for the digest. Returns the file without its number of rows.
  /// Errors: invalid_input, when the file changed meanwhile; storage.
  Result<InputFile> finish();
  /// Returns the name for messages: the path, or "standard input".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  ByteSource() = default;
  Result<void> read_block();
  Result<void> check_format(std::string_view first_bytes);
  Result<std::string_view> next_unpacked();

  std::string path_;
  std::string name_;
  int fd_ = -1;
  bool owned_ = false;  ///< standard input stays open
  bool at_start_ = true;
  bool ended_ = false;  ///< no more bytes on disk
  std::unique_ptr<Decoder> decoder_;
  std::string kind_;  ///< "gzip", "zstd" or nothing
  std::vector<char> block_;
  std::string_view packed_;  ///< of block_, not yet given out
  std::vector<char> unpacked_;
  Sha256 sha_;
  std::uint64_t bytes_ = 0;
  std::int64_t mtime_ns_ = 0;
};

}  // namespace fd
