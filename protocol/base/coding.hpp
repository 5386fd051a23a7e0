#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fd {

/// Appends the lowest `bytes` bytes of `value`, the highest of them first. Requires: bytes <= 8.
inline void append_big_endian(std::uint64_t value, std::size_t bytes, std::string& out) {
  for (std::size_t shift = 8 * bytes; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> (shift - 8)) & 0xFFu));
  }
}

/// Returns the number that all of `bytes` are, the highest first. Requires: at most 8 bytes.
constexpr std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) {
    value = (value << 8) | static_cast<unsigned char>(byte);
  }
  return value;
}

}  // namespace fd
