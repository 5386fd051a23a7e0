#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "coordinator/ingest/byte_source.hpp"

namespace fd {

/// The longest accepted input line, in bytes. A row must fit into one message with room to spare.
inline constexpr std::size_t kMaxLineBytes = 8u << 20;

/// Reads an input file line by line: .jsonl, .jsonl.gz, .jsonl.zst, or standard input ("-"). Takes
/// CRLF line ends and one leading byte order mark for what they are; the last line needs no end.
/// Blank lines are passed over. Memory: a few blocks and one line. Thread: one at a time.
class InputReader {
 public:
  /// Errors: those of ByteSource::open.
  static Result<InputReader> open(const std::string& path);

  struct Line {
    std::uint64_t number = 0;  ///< 1-based, blank lines counted
    std::string_view text;     ///< without the line end; good until the next call
    bool too_long = false;     ///< longer than kMaxLineBytes; text is empty
  };
  /// Reads the next line that is not blank; nothing more: Line::number is 0.
  /// Errors: those of ByteSource::next; reading cannot go on after one.
  Result<Line> next();

  /// Returns bytes and digest of the whole file as it lies on disk, also when lines were left
  /// unread; the number of rows is the caller's to know. Errors: those of ByteSource::finish.
  Result<InputFile> finish() { return source_->finish(); }

 private:
  explicit InputReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<bool> next_in_file(std::string_view& text);
  void keep(std::string_view part);

  std::unique_ptr<ByteSource> source_;
  std::string_view block_;
  std::string carry_;      ///< the beginning of a line that goes on in the next block
  bool overflow_ = false;  ///< the line is longer than we keep
  std::uint64_t number_ = 0;
};

}  // namespace fd
