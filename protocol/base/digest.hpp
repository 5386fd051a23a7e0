#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fd {

/// 32 bytes of SHA-256. Ordered as bytes, which is the order of its hexadecimal text.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  friend auto operator<=>(const Digest&, const Digest&) = default;

  /// Returns the first 64 bits, big-endian: what sharding and splitting use.
  [[nodiscard]] std::uint64_t leading_bits() const;
  /// Returns 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  /// Returns the digest that 64 lower-case hexadecimal digits spell, or nothing.
  static std::optional<Digest> from_hex(std::string_view hex);
};

/// A sample's identity: SHA-256 of the JCS text that docs/contract.md defines.
using SampleId = Digest;

/// For unordered containers (never iterated where order could reach an output).
struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    return static_cast<std::size_t>(digest.leading_bits());
  }
};

/// Incremental SHA-256. Reusable: finish() returns the digest and starts anew.
/// Thread: one at a time. Source: FIPS 180-4, by OpenSSL.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the SHA-256 of `bytes`.
Digest sha256(std::string_view bytes);

}  // namespace fd
