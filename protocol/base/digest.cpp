#include "protocol/base/digest.hpp"

#include <cstring>
#include <utility>

#include <openssl/evp.h>

#include "protocol/base/result.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fd {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  return -1;
}

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

std::uint64_t Digest::leading_bits() const {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    bits = (bits << 8) | bytes[i];
  }
  return bits;
}

std::string Digest::hex() const {
  std::string text(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kHexDigits[bytes[i] >> 4];
    text[2 * i + 1] = kHexDigits[bytes[i] & 0xF];
  }
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view hex) {
  Digest digest;
  if (hex.size() != digest.bytes.size() * 2) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

// The algorithm is fetched once: EVP_sha256() would look it up at every init, which costs a fifth
// of hashing a 1 KiB text.
struct Sha256::Impl {
  Impl() : algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context(EVP_MD_CTX_new()) {
    FD_CHECK(algorithm != nullptr && context != nullptr);
    init();
  }
  ~Impl() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void init() const { FD_CHECK(EVP_DigestInit_ex2(context, algorithm, nullptr) == 1); }

  EVP_MD* algorithm;
  EVP_MD_CTX* context;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  FD_CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  unsigned int length = 0;
  FD_CHECK(EVP_DigestFinal_ex(impl_->context, digest.bytes.data(), &length) == 1);
  FD_CHECK(length == digest.bytes.size());
  impl_->init();
  return digest;
}

Digest sha256(std::string_view bytes) {
  // A context per thread: making one costs more than hashing a short text, and callers that hash
  // now and then should not have to carry one. It keeps nothing from one call to the next.
  static thread_local Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

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
