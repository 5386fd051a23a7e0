#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"
#include "tests/actors/config/config_files.hpp"

namespace fd {
namespace {

/// A config whose teacher has these keys beside its model.
std::string with_teacher(const std::string& keys) {
  return "task: t\ncontract: {fields: [schema, instruction, chat]}\nteacher:\n  model: m\n" + keys +
         "gateway: {providers: [{name: a, base_url: 'http://127.0.0.1:1/v1'}]}\n";
}

/// Returns what is wrong with it, without the excerpts of the file.
std::string chat_problem(const std::string& keys) {
  ConfigFiles files;
  const std::string message = files.message(with_teacher(keys));
  return message.substr(0, message.find('\n'));
}

const std::string kMessages =
    "  messages:\n    - {role: system, content: Be brief.}\n"
    "    - {role: user, content: '{{schema}} {{instruction}}'}\n";

TEST(ConfigChat, TakesOneWayToSayWhatIsAsked) {
  EXPECT_EQ(chat_problem(kMessages), "no error");
  EXPECT_EQ(chat_problem("  messages_field: chat\n"), "no error");
  EXPECT_EQ(chat_problem("  messages_field: chat\n  system_prompt: x\n"), "no error");
  EXPECT_EQ(chat_problem(""), "run.yaml:3:1: teacher.prompt: is missing");
  EXPECT_EQ(chat_problem("  prompt: \"\"\n"), "run.yaml:5:11: teacher.prompt: is empty");
  const std::string one =
      "only one of teacher.prompt, teacher.messages and teacher.messages_field may be given";
  EXPECT_EQ(chat_problem(kMessages + "  prompt: '{{schema}}'\n"),
            "run.yaml:6:5: teacher.messages: " + one);
  EXPECT_EQ(chat_problem("  prompt: '{{schema}}'\n  messages_field: chat\n"),
            "run.yaml:6:19: teacher.messages_field: " + one);
  EXPECT_EQ(chat_problem(kMessages + "  system_prompt: x\n"),
            "run.yaml:8:18: teacher.system_prompt: teacher.messages is in its place; give the "
            "system turn there");
  EXPECT_EQ(chat_problem("  messages_field: other\n"),
            "run.yaml:5:19: teacher.messages_field: 'other' is not one of contract.fields; add it "
            "there");
}

TEST(ConfigChat, ChecksEachTurnAsAPrompt) {
  const auto turn = [](const std::string& role, const std::string& content) {
    return chat_problem("  messages: [{role: " + role + ", content: \"" + content + "\"}]\n");
  };
  EXPECT_EQ(turn("user", "{{gold_sql}}"),
            "run.yaml:5:36: teacher.messages.0.content: {{gold_sql}} is in neither contract.fields "
            "nor contract.id_fields; add it to contract.fields");
  EXPECT_EQ(turn("user", "{schema}"),
            "run.yaml:5:36: teacher.messages.0.content: '{schema}' would go to the model as it "
            "stands; write {{schema}}");
  EXPECT_EQ(turn("human", "x"),
            "run.yaml:5:14: teacher.messages.0: is of the role 'human', must be one of: system, "
            "user, assistant");
  EXPECT_EQ(turn("assistant", "{{schema}}"),
            "run.yaml:5:13: teacher.messages: the last turn must be the user's");
  EXPECT_EQ(chat_problem("  messages: [{role: user, content: x, name: y}]\n"),
            "run.yaml:5:39: teacher.messages.0.name: unknown key; known here: content, role");
}

TEST(ConfigChat, ReadsExamplesFromAFile) {
  ConfigFiles files;
  const auto load = [&](const std::string& examples) {
    files.write("shots.jsonl", examples);
    return files.message(with_teacher("  prompt: '{{schema}}'\n  examples: shots.jsonl\n"));
  };
  EXPECT_EQ(
      load("\n{\"role\":\"user\",\"content\":\"q {{schema}}\"}\n"
           "{\"role\":\"assistant\",\"content\":\"a\"}\r\n"
           "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
           "{\"role\":\"user\",\"content\":\"r\"},{\"role\":\"assistant\",\"content\":\"b\"}],"
           "\"metadata\":{}}"),
      "no error");
  const RunConfig config = loaded_config(files);
  EXPECT_EQ(config.teacher.examples,
            (std::vector<ChatMessage>{
                {"user", "q {{schema}}"}, {"assistant", "a"}, {"user", "r"}, {"assistant", "b"}}));
  const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  const std::string place = "run.yaml:6:13: teacher.examples: ";
  EXPECT_EQ(first_line(load("{\"role\":\"user\",\"content\":\"q\"}\n{}\n")),
            place + "'shots.jsonl': line 2: turn 1 has no text 'role'");
  EXPECT_EQ(first_line(load("{\"role\":\"user\",\"content\":\"q\"}\n")),
            place + "the last turn must be the assistant's");
  EXPECT_EQ(first_line(load("{\"role\":\"assistant\",\"content\":\"q\"}\n")),
            "run.yaml:6:13: teacher.examples.0: is of the role 'assistant', must be user");
  files.sets = {"teacher.examples=none.jsonl"};
  EXPECT_TRUE(files.message().starts_with("--set: teacher.examples: 'none.jsonl': "))
      << files.message();
}

/// The content decides the digest; the file's name does not, and a stored config needs no file.
TEST(ConfigChat, CountsExamplesByTheirContent) {
  const std::string turns =
      "{\"role\":\"user\",\"content\":\"q\"}\n{\"role\":\"assistant\",\"content\":\"a\"}\n";
  ConfigFiles files;
  files.write("a.jsonl", turns);
  files.write("b.jsonl", turns);
  const Digest without = config_digest(loaded_config(files));
  files.sets = {"teacher.examples=a.jsonl"};
  const RunConfig first = loaded_config(files);
  files.sets = {"teacher.examples=b.jsonl"};
  EXPECT_EQ(config_digest(loaded_config(files)), config_digest(first));
  EXPECT_NE(config_digest(first), without);
  files.write("b.jsonl", turns + turns);
  EXPECT_NE(config_digest(loaded_config(files)), config_digest(first));
  const std::string stored = json::canonical(effective_config(first));
  EXPECT_EQ(config_from_json(stored)->teacher.examples, first.teacher.examples);
}

}  // namespace
}  // namespace fd
