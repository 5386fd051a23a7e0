#include "actors/gateway/http/endpoint_secrets.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "actors/gateway/http/proxy_choice.hpp"
#include "actors/storage/files.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using Variables = std::map<std::string, std::string>;

std::function<std::optional<std::string>(const std::string&)> environment_of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

RunConfig config_of(ProviderConfig provider) {
  provider.name = "p";
  RunConfig config;
  config.gateway.providers = {std::move(provider)};
  return config;
}

Endpoint endpoint_of_test(ProviderConfig provider, Variables variables) {
  auto endpoints =
      endpoints_with_secrets(config_of(std::move(provider)), environment_of(std::move(variables)));
  EXPECT_TRUE(endpoints.ok()) << endpoints.error().message;
  return endpoints.ok() ? endpoints->front() : Endpoint{};
}

TEST(EndpointSecrets, ComeFromTheEnvironmentAndFromFiles) {
  const testing_support::TempFolder folder;
  const std::string path = folder.root() + "/token";
  ASSERT_TRUE(write_file(path, "tok en\n").ok());
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ProviderConfig provider;
  provider.api_key_env = "KEY";
  provider.headers = {{"X-Text", {SettingSource::From::text, "a"}},
                      {"X-Empty", {SettingSource::From::text, ""}},
                      {"X-Env", {SettingSource::From::environment, "VALUE"}}};
  provider.query = {{"a&b", {SettingSource::From::file, path}},
                    {"v", {SettingSource::From::text, "1.0~x"}}};
  const Endpoint endpoint = endpoint_of_test(provider, {{"KEY", "k\r\n"}, {"VALUE", "v v\n"}});
  EXPECT_EQ(endpoint.api_key, "k");
  EXPECT_EQ(endpoint.headers, (std::vector<std::string>{"X-Empty;", "X-Env: v v", "X-Text: a"}));
  EXPECT_EQ(endpoint.query, "a%26b=tok%20en&v=1.0~x");
  EXPECT_EQ(endpoint.secrets, (std::vector<std::string>{"v v", "tok en", "tok%20en"}));
}

TEST(EndpointSecrets, ThatAreMissingAreNamed) {
  ProviderConfig provider;
  provider.headers = {{"X-Env", {SettingSource::From::environment, "VALUE"}}};
  const auto missing = endpoints_with_secrets(config_of(provider), environment_of({}));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message,
            "the environment variable VALUE (X-Env of provider p) is not set here");
  provider = {};
  provider.api_key_file = "/nowhere/key";
  const auto no_file = endpoints_with_secrets(config_of(provider), environment_of({}));
  ASSERT_FALSE(no_file.ok());
  EXPECT_EQ(no_file.error().message.find("key of provider p: /nowhere/key: cannot be read"), 0u)
      << no_file.error().message;
}

TEST(EndpointSecrets, TakeCertificatesFromTheUsualVariables) {
  EXPECT_EQ(endpoint_of_test({}, {}).ca_file, "");
  EXPECT_EQ(endpoint_of_test({}, {{"CURL_CA_BUNDLE", "/b"}}).ca_file, "/b");
  const Endpoint both = endpoint_of_test(
      {}, {{"CURL_CA_BUNDLE", "/b"}, {"SSL_CERT_FILE", "/f"}, {"SSL_CERT_DIR", "/d"}});
  EXPECT_EQ(both.ca_file, "/f");
  EXPECT_EQ(both.ca_folder, "/d");
}

std::string proxy(const std::string& url, const std::string& key, Variables variables) {
  ProviderConfig provider;
  provider.base_url = url;
  provider.proxy = key;
  return proxy_for(provider, environment_of(std::move(variables)));
}

TEST(ProxyChoice, IsTheKeysOrTheEnvironmentsByScheme) {
  const Variables all = {
      {"HTTPS_PROXY", "http://s"}, {"HTTP_PROXY", "http://p"}, {"ALL_PROXY", "http://a"}};
  EXPECT_EQ(proxy("https://h/v1", "", all), "");
  EXPECT_EQ(proxy("https://h/v1", "http://k:1", all), "http://k:1");
  EXPECT_EQ(proxy("https://h/v1", "environment", all), "http://s");
  EXPECT_EQ(proxy("http://h/v1", "environment", all), "http://p");
  EXPECT_EQ(proxy("http://h/v1", "environment", {{"ALL_PROXY", "http://a"}}), "http://a");
  EXPECT_EQ(
      proxy("http://h/v1", "environment", {{"http_proxy", "http://l"}, {"HTTP_PROXY", "http://u"}}),
      "http://l");
  EXPECT_EQ(proxy("http://h/v1", "environment", {}), "");
}

TEST(ProxyChoice, IsNeverForLoopback) {
  for (const char* url : {"http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]/v1"}) {
    EXPECT_EQ(proxy(url, "http://k:1", {}), "") << url;
    EXPECT_EQ(proxy(url, "environment", {{"HTTP_PROXY", "http://p"}}), "") << url;
  }
}

TEST(ProxyChoice, LeavesOutTheHostsOfNoProxy) {
  const auto chosen = [](const char* no_proxy) {
    return proxy("https://api.corp.example/v1", "environment",
                 {{"HTTPS_PROXY", "http://s"}, {"NO_PROXY", no_proxy}});
  };
  for (const char* list : {"*", "api.corp.example", "x, corp.example", ".corp.example",
                           "*.corp.example", "CORP.example:443"}) {
    EXPECT_EQ(chosen(list), "") << list;
  }
  for (const char* list : {"", "orp.example", "api.corp", "x.api.corp.example", ".", ","}) {
    EXPECT_EQ(chosen(list), "http://s") << list;
  }
}

}  // namespace
}  // namespace fd
