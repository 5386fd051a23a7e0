// The program's schema with one key more (tests/grown/later_key.cpp): gates.select.later.
#include <algorithm>

#include <gtest/gtest.h>

#include "actors/config/schema.hpp"
#include "protocol/json/json.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

constexpr std::string_view kMember = "\"later\":0,";

RunConfig config_with(const std::vector<std::string>& sets) {
  ConfigFiles files;
  files.sets = sets;
  return loaded_config(files);
}

/// Returns what an earlier program stores: the text without the key.
std::string earlier_text(const RunConfig& config) {
  std::string text = json::canonical(effective_config(config));
  const std::size_t at = text.find(kMember);
  EXPECT_NE(at, std::string::npos) << text;
  return at == std::string::npos ? text : text.erase(at, kMember.size());
}

std::optional<std::string> nothing_set(const std::string&) {
  return std::nullopt;
}

TEST(ConfigGrowth, TheKeyIsThere) {
  RunConfig config;
  const std::vector<Key> keys = config_keys(config);
  EXPECT_EQ(std::ranges::count(keys, std::string("gates.select.later"), &Key::path), 1);
  EXPECT_EQ(config_with({"gates.select.later=3"}).later, 3u);
}

TEST(ConfigGrowth, AtItsDefaultItIsNotInTheDigest) {
  const RunConfig config = config_with({});
  EXPECT_EQ(config_digest(config).hex(), kSmallConfigDigest);
  EXPECT_EQ(config_digest(config_with({"gates.select.later=0"})), config_digest(config));
  EXPECT_EQ(json::canonical(semantic_config(config)).find("later"), std::string::npos);
}

TEST(ConfigGrowth, WhenSetItIs) {
  const RunConfig config = config_with({"gates.select.later=3"});
  EXPECT_NE(config_digest(config), config_digest(config_with({})));
  EXPECT_NE(config_digest(config), config_digest(config_with({"gates.select.later=4"})));
  EXPECT_NE(json::canonical(semantic_config(config)).find("\"later\":3"), std::string::npos);
}

TEST(ConfigGrowth, OtherKeysStayInTheDigestAtTheirDefaults) {
  const json::Value semantic = semantic_config(config_with({}));
  const json::Value* select = semantic.find("gates")->find("select");
  ASSERT_NE(select, nullptr);
  EXPECT_EQ(json::canonical(*select),
            R"({"min_score":0.5,"require_exec":true,"require_gold_match":true})");
}

TEST(ConfigGrowth, AStoredConfigWithoutItOpens) {
  const RunConfig then = config_with({"gates.select.min_score=0.25"});
  const std::string text = earlier_text(then);
  const auto config = config_from_json(text);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config_digest(*config), config_digest(then));
  const auto alone = semantic_config_from_json(json::canonical(semantic_config(then)));
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  EXPECT_EQ(config_digest(*alone), config_digest(then));
}

TEST(ConfigGrowth, AStoredConfigWithoutItHasItsDefaultWhenComparedWithNow) {
  const std::string text = earlier_text(config_with({}));
  const auto then = config_from_json(text);
  ASSERT_TRUE(then.ok()) << then.error().message;
  const auto same = load_stored_config("run.json", text, "", {nothing_set, {"lease.ttl_ms=5000"}});
  ASSERT_TRUE(same.ok()) << same.error().message;
  EXPECT_EQ(semantic_difference(*then, same->config), "");
  const auto other =
      load_stored_config("run.json", text, "", {nothing_set, {"gates.select.later=3"}});
  ASSERT_TRUE(other.ok()) << other.error().message;
  EXPECT_EQ(semantic_difference(*then, other->config), "gates.select.later: 0 then, 3 now");
}

TEST(ConfigGrowth, TheReferenceSaysThatItCountsWhenSet) {
  const std::string reference = config_reference();
  const std::size_t at = reference.find("| `gates.select.later` |");
  ASSERT_NE(at, std::string::npos);
  EXPECT_TRUE(reference.substr(at, reference.find('\n', at) - at).ends_with("| when set |"));
}

}  // namespace
}  // namespace fd
