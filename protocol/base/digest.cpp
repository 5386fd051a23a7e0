#include "protocol/base/digest.hpp"

#include <openssl/evp.h>

#include "protocol/base/result.hpp"

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

}  // namespace fd
