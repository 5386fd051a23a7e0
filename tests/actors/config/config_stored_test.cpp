#include <gtest/gtest.h>

#include "protocol/json/json.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

/// Returns the small config as JSON, with `sets` on it.
std::string stored(const std::vector<std::string>& sets = {}) {
  ConfigFiles files;
  files.sets = sets;
  return json::canonical(effective_config(loaded_config(files)));
}

std::string error_of(const Result<LoadedConfig>& loaded) {
  return loaded.ok() ? "no error" : loaded.error().message;
}

TEST(ConfigStored, IsTheSameConfigAgain) {
  const std::string text =
      stored({"reuse=[/runs/a]", "teacher.decode.seed=7", "lease.ttl_ms=5000"});
  const auto loaded = load_stored_config("run.json", text, "", {no_environment, {}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(json::canonical(effective_config(loaded->config)), text);
}

TEST(ConfigStored, TakesOverridesAsAFileDoes) {
  ConfigOverrides overrides;
  overrides.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "FASTDISTILL_BASE_URL" ? std::optional<std::string>("http://127.0.0.1:9/v1")
                                          : std::nullopt;
  };
  overrides.sets = {"gateway.request_timeout_s=7"};
  const auto loaded = load_stored_config("run.json", stored(), "", overrides);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.gateway.providers.at(0).base_url, "http://127.0.0.1:9/v1");
  EXPECT_EQ(loaded->config.gateway.request_timeout_s, 7);
}

TEST(ConfigStored, TakesTheGatewayOfAFile) {
  ConfigFiles files;
  files.write("gateway.yaml", "providers: [{name: other, base_url: 'http://127.0.0.1:9/v1'}]\n");
  const std::string semantic = json::canonical(semantic_config(loaded_config(files)));
  const auto loaded = load_stored_config("config.json", semantic, files.folder() + "gateway.yaml",
                                         {no_environment, {}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  ASSERT_EQ(loaded->config.gateway.providers.size(), 1u);
  EXPECT_EQ(loaded->config.gateway.providers[0].name, "other");
  EXPECT_EQ(config_digest(loaded->config), config_digest(loaded_config(files)));
}

TEST(ConfigStored, SaysWhatIsMissingWithoutAnyProvider) {
  ConfigFiles files;
  const std::string semantic = json::canonical(semantic_config(loaded_config(files)));
  const auto loaded = load_stored_config("config.json", semantic, "", {no_environment, {}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(error_of(loaded).find("gateway.providers"), std::string::npos) << error_of(loaded);
}

TEST(ConfigStored, NamesAFileThatIsNotThere) {
  const auto loaded =
      load_stored_config("config.json", stored(), "/nowhere/gateway.yaml", {no_environment, {}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(error_of(loaded).find("/nowhere/gateway.yaml"), std::string::npos) << error_of(loaded);
}

TEST(ConfigStored, NamesWhatIsNoJson) {
  const auto loaded = load_stored_config("run.json", "{", "", {no_environment, {}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(error_of(loaded).substr(0, 10), "run.json: ");
}

TEST(ConfigStored, ReadsOnlyWhatDecidesOutputFromASemanticConfig) {
  ConfigFiles files;
  files.sets = {"teacher.decode.top_p=0.5", "gateway.request_timeout_s=7"};
  const RunConfig whole = loaded_config(files);
  const auto config = semantic_config_from_json(json::canonical(semantic_config(whole)));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config_digest(*config), config_digest(whole));
  EXPECT_TRUE(config->gateway.providers.empty());
  EXPECT_EQ(config->gateway.request_timeout_s, GatewayConfig().request_timeout_s);
}

TEST(ConfigStored, NamesTheKeyThatDecidesOutputAndDiffers) {
  ConfigFiles files;
  const RunConfig then = loaded_config(files);
  RunConfig now = then;
  now.gateway.request_timeout_s = 7;
  now.reuse = std::vector<std::string>{"/runs/a"};
  now.sharding.shards = 9;
  EXPECT_EQ(semantic_difference(then, now), "");
  now.teacher.model = "other";
  EXPECT_EQ(semantic_difference(then, now), "teacher.model: \"m\" then, \"other\" now");
  now.contract.fields.emplace_back("more");
  EXPECT_EQ(semantic_difference(then, now).substr(0, 17), "contract.fields: ");
}

/// It goes to the workers as one text of a message.
TEST(ConfigStored, OneThatNoMessageCouldCarryIsRefused) {
  auto config = json::parse(stored());
  ASSERT_TRUE(config.ok());
  const json::Array inputs(kMaxTextBytes / 4096 + 1, json::Value(std::string(4096, 'i')));
  (*config->as_object())["input"] = inputs;
  const std::string text = json::canonical(*config);
  const auto loaded = load_stored_config("run.json", text, "", {no_environment, {}});
  EXPECT_EQ(error_of(loaded), "the config has " + std::to_string(text.size()) +
                                  " bytes in canonical form, more than " +
                                  std::to_string(kMaxTextBytes));
  EXPECT_EQ(loaded.error().code, Errc::invalid_input);
}

}  // namespace
}  // namespace fd
