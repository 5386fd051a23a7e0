#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/overrides.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

constexpr std::string_view kTwoProviders = R"(task: text2sql
contract: {fields: [q]}
teacher: {model: of-file, prompt: "{{q}}"}
gateway:
  providers:
    - name: first
      base_url: http://10.0.0.1/v1
      api_key_env: FIRST_KEY
      allow_http: true
      max_concurrency: 7
      weight: 3
      price_per_mtok: {input: 1.5, output: 2.5}
    - {name: second, base_url: "http://10.0.0.2/v1"}
)";

TEST(ConfigMerge, TakesTheFileWithoutOverrides) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment["FIRST_KEY"] = "k";
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.model, "of-file");
  ASSERT_EQ(config.gateway.providers.size(), 2u);
  EXPECT_EQ(config.gateway.providers[0].price_per_mtok.output, 2.5);
  EXPECT_EQ(config.gateway.providers[1].name, "second");
  EXPECT_EQ(config.gateway.providers[1].max_concurrency, 64u);
}

TEST(ConfigMerge, PutsTheEnvironmentOverTheFileAndSetOverBoth) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment = {{"FASTDISTILL_BASE_URL", "https://api.example.com/v1"},
                       {"FASTDISTILL_MODEL", "of-environment"},
                       {"FASTDISTILL_API_KEY", "hunter2"}};
  RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.model, "of-environment");
  ASSERT_EQ(config.gateway.providers.size(), 1u);
  const ProviderConfig& provider = config.gateway.providers[0];
  EXPECT_EQ(provider.name, "environment");
  EXPECT_EQ(provider.base_url, "https://api.example.com/v1");
  EXPECT_EQ(provider.api_key_env, "FASTDISTILL_API_KEY");
  EXPECT_EQ(provider.max_concurrency, 7u);
  EXPECT_EQ(provider.price_per_mtok.input, 1.5);
  EXPECT_FALSE(provider.allow_http);
  EXPECT_EQ(json::canonical(effective_config(config)).find("hunter2"), std::string::npos);

  files.sets = {"teacher.model=of-set", "gateway.providers.0.max_concurrency=128",
                "gateway.providers.0.max_concurrency=129"};
  config = loaded_config(files);
  EXPECT_EQ(config.teacher.model, "of-set");
  EXPECT_EQ(config.gateway.providers[0].max_concurrency, 129u);
}

TEST(ConfigMerge, NeverSendsAConfiguredKeyToAnotherAddress) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment = {{"FASTDISTILL_BASE_URL", "https://other.example.com/v1"},
                       {"FIRST_KEY", "k"}};
  EXPECT_EQ(loaded_config(files).gateway.providers[0].api_key_env, "");
}

TEST(ConfigMerge, AKeyAloneReplacesNothingAndGoesNowhere) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment = {{"FIRST_KEY", "k"}};
  const std::string without = json::canonical(effective_config(loaded_config(files)));
  files.environment["FASTDISTILL_API_KEY"] = "k";
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(json::canonical(effective_config(loaded->config)), without);
  EXPECT_EQ(loaded->warnings,
            std::vector<std::string>{
                "FASTDISTILL_API_KEY replaces nothing without FASTDISTILL_BASE_URL: a provider of "
                "the config takes the key that its api_key_env names"});
}

TEST(ConfigMerge, SaysThatTheEnvironmentReplacesTheProviders) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment = {{"FASTDISTILL_BASE_URL", "https://api.example.com/v1"}};
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->warnings,
            std::vector<std::string>{"FASTDISTILL_BASE_URL replaces the config's "
                                     "gateway.providers: all calls go to that address"});
}

TEST(ConfigMerge, KeepsTheProvidersWhenOnlyTheModelIsGiven) {
  ConfigFiles files;
  files.write("run.yaml", kTwoProviders);
  files.environment = {{"FASTDISTILL_MODEL", "other"}, {"FIRST_KEY", "k"}};
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.model, "other");
  EXPECT_EQ(config.gateway.providers.size(), 2u);
}

TEST(ConfigMerge, MakesAProviderFromTheEnvironmentAlone) {
  ConfigFiles files;
  files.write("run.yaml", "task: t\ncontract: {fields: [q]}\nteacher: {prompt: '{{q}}'}\n");
  files.environment = {{"FASTDISTILL_BASE_URL", "http://h/v1"}, {"FASTDISTILL_MODEL", "m"}};
  const RunConfig config = loaded_config(files);
  ASSERT_EQ(config.gateway.providers.size(), 1u);
  EXPECT_EQ(config.gateway.providers[0].base_url, "http://h/v1");
  EXPECT_EQ(config.gateway.providers[0].max_concurrency, 64u);
}

