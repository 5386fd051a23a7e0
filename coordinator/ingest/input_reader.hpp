#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "coordinator/ingest/array_splitter.hpp"
#include "coordinator/ingest/input_text.hpp"

namespace fd {

/// Reads an input row by row: .jsonl, .json, either packed (.gz, .zst), or standard input ("-").
/// A file that begins with `[` and `{` is one JSON array of rows, any other has a row a line. Takes
/// CRLF line ends for what they are; the last line needs no end; blank lines are passed over.
/// Memory: a few blocks and one row. Thread: one at a time.
class InputReader {
 public:
  /// Errors: those of ByteSource::open.
  static Result<InputReader> open(const std::string& path);

  struct Line {
    std::uint64_t number = 0;  ///< 1-based: of the line, blank ones counted; of the array's item
    std::string_view text;     ///< without the line end; good until the next call
    bool too_long = false;     ///< longer than kMaxLineBytes; text is empty
  };
  /// Reads the next line that is not blank, or item; nothing more: Line::number is 0.
  /// Errors: those of InputText::next; invalid_input (the array is cut off, or has no commas);
  /// reading cannot go on after one.
  Result<Line> next();

  /// Returns whether the rows are the items of one JSON array. Requires: next() was called.
  [[nodiscard]] bool array() const { return array_.has_value(); }

  /// Returns bytes and digest of the whole file as it lies on disk, also when lines were left
  /// unread; the number of rows is the caller's to know. Errors: those of ByteSource::finish.
  Result<InputFile> finish();

 private:
  explicit InputReader(InputText text) : text_(std::move(text)) {}
  Result<void> begin();
  Result<Line> next_item();
  Result<bool> next_in_file(std::string_view& text);
  void keep(std::string_view part);

  InputText text_;
  bool begun_ = false;
  std::optional<ArraySplitter> array_;
  std::string_view block_;
  std::string carry_;      ///< the beginning of a line that goes on in the next block
  bool overflow_ = false;  ///< the line is longer than we keep
  std::uint64_t number_ = 0;
};

}  // namespace fd
