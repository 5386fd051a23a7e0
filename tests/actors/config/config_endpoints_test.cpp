// How endpoints are described: presets, names, headers, secrets, proxies.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/presets.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

/// Returns run.yaml with this provider in place of its own.
std::string with_provider(const std::string& provider) {
  std::string text(kSmallConfig);
  return text.substr(0, text.find("    - name")) + "    - " + provider + "\n";
}

/// Returns what is said of this provider.
std::string said_of(const std::string& provider) {
  ConfigFiles files;
  files.environment["THE_KEY"] = "k";
  return files.message(with_provider(provider));
}

/// Returns the only provider of a config that must load.
ProviderConfig loaded_provider(ConfigFiles& files, const std::string& provider) {
  const Result<LoadedConfig> loaded = files.load(with_provider(provider));
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  return loaded.ok() ? loaded->config.gateway.providers.at(0) : ProviderConfig{};
}

TEST(ConfigPresets, FillInWhatIsNotSaid) {
  ConfigFiles files;
  files.environment["MISTRAL_API_KEY"] = "k";
  const ProviderConfig plain = loaded_provider(files, "{preset: mistral}");
  EXPECT_EQ(plain.name, "mistral");
  EXPECT_EQ(plain.base_url, "https://api.mistral.ai/v1");
  EXPECT_EQ(plain.api_key_env, "MISTRAL_API_KEY");
  EXPECT_EQ(plain.seed_key, SeedKey::random_seed);
  files.environment = {{"THE_KEY", "k"}};
  const ProviderConfig own =
      loaded_provider(files,
                      "{preset: mistral, name: a, base_url: 'https://h/v1', api_key_env: THE_KEY, "
                      "seed_key: none}");
  EXPECT_EQ(own.name, "a");
  EXPECT_EQ(own.base_url, "https://h/v1");
  EXPECT_EQ(own.api_key_env, "THE_KEY");
  EXPECT_EQ(own.seed_key, SeedKey::none);
}

TEST(ConfigPresets, AskForOneCandidateARequestWhereTheirEndpointPromisesNoMore) {
  ConfigFiles files;
  EXPECT_EQ(loaded_provider(files, "{preset: ollama}").candidates, CandidatesPerRequest::one);
  EXPECT_EQ(loaded_provider(files, "{preset: ollama, n: many}").candidates,
            CandidatesPerRequest::many);
  EXPECT_EQ(loaded_provider(files, "{preset: vllm}").candidates, CandidatesPerRequest::automatic);
}

TEST(ConfigPresets, NameAKeyOnlyWhereNoneIsNamed) {
  ConfigFiles files;
  files.write_secret("key", "k");
  EXPECT_EQ(loaded_provider(files, "{preset: openai, api_key_file: key}").api_key_env, "");
  EXPECT_EQ(loaded_provider(files, "{preset: openai, auth: none}").api_key_env, "");
  EXPECT_EQ(
      files.message(with_provider("{preset: openai}")),
      "run.yaml:8:16: gateway.providers.0.api_key_env: environment variable OPENAI_API_KEY is "
      "not set\n      - {preset: openai}\n                 ^");
}

TEST(ConfigPresets, AllLoadAndSurviveTheWayToAWorker) {
  for (const std::string_view name : preset_names()) {
    ConfigFiles files;
    const auto any = [](const std::string&) { return std::optional<std::string>("k"); };
    files.write("run.yaml",
                with_provider("{preset: " + std::string(name) +
                              (name == "azure" ? ", base_url: 'https://h/openai/v1'}" : "}")));
    const auto loaded =
        load_config(files.folder() + "run.yaml",
                    {[&](const std::string& variable) {
                       return variable.ends_with("_API_KEY") && !variable.starts_with("FASTDISTILL")
                                  ? any(variable)
                                  : std::nullopt;
                     },
                     {}});
    ASSERT_TRUE(loaded.ok()) << name << ": " << loaded.error().message;
    const std::string text = json::canonical(effective_config(loaded->config));
    const auto again = config_from_json(text);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(json::canonical(effective_config(*again)), text);
    EXPECT_EQ(config_digest(loaded->config).hex(), kSmallConfigDigest) << name;
  }
}

