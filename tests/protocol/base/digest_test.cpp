#include "protocol/base/digest.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr std::string_view kAbcHex =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

// FIPS 180-4 example values (NIST, "SHA256.pdf") and the message of a million "a".
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256("abc").hex(), kAbcHex);
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
  const std::string text =
      "The quick brown fox jumps over the lazy dog, again and again and again.";
  Sha256 hasher;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    hasher.update(std::string_view(text).substr(0, cut));
    hasher.update(std::string_view(text).substr(cut));
    EXPECT_EQ(hasher.finish(), sha256(text)) << cut;
  }
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 hasher;
  hasher.update("something else");
  static_cast<void>(hasher.finish());
  hasher.update("abc");
  EXPECT_EQ(hasher.finish().hex(), kAbcHex);
}

TEST(Sha256, GoesOnAfterAMove) {
  Sha256 first;
  first.update("a");
  Sha256 second = std::move(first);
  second.update("bc");
  EXPECT_EQ(second.finish().hex(), kAbcHex);
}

TEST(Digest, ReadsItsOwnHexadecimalText) {
  const Digest digest = sha256("abc");
  EXPECT_EQ(Digest::from_hex(digest.hex()), digest);
  EXPECT_EQ(digest.leading_bits(), 0xba7816bf8f01cfeau);
}

TEST(Digest, RefusesAnythingButSixtyFourLowerCaseDigits) {
  const std::string hex(kAbcHex);
  EXPECT_FALSE(Digest::from_hex(""));
  EXPECT_FALSE(Digest::from_hex(hex.substr(1)));
  EXPECT_FALSE(Digest::from_hex(hex + "0"));
  for (const char bad : {'A', 'F', 'g', '`', '/', ':', ' ', '\0'}) {
    std::string text = hex;
    text[63] = bad;
    EXPECT_FALSE(Digest::from_hex(text)) << bad;
    text = hex;
    text[0] = bad;
    EXPECT_FALSE(Digest::from_hex(text)) << bad;
  }
}

TEST(Digest, OrdersAsItsHexadecimalText) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200; ++i) {
    const Digest left = sha256(std::to_string(random()));
    const Digest right = sha256(std::to_string(random()));
    EXPECT_EQ(left < right, left.hex() < right.hex());
  }
}

}  // namespace
}  // namespace fd
