#include "actors/transport/zap.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

const std::string kKeyBytes(32, 'k');

std::vector<std::string> request() {
  return {"1.0", "id 7", "fast-distill", "10.0.0.9", "", "CURVE", kKeyBytes};
}

AllowList list_with_the_key() {
  return AllowList({{{curve_key_text(kKeyBytes)}, "gpu"}});
}

TEST(Zap, AKeyOnTheListIsAdmittedAndBecomesTheUserId) {
  const ZapReply reply = answer_zap(request(), list_with_the_key());
  EXPECT_TRUE(reply.admitted);
  EXPECT_EQ(reply.frames,
            (std::vector<std::string>{"1.0", "id 7", "200", "OK", curve_key_text(kKeyBytes), ""}));
}

void expect_refused(const std::vector<std::string>& what, const AllowList& list,
                    const std::string& detail) {
  const ZapReply reply = answer_zap(what, list);
  EXPECT_FALSE(reply.admitted);
  EXPECT_EQ(reply.frames,
            (std::vector<std::string>{"1.0", "id 7", "400", "not on the allow-list", "", ""}));
  EXPECT_EQ(reply.detail, detail);
}

TEST(Zap, B22EverybodyElseIsRefused) {
  expect_refused(request(), AllowList(),
                 "10.0.0.9: the key " + curve_key_text(kKeyBytes) + " is not on the allow-list");
  for (const char* mechanism : {"NULL", "PLAIN", "GSSAPI", "curve", ""}) {
    auto other = request();
    other[5] = mechanism;
    expect_refused(other, list_with_the_key(),
                   "10.0.0.9: comes without a key (mechanism " + std::string(mechanism) + ")");
  }
}

TEST(Zap, OddRequestsAreRefused) {
  auto longer = request();
  longer.emplace_back("more");
  auto shorter = request();
  shorter.pop_back();
  auto short_key = request();
  short_key.back().pop_back();
  for (const auto& odd : {longer, shorter, short_key}) {
    expect_refused(odd, list_with_the_key(), "10.0.0.9: comes without a key (mechanism CURVE)");
  }
  auto version = request();
  version[0] = "2.0";
  auto domain = request();
  domain[2] = "";
  auto cut = request();
  cut.resize(5);
  for (const auto& odd : {version, domain, cut}) {
    expect_refused(odd, list_with_the_key(), "a ZAP request of another version or domain");
  }
}

TEST(Zap, ARequestWithoutAnIdHasNoAnswer) {
  EXPECT_TRUE(answer_zap({"1.0"}, list_with_the_key()).frames.empty());
  EXPECT_TRUE(answer_zap({}, list_with_the_key()).frames.empty());
}

}  // namespace
}  // namespace fd
