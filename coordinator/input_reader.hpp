#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/digest.hpp"
#include "protocol/result.hpp"

namespace fd {

/// The longest accepted input line, in bytes. A row must fit into one message with room to spare.
inline constexpr std::size_t kMaxLineBytes = 8u << 20;

/// Reads an input file line by line: .jsonl, .jsonl.gz, .jsonl.zst, or standard input ("-"). Takes
/// CRLF line ends and one leading byte order mark for what they are. Memory: two blocks and one
/// line.
class InputReader {
 public:
  /// Errors: not_found; invalid_input, for what is no regular file, or bytes of another format than
  /// the name says (gzip, zip, UTF-16, Parquet under .jsonl).
  static Result<InputReader> open(const std::string& path);
  ~InputReader();
  InputReader(InputReader&&) noexcept;
  InputReader& operator=(InputReader&&) noexcept;

  struct Line {
    std::uint64_t number = 0;  ///< 1-based
    std::string_view text;     ///< without the line end; good until the next call
    bool too_long = false;     ///< longer than kMaxLineBytes; text is empty
  };
  /// Reads the next line; nothing more: Line::number is 0.
  /// Errors: invalid_input (damaged or cut compression), storage.
  Result<Line> next();

  /// Returns bytes and digest of the file as it lies on disk. Requires: next() has returned the
  /// end.
  [[nodiscard]] std::uint64_t bytes() const;
  Digest digest();

 private:
  struct Impl;
  explicit InputReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fd
