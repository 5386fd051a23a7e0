// Goes through the table of keys: what is declared for a key must be what the program does.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/schema.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

/// A value for each key: valid, and not what kSmallConfig gives.
const std::map<std::string, std::string>& other_values() {
  static const std::map<std::string, std::string> kValues = {
      {"task", "other"},
      {"input", "[a.jsonl]"},
      {"reuse", "[runs/a]"},
      {"contract.fields", "[instruction, schema]"},
      {"contract.drop_null_fields", "false"},
      {"contract.strict", "false"},
      {"contract.id_fields", "[task_id]"},
      {"sharding.shards", "3"},
      {"sharding.target_size", "17"},
      {"teacher.model", "other"},
      {"teacher.system_prompt", "Be brief."},
      {"teacher.prompt", "'{{schema}}'"},
      {"teacher.messages", "[{role: user, content: '{{schema}}'}]"},
      {"teacher.messages_field", "schema"},
      {"teacher.examples", "[{role: user, content: q}, {role: assistant, content: a}]"},
      {"teacher.decode.temperature", "0.7"},
      {"teacher.decode.top_p", "0.5"},
      {"teacher.decode.max_tokens", "64"},
      {"teacher.decode.n", "2"},
      {"teacher.decode.seed", "-9000000000000000"},
      {"teacher.decode.stop", "[';', \"\\n\"]"},
      {"teacher.decode.response_format", "{type: json_object}"},
      {"teacher.decode.reasoning_effort", "low"},
      {"teacher.decode.extra", "{top_k: 20, min_p: 0.5, best: true, of: null, words: [a, '1']}"},
      {"gateway.providers", "[{name: q, base_url: 'https://h/v1'}]"},
      {"gateway.providers.0.name", "q"},
      {"gateway.providers.0.base_url", "https://h/v1"},
      {"gateway.providers.0.preset", "ollama"},
      {"gateway.providers.0.model", "{teacher: m2}"},
      {"gateway.providers.0.query", "{api-version: preview}"},
      {"gateway.providers.0.ca_file", "ca.pem"},
      {"gateway.providers.0.ca_pem", "text"},
      {"gateway.providers.0.proxy", "http://10.0.0.1:3128"},
      {"gateway.providers.0.auth", "api-key"},
      {"gateway.providers.0.api_key_env", "THE_KEY"},
      {"gateway.providers.0.api_key_file", "key"},
      {"gateway.providers.0.headers", "{X-Title: a, X-Key: {env: THE_KEY}, X-More: {file: key}}"},
      {"gateway.providers.0.extra_body", "{provider: {order: [a]}}"},
      {"gateway.providers.0.max_tokens_key", "max_completion_tokens"},
      {"gateway.providers.0.seed_key", "none"},
      {"gateway.providers.0.n", "many"},
      {"gateway.providers.0.max_concurrency", "2"},
      {"gateway.providers.0.weight", "0.125"},
      {"gateway.providers.0.allow_http", "true"},
      {"gateway.providers.0.price_per_mtok.input", "1.5"},
      {"gateway.providers.0.price_per_mtok.cached_input", "0.5"},
      {"gateway.providers.0.price_per_mtok.output", "2.5"},
      {"gateway.request_timeout_s", "0.25"},
      {"gateway.outage_timeout_s", "1"},
      {"gateway.startup_timeout_s", "1"},
      {"gateway.refusal_limit", "1"},
      {"gateway.providers.0.scope", "worker"},
      {"gateway.providers.0.priority", "1"},
      {"gateway.retry.max_attempts", "2"},
      {"gateway.retry.base_ms", "5"},
      {"gateway.retry.max_ms", "700"},
      {"gates.rules.min_chars", "2"},
      {"gates.rules.max_chars", "99"},
      {"gates.rules.banned_patterns", "['(?i)drop']"},
      {"gates.rules.required_patterns", "['^SELECT']"},
      {"gates.exec.kind", "none"},
      {"gates.exec.gold", "answer"},
      {"gates.exec.database", "'{{db}}'"},
      {"gates.exec.max_steps", "1000"},
      {"gates.exec.max_rows", "10"},
      {"gates.exec.max_result_bytes", "100"},
      {"gates.exec.max_heap_bytes", "2097152"},
      {"gates.exec.max_value_bytes", "2097152"},
      {"gates.exec.match", "ordered"},
      {"gates.exec.bad_gold", "ask"},
      {"gates.score.gold", "0.9"},
      {"gates.score.exec", "0.4"},
      {"gates.score.fail", "0.1"},
      {"gates.select.min_score", "0.25"},
      {"gates.select.require_exec", "false"},
      {"gates.select.require_gold_match", "false"},
      {"gates.dataset.min_total", "9007199254740991"},
      {"gates.dataset.min_exec_pass_rate", "0.5"},
      {"gates.dataset.min_gold_match_rate", "0.5"},
      {"gates.dataset.max_failed_fraction", "0.5"},
      {"export.train_ratio", "0.8"},
      {"export.license", "apache-2.0"},
      {"export.language", "[en]"},
      {"export.pretty_name", "Clinic"},
      {"transport.keys", "some-keys"},
      {"transport.allow_plaintext_non_loopback", "true"},
      {"lease.ttl_ms", "4000"},
      {"lease.heartbeat_ms", "100"},
  };
  return kValues;
}

