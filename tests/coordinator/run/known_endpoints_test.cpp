#include "coordinator/run/known_endpoints.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "actors/storage/files.hpp"
#include "actors/storage/temporary_directory.hpp"

namespace fd {
namespace {

class KnownEndpoints : public testing::Test {
 protected:
  /// Returns a gateway with one provider that sends the key of a variable to `url`.
  static GatewayConfig gateway(const std::string& url, const std::string& variable = "KEY") {
    GatewayConfig gateway;
    gateway.providers.emplace_back();
    gateway.providers[0].name = "p";
    gateway.providers[0].base_url = url;
    gateway.providers[0].api_key_env = variable;
    return gateway;
  }
  /// Returns why the gateway may not be used; empty: it may.
  std::string why_not(const GatewayConfig& gateway, const std::vector<std::string>& sets = {}) {
    const auto nothing = [](const std::string&) { return std::nullopt; };
    const auto checked = check_endpoints(file_, gateway, said_places(sets, nothing));
    if (!checked.ok()) {
      EXPECT_EQ(checked.error().code, Errc::refused);
      return checked.error().message;
    }
    return "";
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create_in(testing::TempDir(), "known-").value();
  std::string file_ = folder_.path() + "/state/fastdistill/known_endpoints";
};

TEST_F(KnownEndpoints, AreAskedAboutOnlyOnce) {
  EXPECT_EQ(why_not(gateway("https://a/v1")),
            "provider p would send the variable KEY to https://a/v1, which only this run's folder "
            "names, and no command of yours sent it there before");
  ASSERT_TRUE(note_endpoints(file_, gateway("https://a/v1")).ok());
  EXPECT_EQ(why_not(gateway("https://a/v1")), "");
  EXPECT_NE(why_not(gateway("https://b/v1")), "") << "another address";
  EXPECT_NE(why_not(gateway("https://a/v1", "OTHER")), "") << "another secret";
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(KnownEndpoints, AreKeptWhenOthersAreNoted) {
  ASSERT_TRUE(note_endpoints(file_, gateway("https://a/v1")).ok());
  ASSERT_TRUE(note_endpoints(file_, gateway("https://b/v1")).ok());
  const std::string before = read_file(file_).value();
  ASSERT_TRUE(note_endpoints(file_, gateway("https://a/v1")).ok());
  EXPECT_EQ(read_file(file_).value(), before);
  EXPECT_EQ(why_not(gateway("https://a/v1")), "");
  EXPECT_EQ(why_not(gateway("https://b/v1")), "");
}

/// Whose proxy, and whose certificates, also decides who reads the key.
TEST_F(KnownEndpoints, AreOthersByAnotherProxyOrOtherCertificates) {
  ASSERT_TRUE(note_endpoints(file_, gateway("https://a/v1")).ok());
  GatewayConfig proxied = gateway("https://a/v1");
  proxied.providers[0].proxy = "http://elsewhere:3128";
  EXPECT_NE(why_not(proxied), "");
  EXPECT_NE(why_not(proxied, {"gateway.providers.0.base_url=https://a/v1"}), "");
  EXPECT_EQ(why_not(proxied, {"base_url=https://a/v1", "proxy=http://elsewhere:3128"}), "");
  proxied.providers[0].proxy = "environment";
  EXPECT_EQ(why_not(proxied), "") << "this user's own";
  GatewayConfig trusting = gateway("https://a/v1");
  trusting.providers[0].ca_pem = "-----BEGIN CERTIFICATE-----";
  EXPECT_NE(why_not(trusting), "");
  ASSERT_TRUE(note_endpoints(file_, trusting).ok());
  EXPECT_EQ(why_not(trusting), "");
}

TEST_F(KnownEndpoints, AreThoseThatTheCommandNames) {
  EXPECT_EQ(why_not(gateway("https://a/v1/"), {"gateway.providers.0.base_url=https://a/v1"}), "");
  EXPECT_NE(why_not(gateway("https://a"), {"gateway.providers.0.base_url=https://a/v1"}), "")
      << "a part of what was said";
  EXPECT_NE(why_not(gateway("https://a/v1"), {"", "gateway.providers.0.base_url=https://b/v1"}),
            "");
}

TEST_F(KnownEndpoints, MatterToEverySecretAndToNothingElse) {
  GatewayConfig plain = gateway("https://a/v1", "");
  plain.providers[0].headers["X-Team"] = {SettingSource::From::text, "data"};
  EXPECT_EQ(why_not(plain), "");
  ASSERT_TRUE(note_endpoints(file_, plain).ok());
  EXPECT_FALSE(file_exists(file_));
  for (const auto from : {SettingSource::From::environment, SettingSource::From::file}) {
    GatewayConfig header = plain;
    header.providers[0].headers["X-Token"] = {from, "/keys/one"};
    EXPECT_NE(why_not(header), "");
    GatewayConfig query = plain;
    query.providers[0].query["token"] = {from, "/keys/one"};
    EXPECT_NE(why_not(query), "");
  }
  GatewayConfig from_file = plain;
  from_file.providers[0].api_key_file = "/keys/one";
  EXPECT_NE(why_not(from_file), "");
}

TEST(KnownEndpointsFile, LiesInTheStateFolder) {
  std::map<std::string, std::string> variables = {{"HOME", "/home/u"}};
  const auto file = [&] {
    return known_endpoints_file([&](const std::string& name) {
      const auto found = variables.find(name);
      return found != variables.end() ? std::optional(found->second) : std::nullopt;
    });
  };
  EXPECT_EQ(file(), "/home/u/.local/state/fastdistill/known_endpoints");
  variables["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(file(), "/state/fastdistill/known_endpoints");
  variables["XDG_STATE_HOME"] = "relative";
  EXPECT_EQ(file(), "/home/u/.local/state/fastdistill/known_endpoints");
  variables = {};
  EXPECT_EQ(file(), "");
  EXPECT_TRUE(note_endpoints("", {}).ok());
}

}  // namespace
}  // namespace fd
