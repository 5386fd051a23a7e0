#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/text.hpp"
#include "protocol/json/json.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

using Table = std::vector<std::pair<const char*, std::string>>;

/// Checks the message of each `--set` on its own.
void expect_messages(const Table& table) {
  for (const auto& [set, message] : table) {
    EXPECT_EQ(set_message({set}), message) << set;
  }
}

/// Another tool's spelling of a field would go to the model as it stands, for money.
TEST(ConfigErrors, NamesTemplatesOfOtherTools) {
  const auto refused = [](const std::string& prompt) {
    const std::string message =
        set_message({"teacher.prompt=" + json::canonical(json::Value(prompt))});
    const std::string before = "--set: teacher.prompt: ";
    return message.starts_with(before) ? message.substr(before.size()) : message;
  };
  const std::string stands = " would go to the model as it stands; write {{schema}}";
  for (const std::string place :
       {"{schema}", "${schema}", "$schema", "<schema>", "%(schema)s", "[[schema]]"}) {
    EXPECT_EQ(refused("{{instruction}} of " + place + "."), "'" + place + "'" + stands);
  }
  EXPECT_TRUE(refused("{% if schema %}{{schema}}{% endif %}").starts_with("'{% if ... %}' is a"));
  EXPECT_TRUE(refused("{{schema}}{%- for x in y %}").starts_with("'{% for ... %}' is a"));
  for (const std::string good :
       {"{{schema}} {schema} $schema <schema>", "<schema>{{schema}}</schema> {{instruction}}",
        "{{instruction}} <schema> is meant </schema>",
        "{{instruction}} $schemas {other} 5 %} {%x"}) {
    EXPECT_EQ(refused(good), "no error") << good;
  }
}

TEST(ConfigErrors, WarnsOfAPromptThatNamesNoField) {
  ConfigFiles files;
  files.sets = {"teacher.prompt=Write SQL."};
  const Result<LoadedConfig> loaded = files.load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->warnings,
            (std::vector<std::string>{
                "teacher.prompt names no field of the rows, so every row asks the same; a place "
                "for a field is written {{instruction}}"}));
  files.sets.push_back("contract.fields=[system_prompt]");
  EXPECT_TRUE(files.load()->warnings.empty());
}

/// A run that is there keeps the prompt that it was made with.
TEST(ConfigErrors, LeavesThePromptOfAnOldRunAlone) {
  ConfigFiles files;
  RunConfig config = loaded_config(files);
  config.teacher.prompt = "{schema}";
  const std::string text = json::canonical(effective_config(config));
  EXPECT_TRUE(config_from_json(text).ok());
  EXPECT_TRUE(load_stored_config("run.json", text, "", {}).ok());
}

TEST(ConfigErrors, ShowFileLineColumnKeyAndCaret) {
  ConfigFiles files;
  const std::string text =
      std::string(kSmallConfig) + "gates:\n  rules:\n    min_chars: -1\n    max_chars: 1000001\n";
  EXPECT_EQ(files.message(text),
            "run.yaml:12:16: gates.rules.min_chars: -1 is too small, must be in [0, 1000000]\n"
            "      min_chars: -1\n"
            "                 ^\n"
            "run.yaml:13:16: gates.rules.max_chars: 1000001 is too large, must be in [0, 1000000]\n"
            "      max_chars: 1000001\n"
            "                 ^");
  EXPECT_EQ(files.load().error().code, Errc::invalid_input);
}

TEST(ConfigErrors, CountColumnsInCharactersAndKeepTabs) {
  ConfigFiles files;
  const std::string text =
      std::string(kSmallConfig) + "gates: {rules: {\t\"max_chars\": \"\xc3\xa9\"}}\n";
  EXPECT_EQ(files.message(text),
            "run.yaml:10:31: gates.rules.max_chars: got text \"\xc3\xa9\", want a whole number\n"
            "  gates: {rules: {\t\"max_chars\": \"\xc3\xa9\"}}\n"
            "                  \t             ^");
}

