#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"

namespace fd {

inline constexpr std::size_t kCurveKeyBytes = 32;
inline constexpr std::size_t kCurveKeyChars = 40;  ///< of a key as Z85 text

/// The public half of a CURVE key: 40 characters of Z85. This is a peer's identity.
struct CurvePublicKey {
  std::string z85;

  friend bool operator==(const CurvePublicKey&, const CurvePublicKey&) = default;
  friend auto operator<=>(const CurvePublicKey&, const CurvePublicKey&) = default;
};

/// The secret half. Has no way into a stream, and its memory is wiped at its end.
class CurveSecretKey {
 public:
  explicit CurveSecretKey(std::string z85) : z85_(std::move(z85)) {}
  ~CurveSecretKey();
  CurveSecretKey(const CurveSecretKey&) = default;
  CurveSecretKey& operator=(const CurveSecretKey&);
  /// Returns the key itself: for ZeroMQ and for a key file, nothing else.
  [[nodiscard]] const std::string& reveal() const { return z85_; }

 private:
  std::string z85_;
};

struct CurveKeyPair {
  CurvePublicKey public_key;
  CurveSecretKey secret;
};

/// Checks that the ZeroMQ at hand can be trusted with keys. Errors: refused, for one without CURVE
/// and for one older than 4.3.3 (CVE-2020-15166: strangers stop a CURVE server).
Result<void> check_curve_library();
/// The same for a library of this version: the decision alone.
Result<void> check_curve_library(int major, int minor, int patch, bool has_curve);

/// Makes a new pair from the system's randomness. Errors: refused (the library cannot).
Result<CurveKeyPair> make_curve_key_pair();

/// Reads a public key. Errors: refused, saying what is wrong: another length, no Z85, or a key that
/// everybody knows (the examples of the zmq_curve(7) manual).
Result<CurvePublicKey> parse_public_key(std::string_view z85);
/// Reads a secret key and computes the public one. Errors: as above; they never show the key.
Result<CurveKeyPair> parse_secret_key(std::string_view z85);

/// Returns 32 raw bytes as Z85. Requires: key.size() == kCurveKeyBytes.
std::string curve_key_text(std::string_view key);

}  // namespace fd
