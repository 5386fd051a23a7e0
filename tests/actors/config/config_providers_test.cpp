#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

TEST(ConfigProviders, RefuseABudgetInMoneyWithoutPrices) {
  EXPECT_EQ(set_message({"gateway.budget.usd=5", "gateway.providers.0.price_per_mtok.input=1"}),
            "--set: gateway.budget.usd: 5 is not available in this version, must be 0");
  EXPECT_EQ(set_message({"gateway.budget.usd=5"}),
            "run.yaml:8:7: gateway.providers.0.price_per_mtok: is not known, and the cap "
            "gateway.budget.usd needs prices\n"
            "      - name: local\n"
            "        ^\n"
            "--set: gateway.budget.usd: 5 is not available in this version, must be 0");
}

TEST(ConfigProviders, CheckNamesAndAddresses) {
  const std::vector<std::pair<const char*, std::string>> table = {
      {"gateway.providers.0.name=a b",
       "--set: gateway.providers.0.name: 'a b' may hold only letters, digits, '.', '_' and '-'"},
      {"gateway.providers=[{name: a, base_url: 'http://h'}, {name: a, base_url: 'http://i'}]",
       "--set: gateway.providers.1.name: 'a' is the name of an earlier provider"},
      {"gateway.providers.0.base_url='file:///etc/passwd'",
       "--set: gateway.providers.0.base_url: must begin with http:// or https://"},
      {"gateway.providers.0.base_url='http://h/v1 '",
       "--set: gateway.providers.0.base_url: must not hold white space, backslashes, control or "
       "non-ASCII characters"},
      {"gateway.providers.0.base_url=http://169.254.169.254/v1",
       "--set: gateway.providers.0.base_url: link-local addresses (169.254.0.0/16) are refused"},
  };
  for (const auto& [set, message] : table) {
    EXPECT_EQ(set_message({set}), message) << set;
  }
}

TEST(ConfigProviders, SendAKeyInPlainTextOnlyWhereAllowed) {
  // A key or none; loopback or not; http or https; allowed or not.
  const auto message = [](const char* url, bool key, bool allow) {
    ConfigFiles files;
    files.environment["THE_KEY"] = "k";
    files.sets = {std::string("gateway.providers.0.base_url=") + url};
    if (key) {
      files.sets.emplace_back("gateway.providers.0.api_key_env=THE_KEY");
    }
    if (allow) {
      files.sets.emplace_back("gateway.providers.0.allow_http=true");
    }
    return files.message();
  };
  const std::string refused =
      "--set: gateway.providers.0.base_url: would send the API key in plain text to another "
      "machine; use https:// or set allow_http: true";
  EXPECT_EQ(message("http://10.0.0.5/v1", false, false), "no error");
  EXPECT_EQ(message("http://10.0.0.5/v1", true, false), refused);
  EXPECT_EQ(message("http://10.0.0.5/v1", true, true), "no error");
  EXPECT_EQ(message("http://127.0.0.1/v1", true, false), "no error");
  EXPECT_EQ(message("https://10.0.0.5/v1", true, false), "no error");
}

TEST(ConfigProviders, NameTheVariableOfAKeyAndNeverItsValue) {
  ConfigFiles files;
  files.sets = {"gateway.providers.0.api_key_env=THE_KEY"};
  const std::string place = "--set: gateway.providers.0.api_key_env: ";
  EXPECT_EQ(files.message(), place + "environment variable THE_KEY is not set");
  files.environment["THE_KEY"] = "";
  EXPECT_EQ(files.message(), place + "environment variable THE_KEY is empty");
  files.environment["THE_KEY"] = "\n";
  EXPECT_EQ(files.message(), place + "environment variable THE_KEY is empty");
  files.environment["THE_KEY"] = "hunter2\nX: y";
  EXPECT_EQ(files.message(), place +
                                 "environment variable THE_KEY holds white space, control or "
                                 "non-ASCII characters");
  files.environment["THE_KEY"] = "hunter2\n";
  Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->warnings, (std::vector<std::string>{
                                  "environment variable THE_KEY ends with a line break, which is "
                                  "left out"}));
  files.environment["THE_KEY"] = "hunter2";
  loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->warnings.empty());
  EXPECT_EQ(json::canonical(effective_config(loaded->config)).find("hunter2"), std::string::npos);
}

TEST(ConfigProviders, DoNotLookForKeysWithoutAnEnvironment) {
  ConfigFiles files;
  ConfigOverrides overrides;
  overrides.sets = {"gateway.providers.0.api_key_env=ABSENT_KEY"};
  EXPECT_TRUE(load_config(files.folder() + "run.yaml", overrides).ok());
}

TEST(ConfigProviders, NeverRepeatSecretsThatWerePutIntoTheFile) {
  for (const char* provider :
       {"{name: a, base_url: 'https://h', api_key_env: sk-hunter2, max_concurrency: -1}",
        "{name: a, base_url: 'http://u:hunter2@h/v1', max_concurrency: -1}",
        "{name: a, base_url: 'http://h', api_key: hunter2, max_concurrency: -1}"}) {
    ConfigFiles files;
    std::string text(kSmallConfig);
    text = text.substr(0, text.find("    - name")) + "    - " + provider + "\n";
    const std::string message = files.message(text);
    EXPECT_NE(message.find("max_concurrency: -1 is too small"), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
  }
}

}  // namespace
}  // namespace fd