TEST(ConfigMerge, TakesOllamaOnlyWithoutFastdistillVariables) {
  ConfigFiles files;
  files.environment = {{"OLLAMA_MODEL", "qwen3:0.6b"}};
  RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.model, "qwen3:0.6b");
  ASSERT_EQ(config.gateway.providers.size(), 1u);
  EXPECT_EQ(config.gateway.providers[0].base_url, "http://localhost:11434/v1");

  files.environment["OLLAMA_HOST"] = "0.0.0.0:9999";
  EXPECT_EQ(loaded_config(files).gateway.providers[0].base_url, "http://127.0.0.1:9999/v1");

  files.environment["FASTDISTILL_MODEL"] = "other";
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->config.teacher.model, "other");
  EXPECT_EQ(loaded->config.gateway.providers[0].name, "local");
  EXPECT_EQ(loaded->warnings,
            (std::vector<std::string>{
                "OLLAMA_MODEL has no effect, because a FASTDISTILL_ variable is set"}));
}

TEST(ConfigMerge, IgnoresOllamaHostAloneAndEmptyVariables) {
  ConfigFiles files;
  files.environment = {{"OLLAMA_HOST", "h"},
                       {"OLLAMA_MODEL", ""},
                       {"FASTDISTILL_BASE_URL", ""},
                       {"FASTDISTILL_MODEL", ""},
                       {"FASTDISTILL_API_KEY", ""}};
  EXPECT_EQ(json::canonical(effective_config(loaded_config(files))),
            json::canonical(effective_config(loaded_config(ConfigFiles()))));
}

TEST(ConfigMerge, ReadsFilesInUtf16) {
  const auto utf16 = [](std::string_view ascii) {
    std::string text = "\xff\xfe";
    for (const char c : ascii) {
      text.append({c, '\0'});
    }
    return text;
  };
  ConfigFiles files;
  const std::string plain = json::canonical(effective_config(loaded_config(files)));
  files.write("run.yaml", utf16(kSmallConfig));
  EXPECT_EQ(json::canonical(effective_config(loaded_config(files))), plain);
  files.write("run.yaml", utf16(kSmallConfig) + "x");
  EXPECT_TRUE(files.message().ends_with("run.yaml is UTF-16 and ends in half a code unit"))
      << files.message();
}

TEST(ConfigMerge, ReadsOllamaHostAsOllamaDoes) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"http://localhost:11434", "http://localhost:11434/v1"},
      {"localhost", "http://localhost:11434/v1"},
      {"0.0.0.0", "http://127.0.0.1:11434/v1"},
      {"http://0.0.0.0:80", "http://127.0.0.1:80/v1"},
      {":8080", "http://127.0.0.1:8080/v1"},
      {"https://ollama.example.com/", "https://ollama.example.com/v1"},
      {"http://h/base/", "http://h/base/v1"},
      {"http://h:1/v1", "http://h:1/v1"},
      {"h:1/base/v1/", "http://h:1/base/v1"},
      {"h/v2/", "http://h:11434/v2/v1"},
      {"h:1/base", "http://h:1/base/v1"},
      {"[::]:5", "http://[::1]:5/v1"},
      {"[::1]", "http://[::1]:11434/v1"},
      {" \"h\" ", "http://h:11434/v1"},
      {"", "http://127.0.0.1:11434/v1"},
  };
  for (const auto& [host, url] : table) {
    EXPECT_EQ(ollama_base_url(host), url) << host;
  }
}

TEST(ConfigMerge, NamesTheVariableThatIsWrong) {
  ConfigFiles files;
  files.environment = {{"FASTDISTILL_BASE_URL", "http://u:hunter2@h/v1"}};
  EXPECT_EQ(files.message(),
            "environment variable FASTDISTILL_BASE_URL: gateway.providers.0.base_url: must not "
            "hold credentials; name a variable in api_key_env");
  files.environment = {{"FASTDISTILL_MODEL", std::string(257, 'm')}};
  EXPECT_EQ(files.message(),
            "environment variable FASTDISTILL_MODEL: teacher.model: 257 bytes are too many, must "
            "be in [1, 256]");
  files.environment = {{"FASTDISTILL_MODEL", "\xff"}};
  EXPECT_EQ(files.message(),
            "environment variable FASTDISTILL_MODEL: teacher.model: is not valid UTF-8");
}