/// Returns the table with the keys of the first provider in it.
std::vector<Key> all_keys(RunConfig& config) {
  config.gateway.providers.resize(1);
  std::vector<Key> keys = config_keys(config);
  for (Key& key : provider_keys(config.gateway.providers[0])) {
    key.path = "gateway.providers.0." + key.path;
    keys.push_back(std::move(key));
  }
  return keys;
}

RunConfig load_with(const std::vector<std::string>& sets) {
  ConfigFiles files;
  files.environment["THE_KEY"] = "k";
  files.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  files.write_secret("key", "k");
  files.sets = sets;
  if (!sets.empty() && sets[0].starts_with("teacher.messages")) {
    files.sets.emplace_back("teacher.prompt=\"\"");  // they come in its place
  }
  const Result<LoadedConfig> loaded = files.load();
  EXPECT_TRUE(loaded.ok()) << files.message();
  return loaded.ok() ? loaded->config : RunConfig{};
}

TEST(ConfigKeys, HaveATestValueOrOnlyTheDefault) {
  RunConfig config;
  std::size_t with_value = 0;
  for (const Key& key : all_keys(config)) {
    EXPECT_NE(other_values().contains(key.path), key.only_default) << key.path;
    with_value += other_values().contains(key.path) ? 1 : 0;
  }
  EXPECT_EQ(with_value, other_values().size());
}

TEST(ConfigKeys, AreDeclaredOnceAndInWords) {
  RunConfig config;
  std::map<std::string, int> seen;
  for (const Key& key : all_keys(config)) {
    EXPECT_EQ(++seen[key.path], 1) << key.path;
    EXPECT_TRUE(key.meaning.ends_with('.')) << key.path;
    EXPECT_EQ(key.meaning.find('|'), std::string_view::npos) << key.path;
  }
}

TEST(ConfigKeys, ChangeTheDigestExactlyWhenTheyAreSemantic) {
  RunConfig table;
  const Digest before = config_digest(load_with({}));
  for (const Key& key : all_keys(table)) {
    if (const auto value = other_values().find(key.path); value != other_values().end()) {
      const Digest after = config_digest(load_with({key.path + "=" + value->second}));
      EXPECT_EQ(after != before, key.effect == Effect::semantic) << key.path;
    }
  }
}

TEST(ConfigKeys, ChangeTheEffectiveConfigOneByOne) {
  const std::string before = json::canonical(effective_config(load_with({})));
  for (const auto& [path, value] : other_values()) {
    EXPECT_NE(json::canonical(effective_config(load_with({path + "=" + value}))), before) << path;
  }
}

TEST(ConfigKeys, AreSemanticWhereTheyDecideBytes) {
  RunConfig config;
  for (const Key& key : all_keys(config)) {
    const std::string section = key.path.substr(0, key.path.find('.'));
    const bool decides = section == "task" || section == "contract" || section == "teacher" ||
                         section == "gates" || section == "export";
    EXPECT_EQ(key.effect == Effect::semantic, decides) << key.path;
  }
}

TEST(ConfigKeys, SurviveTheWayThroughJson) {
  std::vector<std::vector<std::string>> cases = {{}};
  for (const auto& [path, value] : other_values()) {
    cases.push_back({path + "=" + value});
  }
  for (const std::vector<std::string>& sets : cases) {
    const RunConfig config = load_with(sets);
    const std::string text = json::canonical(effective_config(config));
    const Result<RunConfig> again = config_from_json(text);
    ASSERT_TRUE(again.ok()) << text << "\n" << again.error().message;
    EXPECT_EQ(json::canonical(effective_config(*again)), text);
    EXPECT_EQ(config_digest(*again), config_digest(config));
  }
}

TEST(ConfigKeys, SurviveTheWayThroughYaml) {
  ConfigFiles files;
  files.sets = {"teacher.decode.temperature=0.1",
                "teacher.system_prompt=\"a\\n'b' \\\"c\\\" \\\\\""};
  const Result<LoadedConfig> first = files.load();
  ASSERT_TRUE(first.ok());
  const std::string text = json::pretty(effective_config(first->config));
  files.sets.clear();
  const Result<LoadedConfig> second = files.load(text);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(json::pretty(effective_config(second->config)), text);
}

TEST(ConfigKeys, AreAllInTheEffectiveConfig) {
  RunConfig config = load_with({});
  const json::Value effective = effective_config(config);
  for (const Key& key : config_keys(config)) {
    const json::Value* value = &effective;
    std::istringstream parts(key.path);
    for (std::string part; std::getline(parts, part, '.') && value != nullptr;) {
      value = value->find(part);
    }
    ASSERT_NE(value, nullptr) << key.path;
    EXPECT_EQ(*value, key_value(key)) << key.path;
  }
}

