#include "actors/keys/curve_keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <string.h>  // NOLINT: explicit_bzero is not in <cstring>
#include <zmq.h>

namespace fd {
namespace {

using Z85Text = std::array<char, kCurveKeyChars + 1>;

/// The examples of the zmq_curve(7) manual, public and secret: whoever uses one has no secret.
constexpr std::array kPublishedKeys = std::to_array<std::string_view>({
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
    "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
});

constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

Result<void> check_key_text(std::string_view text) {
  if (text.size() != kCurveKeyChars) {
    return Error{Errc::refused, "a key has " + std::to_string(kCurveKeyChars) +
                                    " characters, this has " + std::to_string(text.size())};
  }
  // libzmq 4.3.4 takes any character, and reads past its table for some.
  const bool z85 = std::all_of(text.begin(), text.end(),
                               [](char c) { return kZ85.find(c) != std::string_view::npos; });
  std::array<std::uint8_t, kCurveKeyBytes> bytes{};
  std::string terminated(text);
  const bool decodes = z85 && zmq_z85_decode(bytes.data(), terminated.c_str()) != nullptr;
  // Five characters may stand for more than 32 bits: such a text has another one for the same key.
  const bool exact = decodes && curve_key_text({reinterpret_cast<const char*>(bytes.data()),
                                                bytes.size()}) == text;
  ::explicit_bzero(bytes.data(), bytes.size());
  ::explicit_bzero(terminated.data(), terminated.size());
  if (!exact) {
    return Error{Errc::refused, "this is no Z85 text"};
  }
  if (std::find(kPublishedKeys.begin(), kPublishedKeys.end(), text) != kPublishedKeys.end()) {
    return Error{Errc::refused,
                 "this is an example of the zmq_curve(7) manual: everybody knows its secret"};
  }
  return {};
}

}  // namespace

CurveSecretKey::~CurveSecretKey() {
  ::explicit_bzero(z85_.data(), z85_.size());
}

CurveSecretKey& CurveSecretKey::operator=(const CurveSecretKey& other) {
  if (this != &other) {
    ::explicit_bzero(z85_.data(), z85_.size());
    z85_ = other.z85_;
  }
  return *this;
}

Result<void> check_curve_library() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return check_curve_library(major, minor, patch, zmq_has("curve") == 1);
}

Result<void> check_curve_library(int major, int minor, int patch, bool has_curve) {
  const std::string version =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (std::array{major, minor, patch} < std::array{4, 3, 3}) {
    return Error{Errc::refused, "libzmq " + version +
                                    ": at least 4.3.3 is needed for keys (CVE-2020-15166 lets "
                                    "strangers stop an older one)"};
  }
  if (!has_curve) {
    return Error{Errc::refused, "libzmq " + version + " was built without CURVE: no keys here"};
  }
  return {};
}

Result<CurveKeyPair> make_curve_key_pair() {
  Z85Text public_text{};
  Z85Text secret_text{};
  if (zmq_curve_keypair(public_text.data(), secret_text.data()) != 0) {
    return Error{Errc::refused, "libzmq cannot make keys: it was built without CURVE"};
  }
  CurveKeyPair pair{{public_text.data()}, CurveSecretKey(secret_text.data())};
  ::explicit_bzero(secret_text.data(), secret_text.size());
  return pair;
}

Result<CurvePublicKey> parse_public_key(std::string_view z85) {
  FD_TRY_VOID(check_key_text(z85));
  return CurvePublicKey{std::string(z85)};
}

Result<CurveKeyPair> parse_secret_key(std::string_view z85) {
  FD_TRY_VOID(check_key_text(z85));
  CurveSecretKey secret{std::string(z85)};
  Z85Text public_text{};
  if (zmq_curve_public(public_text.data(), secret.reveal().c_str()) != 0) {
    return Error{Errc::refused, "libzmq cannot use keys: it was built without CURVE"};
  }
  return CurveKeyPair{{public_text.data()}, std::move(secret)};
}

std::string curve_key_text(std::string_view key) {
  FD_CHECK(key.size() == kCurveKeyBytes);
  Z85Text text{};
  std::array<std::uint8_t, kCurveKeyBytes> bytes{};
  std::copy(key.begin(), key.end(), bytes.begin());
  zmq_z85_encode(text.data(), bytes.data(), bytes.size());
  return text.data();
}

}  // namespace fd