TEST(ConfigPresets, ThatNobodyKnowsAreRefusedWithTheirNames) {
  const std::string message = said_of("{preset: opnai, name: a, base_url: 'http://h'}");
  EXPECT_NE(message.find("gateway.providers.0.preset: 'opnai' is not known, must be one of: "
                         "anthropic, azure, deepseek, gemini, llama.cpp, lmstudio, mistral, "
                         "ollama, openai, openrouter, sglang, tgi, vllm"),
            std::string::npos)
      << message;
  EXPECT_NE(said_of("{preset: azure}").find("gateway.providers.0.base_url: is missing"),
            std::string::npos);
}

TEST(ConfigPresets, DoNotGoWithTheAddressOfTheEnvironment) {
  ConfigFiles files;
  files.environment = {{"FASTDISTILL_BASE_URL", "https://other/v1"}, {"OPENAI_API_KEY", "k"}};
  const ProviderConfig provider = loaded_provider(
      files,
      "{preset: openai, headers: {X-Key: {env: OPENAI_API_KEY}}, query: {a: b}, model: gpt, "
      "extra_body: {a: 1}, proxy: environment, max_concurrency: 7}");
  EXPECT_EQ(provider.base_url, "https://other/v1");
  EXPECT_EQ(provider.api_key_env, "");
  EXPECT_TRUE(provider.headers.empty() && provider.query.empty() && provider.model.empty());
  EXPECT_TRUE(provider.extra_body.empty());
  EXPECT_EQ(provider.max_tokens_key, MaxTokensKey::automatic);
  EXPECT_EQ(provider.proxy, "environment");
  EXPECT_EQ(provider.max_concurrency, 7u);
}

TEST(ConfigPresets, HaveAConfigEachInTheDocumentThatLoads) {
  std::ifstream page(std::string(FD_SOURCE_DIR) + "/docs/providers.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  const std::string head(kSmallConfig.substr(0, kSmallConfig.find("gateway:")));
  const std::string begin = "```yaml\n";
  std::string all;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::string block = text.substr(at, text.find("```", at) - at);
    all += block;
    ConfigFiles files;
    for (const char* key :
         {"OPENAI", "OPENROUTER", "DEEPSEEK", "MISTRAL", "GEMINI", "ANTHROPIC", "AZURE_OPENAI"}) {
      files.environment[key + std::string("_API_KEY")] = "k";
    }
    files.environment["CORP_TOKEN"] = "Bearer k";
    files.write("corp-root.pem", "-----BEGIN CERTIFICATE-----\n");
    const auto loaded = files.load(head + block);
    EXPECT_TRUE(loaded.ok()) << block << loaded.error().message;
  }
  for (const std::string_view name : preset_names()) {
    EXPECT_NE(all.find("preset: " + std::string(name)), std::string::npos) << name;
  }
}

TEST(ConfigEndpoints, MayNameTheModelByRole) {
  ConfigFiles files;
  EXPECT_EQ(loaded_provider(files, "{preset: ollama, model: 'qwen3:8b'}").model,
            (ModelNames{{"", "qwen3:8b"}}));
  EXPECT_EQ(loaded_provider(files, "{preset: ollama, model: {teacher: a, judge: b}}").model,
            (ModelNames{{"judge", "b"}, {"teacher", "a"}}));
  EXPECT_NE(said_of("{preset: ollama, model: {taecher: a}}")
                .find("gateway.providers.0.model.taecher: is no role; known: teacher, judge, "
                      "student"),
            std::string::npos);
}

