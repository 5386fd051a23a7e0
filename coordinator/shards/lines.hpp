#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/shards/record_views.hpp"
#include "protocol/base/result.hpp"

namespace fd {

/// Goes through the lines of a shard's file, and says in errors where it was: file, line and byte.
/// Lifetime: not longer than the text.
class LineReader {
 public:
  LineReader(std::string path, std::string_view text) : path_(std::move(path)), text_(text) {}
  /// Moves to the next line; false at the end.
  bool next_line(std::string_view& line);
  /// Moves to the next line and reads it as a view; false at the end. Errors: corrupt.
  template <class View>
  Result<bool> next(View& view) {
    std::string_view line;
    if (!next_line(line)) {
      return false;
    }
    const auto read = read_view(line, view);
    return read.ok() ? Result<bool>(true) : error(read.error().message);
  }
  /// Returns what is wrong with the current line, or with the end.
  [[nodiscard]] Error error(const std::string& what) const;
  [[nodiscard]] std::uint64_t number() const { return number_; }  ///< of the current line, from 1
  [[nodiscard]] std::size_t offset() const { return offset_; }    ///< of its first byte

 private:
  std::string path_;
  std::string_view text_;
  std::size_t next_ = 0;
  std::size_t offset_ = 0;
  std::uint64_t number_ = 0;
  bool at_end_ = false;
};

/// Reads all lines of a file as records; `path` is what messages call it. Errors: corrupt.
template <class T>
Result<std::vector<T>> read_lines(const std::string& path, std::string_view text) {
  std::vector<T> records;
  LineReader lines(path, text);
  for (std::string_view line; lines.next_line(line);) {
    auto record = from_line<T>(line);
    if (!record.ok()) {
      return lines.error(record.error().message);
    }
    records.push_back(std::move(record).value());
  }
  return records;
}

}  // namespace fd