TEST(ConfigErrors, SuggestTheNearestKey) {
  ConfigFiles files;
  std::string text(kSmallConfig);
  text.insert(text.find("gateway:"), "  decode: {temprature: 1}\n");
  EXPECT_EQ(files.message(text),
            "run.yaml:6:12: teacher.decode.temprature: unknown key, did you mean 'temperature'?\n"
            "    decode: {temprature: 1}\n"
            "             ^");
  expect_messages({
      {"taks=x", "--set: taks: unknown key, did you mean 'task'?"},
      {"gates.rulse.min_chars=1", "--set: gates.rulse: unknown key, did you mean 'rules'?"},
      {"teacher.temperature=1",
       "--set: teacher.temperature: unknown key, did you mean 'teacher.decode.temperature'?"},
      {"Export.train_ratio=1", "--set: Export: unknown key, did you mean 'export'?"},
      {"lease.zzz=1", "--set: lease.zzz: unknown key; known here: heartbeat_ms, ttl_ms"},
      {"gateway.providers.0.api_key=sk-secret",
       "--set: gateway.providers.0.api_key: unknown key, did you mean 'api_key_env'?"},
  });
}

TEST(ConfigErrors, RefuseDottedKeysInAFile) {
  ConfigFiles files;
  EXPECT_EQ(files.message(std::string(kSmallConfig) + "lease.ttl_ms: 5000\n").substr(0, 42),
            "run.yaml:10:1: lease.ttl_ms: unknown key; ");
}

TEST(ConfigErrors, CompareGotAndWant) {
  expect_messages({
      {"gates.rules.min_chars=abc",
       "--set: gates.rules.min_chars: got text 'abc', want a whole number"},
      {"gates.rules.min_chars=1e3",
       "--set: gates.rules.min_chars: got number 1e3, want a whole number written with digits "
       "only"},
      {"gates.rules.min_chars=1.0",
       "--set: gates.rules.min_chars: got number 1.0, want a whole number written with digits "
       "only"},
      {"gates.rules.min_chars='5'",
       "--set: gates.rules.min_chars: got text \"5\", want a whole number"},
      {"gates.rules.min_chars=true", "--set: gates.rules.min_chars: got true, want a whole number"},
      {"gates.rules.min_chars=007",
       "--set: gates.rules.min_chars: got text '007', want a whole number"},
      {"gates.rules.min_chars=0x10",
       "--set: gates.rules.min_chars: got text '0x10', want a whole number"},
      {"gates.rules.min_chars=", "--set: gates.rules.min_chars: got nothing, want a whole number"},
      {"gates.rules.min_chars=[1]",
       "--set: gates.rules.min_chars: got a list, want a whole number"},
      {"teacher.decode.temperature=.nan",
       "--set: teacher.decode.temperature: got text '.nan', want a number"},
      {"teacher.decode.temperature=NaN",
       "--set: teacher.decode.temperature: got text 'NaN', want a number"},
      {"teacher.decode.temperature=.inf",
       "--set: teacher.decode.temperature: got text '.inf', want a number"},
      {"contract.strict=yes", "--set: contract.strict: got text 'yes', want true or false"},
      {"contract.strict=True", "--set: contract.strict: got text 'True', want true or false"},
      {"contract.strict='true'", "--set: contract.strict: got text \"true\", want true or false"},
      {"contract.strict=1", "--set: contract.strict: got number 1, want true or false"},
      {"contract.strict=null", "--set: contract.strict: got nothing, want true or false"},
      {"task=7", "--set: task: got number 7, want text; put it in quotes"},
      {"task=true", "--set: task: got true, want text; put it in quotes"},
      {"task=", "--set: task: got nothing, want text; empty text is \"\""},
      {"teacher.system_prompt=a: b",
       "--set: teacher.system_prompt: got a section, want text; text that begins with { or holds "
       "': ' needs quotes"},
      {"contract.fields=schema", "--set: contract.fields: got text 'schema', want a list of text"},
      {"contract.fields=[1]",
       "--set: contract.fields.0: got number 1, want text; put it in quotes"},
      {"gateway.providers={}", "--set: gateway.providers: got a section, want a list of sections"},
      {"gateway.providers=[x]", "--set: gateway.providers.0: got text 'x', want a section of keys"},
      {"gates.rules=[]", "--set: gates.rules: got a list, want a section of keys"},
      {"gates.exec.match=sorted",
       "--set: gates.exec.match: 'sorted' is not known, must be one of: auto, multiset, ordered"},
  });
}