TEST(ConfigEndpoints, HoldNoSecrets) {
  const std::string refused =
      "a secret must not be in the config; write {env: NAME} or {file: PATH}";
  for (const char* setting :
       {"headers: {Authorization: hunter2}", "headers: {api-key: hunter2}",
        "headers: {X-Auth-Token: hunter2}", "headers: {Cookie: hunter2}",
        "headers: {x-portkey-api-key: hunter2}", "headers: {X-Portkey-Virtual-Key: hunter2}",
        "headers: {X-Plain: Bearer hunter2}", "headers: {X-Plain: sk-hunter2}",
        "query: {key: hunter2}", "query: {access_token: hunter2}", "query: {sig: hunter2}"}) {
    const std::string message =
        said_of("{name: a, base_url: 'https://h/v1', " + std::string(setting) + "}");
    EXPECT_NE(message.find(refused), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
  for (const char* setting :
       {"headers: {HTTP-Referer: 'https://x', X-Title: a}", "query: {api-version: preview}",
        "headers: {X-Portkey-Provider: openai, x-portkey-custom-host: 'http://127.0.0.1:8000/v1'}",
        "headers: {Authorization: {env: THE_KEY}}", "query: {key: {env: THE_KEY}}"}) {
    EXPECT_EQ(said_of("{name: a, base_url: 'https://h/v1', " + std::string(setting) + "}"),
              "no error")
        << setting;
  }
}

TEST(ConfigEndpoints, NeverShowASettingOfAWrongForm) {
  for (const char* setting :
       {"headers: hunter2", "headers: {X: [hunter2]}", "headers: {X: {env: A, file: hunter2}}",
        "query: {X: {hunter2: 1}}", "headers: {X: {env: 'not-a-name-hunter2'}}"}) {
    const std::string message =
        said_of("{name: a, base_url: 'https://h/v1', " + std::string(setting) + "}");
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
    EXPECT_NE(message.find("gateway.providers.0."), std::string::npos) << message;
  }
}

TEST(ConfigEndpoints, LeaveTheConnectionsHeadersAlone) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Connection: a", "belongs to one connection and must not be set"},
      {"Transfer-Encoding: a", "belongs to one connection and must not be set"},
      {"Host: a", "is decided by the gateway and must not be set"},
      {"Content-Type: a", "is decided by the gateway and must not be set"},
      {"'X Y': a", "is no name of a header"},
      {"'X:Y': a", "is no name of a header"},
      {"X: \"a\\r\\nY: b\"", "holds control characters"},
      {"X-A: a, x-a: b", "is given twice"},
  };
  for (const auto& [header, problem] : table) {
    const std::string message =
        said_of("{name: a, base_url: 'https://h/v1', headers: {" + header + "}}");
    EXPECT_NE(message.find(problem), std::string::npos) << header << ": " << message;
  }
  EXPECT_NE(said_of("{name: a, base_url: 'https://h/v1', api_key_env: THE_KEY, headers: "
                    "{authorization: {env: THE_KEY}}}")
                .find("the API key is sent in this header; set auth: none to send your own"),
            std::string::npos);
}

TEST(ConfigEndpoints, NameOneKey) {
  ConfigFiles files;
  files.environment["THE_KEY"] = "k";
  files.write_secret("key", "k");
  const auto message = [&](const std::string& more) {
    return files.message(with_provider("{name: a, base_url: 'https://h/v1', " + more + "}"));
  };
  EXPECT_NE(message("api_key_env: THE_KEY, api_key_file: key")
                .find("api_key_file: api_key_env names the key already"),
            std::string::npos);
  EXPECT_NE(message("auth: none, api_key_file: key").find("auth: is none, and an API key is named"),
            std::string::npos);
  EXPECT_EQ(message("api_key_file: key"), "no error");
}

TEST(ConfigEndpoints, TakeAKeyFromAFileThatOnlyItsOwnerReads) {
  ConfigFiles files;
  files.write("open", "k");
  files.write_secret("empty", "\n");
  files.write_secret("two words", "a b");
  files.write_secret("key", "hunter2\n");
  const auto message = [&](const std::string& name) {
    return files.message(
        with_provider("{name: a, base_url: 'https://h/v1', api_key_file: '" + name + "'}"));
  };
  EXPECT_NE(message("open").find("open: others can read this secret: chmod 600"),
            std::string::npos);
  EXPECT_NE(message("absent").find("absent: cannot be read"), std::string::npos);
  EXPECT_NE(message("empty").find("empty: is empty"), std::string::npos);
  EXPECT_NE(message("two words").find("two words: holds white space"), std::string::npos);
  const ProviderConfig provider =
      loaded_provider(files, "{name: a, base_url: 'https://h/v1', api_key_file: key}");
  EXPECT_EQ(provider.api_key_file, files.folder() + "key");
}

TEST(ConfigEndpoints, SendSettingsWithSecretsOnlyWhereAKeyMayGo) {
  const std::string plain = "would send the API key in plain text to another machine";
  EXPECT_NE(said_of("{name: a, base_url: 'http://10.0.0.5/v1', headers: {X: {env: THE_KEY}}}")
                .find(plain),
            std::string::npos);
  EXPECT_NE(
      said_of("{name: a, base_url: 'http://10.0.0.5/v1', query: {X: {env: THE_KEY}}}").find(plain),
      std::string::npos);
  EXPECT_EQ(said_of("{name: a, base_url: 'http://10.0.0.5/v1', headers: {X: a}}"), "no error");
}

