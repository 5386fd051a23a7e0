#include "protocol/base/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fd {
namespace {

using CrcTable = std::array<std::array<std::uint32_t, 256>, 8>;

/// Tables for eight bytes a step: row k is the CRC of a byte that k zero bytes follow.
constexpr CrcTable make_crc_table() {
  constexpr std::uint32_t kCastagnoliReflected = 0x82F63B78u;
  CrcTable table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1u) != 0 ? kCastagnoliReflected : 0u);
    }
    table[0][byte] = crc;
  }
  for (std::size_t row = 1; row < 8; ++row) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[row - 1][byte];
      table[row][byte] = (before >> 8) ^ table[0][before & 0xFFu];
    }
  }
  return table;
}

constexpr CrcTable kCrcTable = make_crc_table();

std::uint32_t load_le32(const char* at) {
  std::uint32_t word = 0;
  for (int i = 3; i >= 0; --i) {
    word = (word << 8) | static_cast<unsigned char>(at[i]);
  }
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view bytes,
                                                             std::uint32_t crc) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    state = _mm_crc32_u64(state, word);
  }
  auto tail = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++at) {
    tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at));
  }
  return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t crc) {
  std::uint32_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint32_t low = load_le32(at) ^ state;
    const std::uint32_t high = load_le32(at + 4);
    state = kCrcTable[7][low & 0xFFu] ^ kCrcTable[6][(low >> 8) & 0xFFu] ^
            kCrcTable[5][(low >> 16) & 0xFFu] ^ kCrcTable[4][low >> 24] ^
            kCrcTable[3][high & 0xFFu] ^ kCrcTable[2][(high >> 8) & 0xFFu] ^
            kCrcTable[1][(high >> 16) & 0xFFu] ^ kCrcTable[0][high >> 24];
  }
  for (; left > 0; --left, ++at) {
    state = (state >> 8) ^ kCrcTable[0][(state ^ static_cast<unsigned char>(*at)) & 0xFFu];
  }
  return ~state;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    return crc32c_sse42(bytes, crc);
  }
#endif
  return crc32c_portable(bytes, crc);
}

}  // namespace fd