TEST(ConfigMerge, ReportsWhatIsWrongInAFileEvenWhenItIsOverridden) {
  ConfigFiles files;
  std::string text(kTwoProviders);
  text.replace(text.find("weight: 3"), 9, "weight: x");
  files.write("run.yaml", text);
  files.environment = {{"FASTDISTILL_BASE_URL", "http://h/v1"}};
  files.sets = {"gateway.providers.0.weight=1"};
  EXPECT_EQ(files.message(),
            "run.yaml:11:15: gateway.providers.0.weight: got text 'x', want a number\n"
            "        weight: x\n"
            "                ^");
}

TEST(ConfigMerge, SetsValuesOfEveryShape) {
  ConfigFiles files;
  files.sets = {"input=[a.jsonl, b.jsonl]",
                "input.1=c.jsonl",
                "gates.rules={min_chars: 3}",
                "gates.rules.max_chars=9",
                "teacher.decode.seed=5",
                "teacher.decode.seed=null",
                "teacher.system_prompt=\"a=b: c\"",
                "gateway.providers.0.price_per_mtok.input=2"};
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.input, (std::vector<std::string>{"a.jsonl", "c.jsonl"}));
  EXPECT_EQ(config.gates.rules.min_chars, 3u);
  EXPECT_EQ(config.gates.rules.max_chars, 9u);
  EXPECT_FALSE(config.teacher.decode.seed.has_value());
  EXPECT_EQ(config.teacher.system_prompt, "a=b: c");
  EXPECT_EQ(config.gateway.providers[0].price_per_mtok.input, 2.0);
}

TEST(ConfigMerge, RefusesSetsThatLeadNowhere) {
  EXPECT_EQ(set_message({"x"}), "--set: 'x' is not key.path=value");
  EXPECT_EQ(set_message({"=x"}), "--set: '' is not key.path=value");
  EXPECT_EQ(set_message({"lease.\xff=1"}),
            "--set: lease.\xef\xbf\xbd: unknown key; known here: heartbeat_ms, ttl_ms");
  EXPECT_EQ(set_message({"a..b=1"}), "--set: a..b: a part of the path is empty");
  EXPECT_EQ(set_message({"a.=1"}), "--set: a.: a part of the path is empty");
  EXPECT_EQ(set_message({".=1"}), "--set: .: a part of the path is empty");
  EXPECT_EQ(set_message({"gateway.providers.1.weight=2"}),
            "--set: gateway.providers.1.weight: '1' is no index of gateway.providers, which has 1 "
            "item, gateway.providers.0");
  EXPECT_EQ(set_message({"gateway.providers.x.weight=2"}),
            "--set: gateway.providers.x.weight: 'x' is no index of gateway.providers, which has 1 "
            "item, gateway.providers.0");
  EXPECT_EQ(
      set_message({"input=[a, b]", "input.path=c"}),
      "--set: input.path: 'path' is no index of input, which has 2 items, input.0 to input.1");
  EXPECT_EQ(set_message({"task.x=2"}), "--set: task.x: task is neither a section nor a list");
  EXPECT_EQ(set_message({"teacher.model=[a"}).substr(0, 44),
            "--set: teacher.model: is not valid YAML: end");
}

TEST(ConfigMerge, ReadsGatesAndGatewayFromTheirFiles) {
  ConfigFiles files;
  files.write("gates.yaml", "rules: {min_chars: 3}\nselect: {min_score: 0.25}\n");
  files.write("gateway.yaml", "providers:\n  - {name: p, base_url: 'http://h/v1'}\n");
  files.write("run.yaml",
              "task: t\ncontract: {fields: [q]}\nteacher: {model: m, prompt: '{{q}}'}\n"
              "gates: gates.yaml\ngateway: gateway.yaml\n");
  files.sets = {"gates.rules.max_chars=8"};
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.gates.rules.min_chars, 3u);
  EXPECT_EQ(config.gates.rules.max_chars, 8u);
  EXPECT_EQ(config.gates.select.min_score, 0.25);
  EXPECT_EQ(config.gateway.providers[0].name, "p");

  files.write("gates.yaml", "gates:\n  rules: {min_chars: 4}\n");
  EXPECT_EQ(loaded_config(files).gates.rules.min_chars, 4u);
}

