#include "actors/stages/prompt.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/call_key.hpp"

namespace fd {
namespace {

std::string render(const char* text, const json::Object& fields) {
  const auto compiled = PromptTemplate::compile(text, {"a", "b", "schema"});
  EXPECT_TRUE(compiled.ok()) << text;
  return compiled.ok() ? compiled->render(fields) : "";
}

TEST(PromptTemplate, PutsFieldsInLiterally) {
  EXPECT_EQ(render("", {}), "");
  EXPECT_EQ(render("no fields", {}), "no fields");
  EXPECT_EQ(render("{{a}}", {{"a", "x"}}), "x");
  EXPECT_EQ(render("<{{ a }}{{b}}>", {{"a", "x"}, {"b", "y"}}), "<xy>");
  EXPECT_EQ(render("{{\ta\n}}", {{"a", "x"}}), "x");
  EXPECT_EQ(render("{ {a} } }}", {{"a", "x"}}), "{ {a} } }}");
}

TEST(PromptTemplate, NeverReadsAValueAsATemplate) {
  EXPECT_EQ(render("{{a}}|{{b}}", {{"a", "{{b}}"}, {"b", "{{a}}"}}), "{{b}}|{{a}}");
}

TEST(PromptTemplate, WritesOtherValuesAsCanonicalJson) {
  EXPECT_EQ(render("{{a}}", {{"a", 1.5}}), "1.5");
  EXPECT_EQ(render("{{a}}", {{"a", true}}), "true");
  EXPECT_EQ(render("{{a}}", {{"a", json::Object{{"z", 1}, {"b", json::Array{"x"}}}}}),
            R"({"b":["x"],"z":1})");
  EXPECT_EQ(render("[{{a}}]", {{"a", nullptr}}), "[]");
  EXPECT_EQ(render("[{{a}}]", {}), "[]");
}

std::string compile_error(const char* text) {
  const auto compiled = PromptTemplate::compile(text, {"a", "b"});
  EXPECT_FALSE(compiled.ok()) << text;
  if (compiled.ok()) {
    return "";
  }
  EXPECT_EQ(compiled.error().code, Errc::invalid_input);
  return compiled.error().message;
}

TEST(PromptTemplate, RefusesUnknownAndUnclosedPlaces) {
  EXPECT_EQ(compile_error("{{ gold_sql }}"),
            "'{{gold_sql}}' is not one of contract.fields or contract.id_fields (a, b): add it "
            "there, so that the sample id covers what the model sees");
  EXPECT_EQ(compile_error("x {{ a"), "'{{ a' has no '}}' behind it");
  EXPECT_NE(compile_error("{{}}").find("'{{}}' is not one of"), std::string::npos);
  EXPECT_NE(compile_error("{{a.b}}").find("'{{a.b}}'"), std::string::npos);
}

RunConfig config() {
  RunConfig config;
  config.contract.fields = {"instruction", "schema", "system_prompt"};
  config.contract.id_fields = {"task_id"};
  config.teacher.model = "m";
  config.teacher.system_prompt = "Return SQL only.";
  config.teacher.prompt = "{{schema}}|{{instruction}}|{{task_id}}";
  config.teacher.decode.seed = 123;
  return config;
}

Sample sample(const std::string& input) {
  Sample sample;
  sample.id = sha256("id");
  sample.canonical_input = input;
  sample.id_fields = R"({"task_id":"t-1"})";
  return sample;
}

PromptStage stage(const RunConfig& config) {
  auto made = PromptStage::make(config);
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

TEST(PromptStage, MakesTheCallOfEachCandidate) {
  const PromptStage prompts = stage(config());
  const Sample row = sample(R"({"instruction":"how many?","schema":"t: a"})");
  const ChatCall first = prompts.call(row, 0);
  EXPECT_EQ(first.messages, (std::vector<ChatMessage>{{"system", "Return SQL only."},
                                                      {"user", "t: a|how many?|t-1"}}));
  EXPECT_EQ(first.model, "m");
  EXPECT_EQ(first.sample_id, row.id);
  EXPECT_EQ(first.candidate, 0u);
  EXPECT_EQ(first.decode.seed, 123);
  EXPECT_EQ(first.decode.n, 1u);
  const ChatCall third = prompts.call(row, 2);
  EXPECT_EQ(third.candidate, 2u);
  EXPECT_EQ(third.decode.seed, 125);
  EXPECT_EQ(third.messages, first.messages);
  EXPECT_NE(third.call_key, first.call_key);
  EXPECT_EQ(prompts.call(row, 0).call_key, first.call_key);
}

TEST(PromptStage, ARowsOwnSystemPromptWinsWhenItIsAContractField) {
  const std::string own = R"({"instruction":"q","schema":"s","system_prompt":"Be brief."})";
  EXPECT_EQ(stage(config()).call(sample(own), 0).messages[0].content, "Be brief.");
  const std::string empty = R"({"instruction":"q","schema":"s","system_prompt":""})";
  EXPECT_EQ(stage(config()).call(sample(empty), 0).messages[0].content, "Return SQL only.");
  const std::string number = R"({"instruction":"q","schema":"s","system_prompt":7})";
  EXPECT_EQ(stage(config()).call(sample(number), 0).messages[0].content, "Return SQL only.");
  Sample by_id = sample(R"({"instruction":"q","schema":"s"})");
  by_id.id_fields = R"({"system_prompt":"Be long."})";
  EXPECT_EQ(stage(config()).call(by_id, 0).messages[0].content, "Return SQL only.");
}

TEST(PromptStage, WithoutAnySystemPromptThereIsNoSystemMessage) {
  RunConfig without = config();
  without.teacher.system_prompt.clear();
  const ChatCall call = stage(without).call(sample(R"({"instruction":"q","schema":"s"})"), 0);
  ASSERT_EQ(call.messages.size(), 1u);
  EXPECT_EQ(call.messages[0].role, "user");
}

TEST(PromptStage, RendersTheTurnsOfAChat) {
  RunConfig chat = config();
  chat.teacher.prompt.clear();
  chat.teacher.system_prompt.clear();
  chat.teacher.messages = {{"system", "Schema: {{schema}}"},
                           {"user", "Hello"},
                           {"assistant", "Ask."},
                           {"user", "{{instruction}} {{task_id}}"}};
  const std::string row = R"({"instruction":"{{schema}}?","schema":"s"})";
  EXPECT_EQ(stage(chat).messages(sample(row)),
            (std::vector<ChatMessage>{{"system", "Schema: s"},
                                      {"user", "Hello"},
                                      {"assistant", "Ask."},
                                      {"user", "{{schema}}? t-1"}}));
  chat.teacher.messages[0].content = "{{system_prompt}}";
  EXPECT_EQ(stage(chat).messages(sample(row))[0].role, "user") << "an empty system turn is none";
}

TEST(PromptStage, SendsTheChatOfTheRowUpToItsLastQuestion) {
  RunConfig chat = config();
  chat.contract.fields = {"chat"};
  chat.teacher.prompt.clear();
  chat.teacher.messages_field = "chat";
  const auto with = [](const std::string& turns) { return sample("{\"chat\":[" + turns + "]}"); };
  const std::string user = R"({"content":"q","role":"user"})";
  const std::string answer = R"(,{"content":"a","role":"assistant"})";
  EXPECT_EQ(stage(chat).messages(with(user + answer)),
            (std::vector<ChatMessage>{{"system", "Return SQL only."}, {"user", "q"}}));
  EXPECT_EQ(stage(chat).messages(with(R"({"content":"own","role":"system"},)" + user)),
            (std::vector<ChatMessage>{{"system", "own"}, {"user", "q"}}));
  EXPECT_NE(stage(chat).call(with(user), 0).call_key,
            stage(chat).call(with(user + answer + "," + user), 0).call_key);
  EXPECT_TRUE(stage(chat).messages(with("7")).empty()) << "nothing is paid for what is no chat";
  EXPECT_TRUE(stage(chat).messages(sample("{}")).empty());
}

TEST(PromptStage, SendsExamplesBehindTheSystemMessage) {
  RunConfig shots = config();
  const Sample row = sample(R"({"instruction":"q","schema":"s"})");
  const Digest without = stage(shots).call(row, 0).call_key;
  shots.teacher.examples = {{"user", "{{schema}}"}, {"assistant", "a"}};
  EXPECT_EQ(stage(shots).messages(row), (std::vector<ChatMessage>{{"system", "Return SQL only."},
                                                                  {"user", "{{schema}}"},
                                                                  {"assistant", "a"},
                                                                  {"user", "s|q|t-1"}}));
  EXPECT_NE(stage(shots).call(row, 0).call_key, without);
  shots.teacher.prompt.clear();
  shots.teacher.messages = {{"system", "own"}, {"user", "{{schema}}"}};
  EXPECT_EQ(stage(shots).messages(row)[0].content, "own");
  EXPECT_EQ(stage(shots).messages(row)[1].content, "{{schema}}");
  EXPECT_EQ(stage(shots).messages(row)[3].content, "s");
}

TEST(PromptStage, ASampleThatIsNoObjectGetsACallThatNoEndpointTakes) {
  EXPECT_TRUE(stage(config()).call(sample("[1]"), 0).messages.empty());
  EXPECT_TRUE(stage(config()).call(sample("not json"), 0).messages.empty());
}

TEST(PromptStage, RefusesATemplateOutsideTheContract) {
  RunConfig wrong = config();
  wrong.teacher.prompt = "{{gold_sql}}";
  const auto made = PromptStage::make(wrong);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::invalid_input);
  EXPECT_EQ(made.error().message.substr(0, 30), "teacher.prompt: '{{gold_sql}}'");
}

}  // namespace
}  // namespace fd