TEST(ConfigErrors, HoldBothSidesOfEveryBound) {
  const std::vector<std::pair<std::string, std::pair<std::string, std::string>>> bounds = {
      {"teacher.decode.temperature", {"0", "2"}},
      {"teacher.decode.top_p", {"0", "1"}},
      {"teacher.decode.max_tokens", {"1", "1000000"}},
      {"teacher.decode.n", {"1", "64"}},
      {"teacher.decode.seed", {"-9000000000000000", "9000000000000000"}},
      {"sharding.shards", {"0", "65536"}},
      {"sharding.target_size", {"1", "1000000"}},
      {"gateway.request_timeout_s", {"0.1", "3600"}},
      {"gateway.outage_timeout_s", {"0", "86400"}},
      {"gateway.retry.max_attempts", {"1", "100"}},
      {"gateway.providers.0.max_concurrency", {"1", "65536"}},
      {"gateway.providers.0.weight", {"0.001", "1000"}},
      {"gateway.providers.0.price_per_mtok.input", {"0", "1000000"}},
      {"gateway.providers.0.price_per_mtok.output", {"0", "1000000"}},
      {"gates.rules.max_chars", {"1", "1000000"}},
      {"gates.exec.max_steps", {"1", "1000000000000"}},
      {"gates.exec.max_rows", {"1", "10000000"}},
      {"gates.exec.max_result_bytes", {"1", "1073741824"}},
      {"gates.exec.max_heap_bytes", {"1048576", "17179869184"}},
      {"gates.exec.max_value_bytes", {"32768", "268435456"}},
      {"gates.score.gold", {"0", "1"}},
      {"gates.dataset.min_total", {"0", "9007199254740991"}},
      {"export.train_ratio", {"0", "1"}},
      {"lease.ttl_ms", {"3000", "3600000"}},
      {"lease.heartbeat_ms", {"100", "3333"}},
  };
  for (const auto& [key, limits] : bounds) {
    for (const std::string& value : {limits.first, limits.second}) {
      EXPECT_EQ(set_message({key + "=" + value}), "no error") << key << " " << value;
    }
  }
  expect_messages({
      {"teacher.decode.temperature=-0.001",
       "--set: teacher.decode.temperature: -0.001 is too small, must be in [0, 2]"},
      {"teacher.decode.temperature=2.001",
       "--set: teacher.decode.temperature: 2.001 is too large, must be in [0, 2]"},
      {"teacher.decode.temperature=1e999",
       "--set: teacher.decode.temperature: 1e999 is too large, must be in [0, 2]"},
      {"teacher.decode.n=0", "--set: teacher.decode.n: 0 is too small, must be in [1, 64]"},
      {"teacher.decode.n=65", "--set: teacher.decode.n: 65 is too large, must be in [1, 64]"},
      {"teacher.decode.n=4294967297",
       "--set: teacher.decode.n: 4294967297 is too large, must be in [1, 64]"},
      {"teacher.decode.seed=9000000000000001",
       "--set: teacher.decode.seed: 9000000000000001 is too large, must be in "
       "[-9000000000000000, 9000000000000000]"},
      {"gateway.request_timeout_s=-1",
       "--set: gateway.request_timeout_s: -1 is too small, must be in [0.1, 3600]"},
      {"lease.ttl_ms=999", "--set: lease.ttl_ms: 999 is too small, must be in [1000, 3600000]"},
      {"lease.ttl_ms=3600001",
       "--set: lease.ttl_ms: 3600001 is too large, must be in [1000, 3600000]"},
      {"lease.heartbeat_ms=99",
       "--set: lease.heartbeat_ms: 99 is too small, must be in [100, 60000]"},
      {"lease.heartbeat_ms=60001",
       "--set: lease.heartbeat_ms: 60001 is too large, must be in [100, 60000]"},
  });
}

