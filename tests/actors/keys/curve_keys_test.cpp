#include "actors/keys/curve_keys.hpp"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <zmq.h>

namespace fd {
namespace {

constexpr std::string_view kManualClientSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
constexpr std::string_view kManualClientPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
constexpr std::string_view kManualServerSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
constexpr std::string_view kManualServerPublic = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

TEST(CurveKeys, ANewPairIsNewAndItsSecretLeadsToItsPublicKey) {
  const auto first = make_curve_key_pair();
  const auto second = make_curve_key_pair();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->public_key, second->public_key);
  const auto again = parse_secret_key(first->secret.reveal());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_key, first->public_key);
  EXPECT_TRUE(parse_public_key(first->public_key.z85).ok());
}

TEST(CurveKeys, J06KeysOfAnotherLengthOrAlphabetAreRefused) {
  const std::string good = make_curve_key_pair()->secret.reveal();
  const auto expect = [](const std::string& key, const std::string& why) {
    for (const Error& error : {parse_secret_key(key).error(), parse_public_key(key).error()}) {
      EXPECT_EQ(error.code, Errc::refused);
      EXPECT_EQ(error.message, why);
    }
  };
  expect("", "a key has 40 characters, this has 0");
  expect(good.substr(1), "a key has 40 characters, this has 39");
  expect(good + "0", "a key has 40 characters, this has 41");
  for (const char wrong : {'"', ' ', '\\', '~', '\n', '\xff', '\0'}) {
    expect(wrong + good.substr(1), "this is no Z85 text");
  }
  expect("#####" + good.substr(5), "this is no Z85 text");  // more than 32 bits
}

TEST(CurveKeys, J06TheManualsExamplesAreRefusedInBothRoles) {
  std::array<char, 41> derived{};
  ASSERT_EQ(zmq_curve_public(derived.data(), std::string(kManualClientSecret).c_str()), 0);
  EXPECT_EQ(derived.data(), kManualClientPublic);  // the test's own spelling is the manual's
  ASSERT_EQ(zmq_curve_public(derived.data(), std::string(kManualServerSecret).c_str()), 0);
  EXPECT_EQ(derived.data(), kManualServerPublic);
  for (const std::string_view key :
       {kManualClientSecret, kManualClientPublic, kManualServerSecret, kManualServerPublic}) {
    for (const Error& error : {parse_secret_key(key).error(), parse_public_key(key).error()}) {
      EXPECT_EQ(error.code, Errc::refused);
      EXPECT_EQ(error.message,
                "this is an example of the zmq_curve(7) manual: everybody knows its secret");
    }
  }
}

TEST(CurveKeys, J14OldLibrariesAndThoseWithoutCurveAreRefused) {
  EXPECT_TRUE(check_curve_library().ok());
  for (const auto& [major, minor, patch] :
       {std::array{4, 3, 3}, std::array{4, 3, 4}, std::array{4, 4, 0}, std::array{5, 0, 0}}) {
    EXPECT_TRUE(check_curve_library(major, minor, patch, true).ok());
  }
  for (const auto& [major, minor, patch] :
       {std::array{4, 3, 2}, std::array{4, 2, 9}, std::array{3, 9, 9}}) {
    const auto checked = check_curve_library(major, minor, patch, true);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code, Errc::refused);
    EXPECT_NE(checked.error().message.find("at least 4.3.3 is needed"), std::string::npos);
  }
  const auto without = check_curve_library(4, 3, 4, false);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, Errc::refused);
  EXPECT_EQ(without.error().message, "libzmq 4.3.4 was built without CURVE: no keys here");
}

}  // namespace
}  // namespace fd