TEST(ConfigMerge, NamesTheFileThatIsWrong) {
  ConfigFiles files;
  files.write("gates.yaml", "rules:\n  min_char: 3\n");
  const std::string text = std::string(kSmallConfig) + "gates: gates.yaml\n";
  EXPECT_EQ(files.message(text),
            "gates.yaml:2:3: gates.rules.min_char: unknown key, did you mean 'min_chars'?\n"
            "    min_char: 3\n"
            "    ^");
  files.write("gates.yaml", "rules: {min_chars: 3\n");
  EXPECT_EQ(files.message().substr(0, 33), "gates.yaml:2:1: is not valid YAML");
  files.write("gates.yaml", "");
  EXPECT_EQ(files.message(), "gates.yaml: is empty");
}

TEST(ConfigMerge, NamesTheKeyWhoseFileIsAbsent) {
  ConfigFiles files;
  const std::string message = files.message(std::string(kSmallConfig) + "gates: absent.yaml\n");
  EXPECT_EQ(message.substr(0, 56), "run.yaml:10:8: gates: the file it names cannot be read: ");
  EXPECT_NE(message.find("absent.yaml"), std::string::npos);
  EXPECT_EQ(files.message(std::string(kSmallConfig) + "gates: ''\n").substr(0, 34),
            "run.yaml:10:8: gates: names no fil");
}

TEST(ConfigMerge, TellsTheFolderOfTheFile) {
  ConfigFiles files;
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->directory + "/", files.folder());
}

TEST(ConfigMerge, TakesSectionsWhoseKeysAreAllLeftOut) {
  ConfigFiles files;
  EXPECT_EQ(files.message(std::string(kSmallConfig) + "gates:\n  # rules: x\nlease:\n"),
            "no error");
}

TEST(ConfigMerge, TakesTheExampleOfTheContract) {
  ConfigFiles files;
  files.write("run.yaml", R"(task: text2sql
input: [samples.jsonl]                 # relative to this file
reuse: []
contract: {fields: [schema, instruction], drop_null_fields: true, strict: true, id_fields: []}
sharding: {shards: 16}
teacher:
  model: qwen3:0.6b
  system_prompt: Return SQL only.
  prompt: "Schema: {{schema}}\nQuestion: {{instruction}}\nSQL:"
  decode: {temperature: 0.2, top_p: 1.0, max_tokens: 512, n: 1, seed: 123}
gateway:
  providers:
    - {name: local, base_url: "http://127.0.0.1:11434/v1", api_key_env: "",
       max_concurrency: 64, rpm: 0, tpm: 0, weight: 1, price_per_mtok: {input: 0.0, output: 0.0}}
  request_timeout_s: 120
  outage_timeout_s: 300
  retry: {max_attempts: 6, base_ms: 500, max_ms: 60000}
  budget: {usd: 0, tokens: 0}
gates:
  rules: {min_chars: 1, max_chars: 2000, banned_patterns: [], required_patterns: []}
  exec: {kind: sqlite, sql: generation, gold: gold_sql, database: "{{db_path}}",
         max_steps: 50000000, max_rows: 10000, match: auto}
  judge: {enabled: false}
  score: {gold: 1.0, exec: 0.5, fail: 0.0}
  select: {min_score: 0.5, require_exec: true, require_gold_match: true}
  dataset: {min_total: 0, min_exec_pass_rate: 0, min_gold_match_rate: 0,
            min_judge_score_mean: 0, max_failed_fraction: 0}
export: {formats: [chat], train_ratio: 0.9}
transport: {keys: "", allow_plaintext_non_loopback: false}
students: []
)");
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.sharding.shards, 16u);
  EXPECT_EQ(config.teacher.prompt, "Schema: {{schema}}\nQuestion: {{instruction}}\nSQL:");
  EXPECT_EQ(config.teacher.decode.seed, 123);
}

TEST(ConfigMerge, WarnsWhenTheTeacherMaySeeTheGold) {
  ConfigFiles files;
  files.sets = {"contract.fields=[schema, instruction, gold_sql]"};
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->warnings,
            (std::vector<std::string>{"contract.fields holds 'gold_sql', which gates.exec.gold "
                                      "names: the teacher may see the gold"}));
}

}  // namespace
}  // namespace fd