TEST(ConfigErrors, LimitTextAndLists) {
  const std::string model(256, 'm');
  EXPECT_EQ(set_message({"teacher.model=" + model}), "no error");
  EXPECT_EQ(set_message({"teacher.model=" + model + "m"}),
            "--set: teacher.model: 257 bytes are too many, must be in [1, 256]");
  EXPECT_EQ(set_message({"teacher.model=\"\""}), "--set: teacher.model: is empty");
  const auto stops = [](std::size_t count) {
    std::string list = "teacher.decode.stop=[";
    for (std::size_t i = 0; i < count; ++i) {
      list += "x,";
    }
    return list + "]";
  };
  EXPECT_EQ(set_message({stops(16)}), "no error");
  EXPECT_EQ(set_message({stops(17)}),
            "--set: teacher.decode.stop: 17 items are too many, must be in [0, 16]");
  EXPECT_EQ(set_message({"teacher.decode.stop=[\"\"]"}), "--set: teacher.decode.stop.0: is empty");
  EXPECT_EQ(set_message({"input=[\"\"]"}), "--set: input.0: is empty");
  EXPECT_EQ(set_message({"contract.fields=[]"}), "--set: contract.fields: is empty");
  EXPECT_EQ(set_message({"gateway.providers=[]"}), "--set: gateway.providers: is empty");
}

TEST(ConfigErrors, CheckTaskNames) {
  const std::string longest(48, 'a');
  for (const std::string& name :
       {std::string("a"), std::string("\"0\""), std::string("A.b_c-9"), longest}) {
    EXPECT_EQ(set_message({"task=" + name}), "no error") << name;
  }
  EXPECT_EQ(set_message({"task=" + longest + "a"}),
            "--set: task: 49 bytes are too many, must be in [1, 48]");
  for (const char* name :
       {"../x", "/abs", "a/b", ".", "-a", "_a", "a b", "\xc3\xa9", "\"a\\0\"", "\"a\\n\""}) {
    EXPECT_NE(set_message({std::string("task=") + name})
                  .find("may hold only letters, digits, '.', '_' and '-', and begin with"),
              std::string::npos)
        << name;
  }
}

TEST(ConfigErrors, NameEveryKeyThatIsMissing) {
  ConfigFiles files;
  EXPECT_EQ(files.message("teacher:\n  decode: {n: 1}\n"),
            "run.yaml:1:1: task: is missing\n  teacher:\n  ^\n"
            "run.yaml:1:1: contract.fields: is missing\n  teacher:\n  ^\n"
            "run.yaml:1:1: teacher.model: is missing\n  teacher:\n  ^\n"
            "run.yaml:1:1: gateway.providers: is missing\n  teacher:\n  ^\n"
            "run.yaml:1:1: teacher.prompt: is missing\n  teacher:\n  ^");
  EXPECT_EQ(files.message(""), "run.yaml: is empty");
  EXPECT_EQ(files.message("- a\n"), "run.yaml:1:1: is not a section of keys\n  - a\n  ^");
}