TEST(ConfigKeys, HaveADigestThatTheNextVersionMustKeep) {
  // A different digest here makes every run folder of an earlier version unusable for resume.
  EXPECT_EQ(json::canonical(semantic_config(load_with({}))),
            R"({"contract":{"drop_null_fields":true,"fields":["schema","instruction"],)"
            R"("id_fields":[],"strict":true},"export":{"formats":["chat"],"train_ratio":0.9},)"
            R"("gates":{"dataset":{"max_failed_fraction":0,"min_exec_pass_rate":0,)"
            R"("min_gold_match_rate":0,"min_judge_score_mean":0,"min_total":0},)"
            R"("exec":{"database":"{{db_path}}","gold":"gold_sql","kind":"sqlite","match":"auto",)"
            R"("max_heap_bytes":67108864,"max_result_bytes":4194304,"max_rows":10000,)"
            R"("max_steps":50000000,"sql":"generation"},"judge":{"enabled":false},)"
            R"("rules":{"banned_patterns":[],"max_chars":2000,"min_chars":1,)"
            R"("required_patterns":[]},"score":{"exec":0.5,"fail":0,"gold":1},)"
            R"("select":{"min_score":0.5,"require_exec":true,"require_gold_match":true}},)"
            R"("task":"text2sql","teacher":{"decode":{"max_tokens":512,"n":1,"seed":null,)"
            R"("stop":[],"temperature":0.2,"top_p":1},"model":"m",)"
            R"("prompt":"{{schema}} {{instruction}}","system_prompt":""}})");
  EXPECT_EQ(config_digest(load_with({})), sha256(json::canonical(semantic_config(load_with({})))));
  EXPECT_EQ(config_digest(load_with({})).hex(), kSmallConfigDigest);
}

TEST(ConfigKeys, RefuseJsonWithAKeyOfAnotherProgram) {
  const std::string text = json::canonical(effective_config(load_with({})));
  for (const std::string section : {"\"select\":{", "\"lease\":{"}) {  // semantic, and not
    std::string changed = text;
    changed.insert(changed.find(section) + section.size(), "\"later\":0,");
    const std::string key = (section[1] == 's' ? "gates.select" : "lease") + std::string(".later");
    const auto read = config_from_json(changed);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Errc::stale);
    EXPECT_TRUE(read.error().message.starts_with("config: " + key + ": unknown key")) << key;
    const auto no_variable = [](const std::string&) { return std::optional<std::string>(); };
    const auto stored = load_stored_config("run.json", changed, "", {no_variable, {}});
    ASSERT_FALSE(stored.ok());
    EXPECT_EQ(stored.error().code, Errc::stale);
    EXPECT_TRUE(stored.error().message.starts_with("run.json: " + key + ": unknown key")) << key;
    // What the user says now is the user's own mistake.
    const auto set = load_stored_config("run.json", text, "", {no_variable, {key + "=0"}});
    ASSERT_FALSE(set.ok());
    EXPECT_EQ(set.error().code, Errc::invalid_input);
  }
}

TEST(ConfigKeys, RefuseJsonOfAnotherVersion) {
  const std::string text = json::canonical(effective_config(load_with({})));
  const auto message = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    const Result<RunConfig> config = config_from_json(changed.replace(at, from.size(), to));
    return config.ok() ? "no error" : config.error().message;
  };
  EXPECT_EQ(message("\"top_p\":1", "\"top_k\":1"),
            "config: teacher.decode.top_k: unknown key, did you mean 'top_p'?");
  EXPECT_EQ(message("\"max_rows\":10000", "\"max_rows\":0"),
            "config: gates.exec.max_rows: 0 is too small, must be in [1, 10000000]");
  EXPECT_EQ(message("\"students\":[]", "\"students\":[{}]"),
            "config: students: is not available in this version, must be []");
  EXPECT_EQ(message("{", "").substr(0, 8), "config: ");
  EXPECT_EQ(config_from_json("[]").error().message, "config: got a list, want a section of keys");
}

TEST(ConfigReference, StandsInTheDocumentAsItIsGenerated) {
  std::ifstream file(std::string(FD_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "<!-- keys:begin -->\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find("<!-- keys:end -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(text.substr(from + begin.size(), to - from - begin.size()), config_reference());
}

TEST(ConfigReference, HasAnExampleThatLoads) {
  std::ifstream file(std::string(FD_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t from = text.find("```yaml\n# text2sql.yaml");
  ASSERT_NE(from, std::string::npos);
  ConfigFiles files;
  const std::size_t start = from + 8;
  const Result<LoadedConfig> loaded =
      files.load(text.substr(start, text.find("```", start) - start));
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
}

TEST(ConfigReference, ShowsErrorsAsTheyArePrinted) {
  std::ifstream file(std::string(FD_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ConfigFiles files;
  std::string printed = files.message(std::string(kSmallConfig) +
                                      "gates:\n  rules:\n    min_chars: -1\n    max_char: 500\n");
  EXPECT_NE(text.find("```\n" + printed + "\n```"), std::string::npos) << printed;
}

}  // namespace
}  // namespace fd