TEST(ConfigEndpoints, CarryTheTextOfTheirCertificates) {
  ConfigFiles files;
  files.write("ca.pem", "x\n-----BEGIN CERTIFICATE-----\n");
  files.write("other", "no certificate");
  const ProviderConfig provider =
      loaded_provider(files, "{name: a, base_url: 'https://h/v1', ca_file: ca.pem}");
  EXPECT_EQ(provider.ca_pem, "x\n-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(provider.ca_file, "");
  EXPECT_NE(files.message(with_provider("{name: a, base_url: 'https://h/v1', ca_file: other}"))
                .find("ca_file: the file it names holds no certificate in PEM form"),
            std::string::npos);
  EXPECT_NE(files.message(with_provider("{name: a, base_url: 'https://h/v1', ca_file: absent}"))
                .find("ca_file: the file it names cannot be read"),
            std::string::npos);
}

TEST(ConfigEndpoints, HaveProxiesWithoutCredentials) {
  const auto message = [](const std::string& proxy) {
    return said_of("{name: a, base_url: 'https://h/v1', proxy: '" + proxy + "'}");
  };
  for (const char* good : {"", "environment", "http://p:3128", "https://p/", "socks5h://[::1]:1"}) {
    EXPECT_EQ(message(good), "no error") << good;
  }
  EXPECT_NE(message("ftp://p").find("must be \"environment\", or begin with"), std::string::npos);
  EXPECT_NE(message("p:3128").find("must be \"environment\", or begin with"), std::string::npos);
  EXPECT_NE(message("http://p/x").find("must not hold a path"), std::string::npos);
  const std::string secret = message("http://u:hunter2@p:1");
  EXPECT_NE(secret.find("must not hold credentials"), std::string::npos);
  EXPECT_EQ(secret.find("hunter2"), std::string::npos);
}

TEST(ConfigEndpoints, SayThatAProxyOfTheEnvironmentIsNotUsed) {
  const auto warnings = [](const std::string& provider) {
    ConfigFiles files;
    files.environment = {{"HTTPS_PROXY", "http://p"}, {"http_proxy", "http://p"}};
    const auto loaded = files.load(with_provider(provider));
    EXPECT_TRUE(loaded.ok());
    return loaded.ok() ? loaded->warnings : std::vector<std::string>{};
  };
  EXPECT_EQ(warnings("{name: a, base_url: 'https://h/v1'}"),
            std::vector<std::string>{"HTTPS_PROXY is set, and provider a does not use it; to use "
                                     "it, set proxy: environment"});
  EXPECT_EQ(warnings("{name: a, base_url: 'http://h/v1'}"),
            std::vector<std::string>{"http_proxy is set, and provider a does not use it; to use "
                                     "it, set proxy: environment"});
  EXPECT_TRUE(warnings("{name: a, base_url: 'https://h/v1', proxy: environment}").empty());
  EXPECT_TRUE(warnings("{name: a, base_url: 'https://127.0.0.1/v1'}").empty());
}

TEST(ConfigEndpoints, AddNoParametersThatHaveKeysOfTheirOwn) {
  EXPECT_NE(said_of("{preset: ollama, extra_body: {stream: true}}")
                .find("extra_body: 'stream' is not for here"),
            std::string::npos);
  EXPECT_NE(set_message({"teacher.decode.extra={temperature: 1}"})
                .find("teacher.decode.extra: 'temperature' is not for here"),
            std::string::npos);
  EXPECT_EQ(set_message({"teacher.decode.extra={top_k: 1}"}), "no error");
  EXPECT_NE(set_message({"teacher.decode.extra={big: 123456789012345678901}"})
                .find("number 123456789012345678901 is too large, put it in quotes"),
            std::string::npos);
}

TEST(ConfigDecode, MayLeaveParametersOut) {
  ConfigFiles files;
  files.sets = {"teacher.decode.temperature=", "teacher.decode.top_p=null",
                "teacher.decode.max_tokens=", "teacher.decode.n=", "teacher.decode.stop="};
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.decode.temperature, std::nullopt);
  EXPECT_EQ(config.teacher.decode.top_p, std::nullopt);
  EXPECT_EQ(config.teacher.decode.max_tokens, std::nullopt);
  EXPECT_EQ(config.teacher.decode.n, 1u);
  EXPECT_TRUE(config.teacher.decode.stop.empty());
  const std::string text = json::canonical(effective_config(config));
  EXPECT_NE(text.find(R"("temperature":null)"), std::string::npos);
  const auto again = config_from_json(text);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(json::canonical(effective_config(*again)), text);
  EXPECT_NE(config_digest(config).hex(), kSmallConfigDigest);
}

}  // namespace
}  // namespace fd