TEST(ConfigErrors, NameAFileThatCannotBeRead) {
  ConfigFiles files;
  const Result<LoadedConfig> loaded = load_config(files.folder() + "absent.yaml", {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Errc::invalid_input);
  EXPECT_NE(loaded.error().message.find("absent.yaml"), std::string::npos);
}

TEST(ConfigErrors, ListTwentyAndCountTheRest) {
  ConfigFiles files;
  std::string text(kSmallConfig);
  for (int i = 0; i < 21; ++i) {
    text += "zzzzzzzz" + std::to_string(i) + ": 1\n";
  }
  const std::string message = files.message(text);
  EXPECT_NE(message.find("zzzzzzzz19: unknown key"), std::string::npos);
  EXPECT_EQ(message.find("zzzzzzzz20: unknown key"), std::string::npos);
  EXPECT_EQ(message.substr(message.rfind('\n')), "\n... and 1 more");
}

TEST(ConfigErrors, KeepCountingWhenAFileIsNothingButErrors) {
  ConfigFiles files;
  std::string text(kSmallConfig);
  for (int i = 0; i < 40000; ++i) {
    text += "zzzzzzzz" + std::to_string(i) + ": 1\n";
  }
  const std::string message = files.message(text);
  EXPECT_NE(message.find("zzzzzzzz0: unknown key"), std::string::npos);
  EXPECT_EQ(message.substr(message.rfind('\n'), 9), "\n... and ");
}

TEST(ConfigErrors, CheckTheContract) {
  expect_messages({
      {"contract.fields=[schema, instruction, schema]",
       "--set: contract.fields.2: 'schema' is listed twice"},
      {"contract.id_fields=[a, a]", "--set: contract.id_fields.1: 'a' is listed twice"},
      {"contract.id_fields=[schema]",
       "--set: contract.id_fields.0: 'schema' is one of contract.fields already"},
      {"contract.id_fields=[task_id]", "no error"},
  });
}

TEST(ConfigErrors, CheckTemplates) {
  expect_messages({
      {"teacher.prompt='{{ schema }}{{instruction}}'", "no error"},
      {"teacher.prompt='{{question}}'",
       "--set: teacher.prompt: {{question}} is in neither contract.fields nor "
       "contract.id_fields; add it to contract.fields"},
      {"teacher.prompt='{{schema'", "--set: teacher.prompt: {{ without its }}"},
      {"teacher.prompt='{{ }}'", "--set: teacher.prompt: {{}} names no field"},
      {"gates.exec.database='db/{{db_id}}.sqlite'", "no error"},
      {"gates.exec.database='{{db_id'", "--set: gates.exec.database: {{ without its }}"},
      {"gates.exec.database='{{}}'", "--set: gates.exec.database: {{}} names no field"},
  });
  EXPECT_EQ(set_message({"teacher.prompt='{{task_id}}'", "contract.id_fields=[task_id]"}),
            "no error");
}

TEST(ConfigErrors, CheckPatterns) {
  EXPECT_EQ(set_message({"gates.rules.banned_patterns=['(?i)drop', 'a+']"}), "no error");
  EXPECT_EQ(set_message({"gates.rules.banned_patterns=[ok, '(']"}),
            "--set: gates.rules.banned_patterns.1: '(' is no regular expression of RE2: missing "
            "): (");
  EXPECT_EQ(set_message({"gates.rules.required_patterns=['(?=x)']"}).substr(0, 70),
            "--set: gates.rules.required_patterns.0: '(?=x)' is no regular expressi");
}

TEST(ConfigErrors, CheckKeysThatDependOnEachOther) {
  EXPECT_EQ(set_message({"gates.rules.min_chars=5", "gates.rules.max_chars=5"}), "no error");
  EXPECT_EQ(set_message({"gates.rules.min_chars=6", "gates.rules.max_chars=5"}),
            "--set: gates.rules.min_chars: 6 is larger than gates.rules.max_chars (5)");
  EXPECT_EQ(set_message({"gateway.retry.base_ms=5", "gateway.retry.max_ms=5"}), "no error");
  EXPECT_EQ(set_message({"gateway.retry.base_ms=6", "gateway.retry.max_ms=5"}),
            "--set: gateway.retry.base_ms: 6 is larger than gateway.retry.max_ms (5)");
  EXPECT_EQ(set_message({"lease.ttl_ms=3000", "lease.heartbeat_ms=1000"}), "no error");
  EXPECT_EQ(set_message({"lease.ttl_ms=2999", "lease.heartbeat_ms=1000"}),
            "--set: lease.heartbeat_ms: 1000 is too large, must be at most a third of "
            "lease.ttl_ms (2999)");
}

TEST(ConfigErrors, RefuseWhatThisVersionLeavesOut) {
  const Table table = {
      {"gateway.providers.0.rpm=60",
       "--set: gateway.providers.0.rpm: 60 is not available in this version, must be 0"},
      {"gateway.providers.0.tpm=1",
       "--set: gateway.providers.0.tpm: 1 is not available in this version, must be 0"},
      {"gateway.budget.tokens=5",
       "--set: gateway.budget.tokens: 5 is not available in this version, must be 0"},
      {"gates.exec.kind=command",
       "--set: gates.exec.kind: 'command' is not available in this version, must be one of: none, "
       "sqlite"},
      {"gates.exec.sql=other",
       "--set: gates.exec.sql: \"other\" is not available in this version, must be "
       "\"generation\""},
      {"gates.judge.enabled=true",
       "--set: gates.judge.enabled: true is not available in this version, must be false"},
      {"gates.dataset.min_judge_score_mean=0.5",
       "--set: gates.dataset.min_judge_score_mean: 0.5 is not available in this version, must be "
       "0"},
      {"export.formats=[chat, alpaca]",
       "--set: export.formats: [\"chat\",\"alpaca\"] is not available in this version, must be "
       "[\"chat\"]"},
      {"students=[{name: a}]", "--set: students: is not available in this version, must be []"},
  };
  expect_messages(table);
  for (const auto& [set, message] : table) {
    ConfigFiles files;
    files.sets = {set};
    EXPECT_EQ(files.load().error().code, Errc::invalid_input) << set;
  }
  ConfigFiles files;
  files.sets = {"students=[{name: a}]", "lease.ttl_ms=0"};
  EXPECT_EQ(files.load().error().code, Errc::invalid_input);
}

TEST(ConfigErrors, ShowAPieceOfALongLine) {
  ConfigFiles files;
  const std::string text = std::string(kSmallConfig) + "gates: {rules: {banned_patterns: ['" +
                           std::string(300, 'x') + "'], min_chars: -1, max_chars: 5" +
                           std::string(300, ' ') + "}}\n";
  const std::string message = files.message(text);
  const std::size_t line = message.find('\n') + 1;
  const std::size_t caret = message.find('\n', line) + 1;
  const std::string column = message.substr(caret);
  EXPECT_LT(caret - line, 180u);
  EXPECT_EQ(message.substr(line + column.find('^'), 2), "-1");
}

TEST(ConfigText, KnowsNumbers) {
  for (const char* text : {"0", "-0", "10", "-12"}) {
    EXPECT_TRUE(is_whole_number(text)) << text;
  }
  for (const char* text : {"", "-", "+1", "01", "1.0", "1e3", "0x1", "1_000", " 1", "1 "}) {
    EXPECT_FALSE(is_whole_number(text)) << text;
  }
  for (const char* text : {"0.5", "-1.25e-3", "1E+2", "7"}) {
    EXPECT_TRUE(is_number(text)) << text;
  }
  for (const char* text : {".5", "5.", "1e", "1e+", "nan", ".nan", "inf", "0x1p3", "1.2.3"}) {
    EXPECT_FALSE(is_number(text)) << text;
  }
  EXPECT_EQ(number_value("1e-999"), 0.0);
  EXPECT_EQ(number_value("0.000001e-999"), 0.0);
  EXPECT_GT(number_value("1e999"), 1e308);
  EXPECT_LT(number_value("-1e999"), -1e308);
}

}  // namespace
}  // namespace fd
