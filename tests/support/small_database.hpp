#pragma once

#include <string>

namespace fd::testing_support {

/// Returns an SQLite database without tables; each `mark` gives another one.
inline std::string database_bytes(char mark) {
  constexpr std::size_t kPageBytes = 512;
  constexpr std::size_t kHeaderBytes = 100;
  std::string bytes("SQLite format 3\0", 16);
  bytes += std::string("\x02\x00\x01\x01\x00\x40\x20\x20", 8);  // page size, versions, fractions
  bytes += std::string("\0\0\0\1\0\0\0\1", 8);                  // changes, pages
  bytes.resize(kHeaderBytes);
  bytes[47] = '\4';                                   // format of the schema
  bytes[59] = '\1';                                   // UTF-8
  bytes[63] = mark;                                   // the user's version
  bytes[95] = '\1';                                   // valid for this number of changes
  bytes += std::string("\x0d\0\0\0\0\x02\x00\0", 8);  // a leaf of a table, without cells
  bytes.resize(kPageBytes);
  return bytes;
}

}  // namespace fd::testing_support
