// Requests as endpoints want them, and what their refusals teach.
#include <string>

#include <gtest/gtest.h>

#include "actors/gateway/openai/openai_codec.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

ChatCall question() {
  ChatCall call;
  call.model = "m";
  call.messages = {{"user", "q"}};
  return call;
}

std::string spelt(const ChatCall& call, const Dialect& dialect) {
  std::string out;
  append_request(call, dialect, out);
  const auto parsed = json::parse(out);
  EXPECT_TRUE(parsed.ok()) << out;
  EXPECT_EQ(json::canonical(parsed.value()), out);
  return out;
}

constexpr const char* kBare = R"({"messages":[{"content":"q","role":"user"}],"model":"m"})";

TEST(Dialect, SendsOnlyWhatIsSet) {
  ChatCall call = question();
  call.decode.temperature.reset();
  call.decode.top_p.reset();
  call.decode.max_tokens.reset();
  EXPECT_EQ(spelt(call, {}), kBare);
  call.decode.temperature = 0.0;
  EXPECT_EQ(spelt(call, {}),
            R"({"messages":[{"content":"q","role":"user"}],"model":"m","temperature":0})");
}

TEST(Dialect, SendsTheFormOfAnswersAsItIs) {
  ChatCall call = question();
  call.decode.temperature.reset();
  call.decode.top_p.reset();
  call.decode.max_tokens.reset();
  call.decode.response_format = {{"type", "json_object"}};
  call.decode.reasoning_effort = "low";
  call.decode.extra = {{"top_k", 20}, {"a", json::Object{{"z", nullptr}, {"b", true}}}};
  EXPECT_EQ(spelt(call, {}),
            R"({"a":{"b":true,"z":null},"messages":[{"content":"q","role":"user"}],"model":"m",)"
            R"("reasoning_effort":"low","response_format":{"type":"json_object"},"top_k":20})");
}

TEST(Dialect, NamesModelLimitAndSeedAsTheEndpointDoes) {
  ChatCall call = question();
  call.decode.temperature.reset();
  call.decode.top_p.reset();
  call.decode.seed = 7;
  Dialect dialect;
  dialect.model = "org/m";
  dialect.max_tokens_key = MaxTokensKey::max_completion_tokens;
  dialect.seed_key = SeedKey::random_seed;
  EXPECT_EQ(spelt(call, dialect),
            R"({"max_completion_tokens":512,"messages":[{"content":"q","role":"user"}],)"
            R"("model":"org/m","random_seed":7})");
  dialect.seed_key = SeedKey::none;
  dialect.max_tokens_key = MaxTokensKey::max_tokens;
  EXPECT_EQ(spelt(call, dialect),
            R"({"max_tokens":512,"messages":[{"content":"q","role":"user"}],"model":"org/m"})");
}

TEST(Dialect, PutsTheCallsOwnParametersBeforeTheEndpoints) {
  ChatCall call = question();
  call.decode = {};
  call.decode.temperature.reset();
  call.decode.top_p.reset();
  call.decode.max_tokens.reset();
  call.decode.extra = {{"both", 1}};
  Dialect dialect;
  dialect.extra_body = {{"both", 2}, {"model", "evil"}, {"route", json::Array{"a"}}};
  EXPECT_EQ(spelt(call, dialect),
            R"({"both":1,"messages":[{"content":"q","role":"user"}],"model":"m","route":["a"]})");
}

TEST(Dialect, IsTheProvidersForTheRole) {
  ProviderConfig provider;
  EXPECT_EQ(dialect_of(provider, Role::teacher).model, "");
  provider.model = {{"", "all"}};
  EXPECT_EQ(dialect_of(provider, Role::judge).model, "all");
  provider.model = {{"teacher", "t"}, {"judge", "j"}};
  EXPECT_EQ(dialect_of(provider, Role::teacher).model, "t");
  EXPECT_EQ(dialect_of(provider, Role::judge).model, "j");
  EXPECT_EQ(dialect_of(provider, Role::student).model, "");
}

TEST(Lessons, RenameTheLongestAnswerOnce) {
  constexpr const char* kWords =
      "HTTP 400: Unsupported parameter: 'max_tokens' is not supported with this model. Use "
      "'max_completion_tokens' instead.";
  DecodeConfig decode;
  Dialect dialect;
  EXPECT_EQ(lesson_of(400, kWords, dialect, decode), kMaxCompletionTokens);
  EXPECT_EQ(lesson_of(422, kWords, dialect, decode), kMaxCompletionTokens);
  EXPECT_EQ(lesson_of(404, kWords, dialect, decode), std::nullopt);
  EXPECT_EQ(lesson_of(400, "use max_completion_tokens_2", dialect, decode), std::nullopt);
  dialect.lessons = kMaxCompletionTokens;
  EXPECT_EQ(lesson_of(400, kWords, dialect, decode), std::nullopt);
  dialect.lessons = kNoTopP;
  EXPECT_EQ(lesson_of(400, kWords, dialect, decode), kMaxCompletionTokens);
  dialect.max_tokens_key = MaxTokensKey::max_tokens;  // the user said so
  EXPECT_EQ(lesson_of(400, kWords, dialect, decode), std::nullopt);
  dialect.max_tokens_key = MaxTokensKey::automatic;
  decode.max_tokens.reset();
  EXPECT_EQ(lesson_of(400, kWords, dialect, decode), std::nullopt);
}

TEST(Lessons, LeaveOutWhatMeansTheSameWhenItIsAbsent) {
  const auto lesson = [](const char* words, double temperature, double top_p) {
    DecodeConfig decode;
    decode.temperature = temperature;
    decode.top_p = top_p;
    return lesson_of(422, words, {}, decode);
  };
  constexpr const char* kTopP = "Input validation error: `top_p` must be > 0.0 and < 1.0";
  EXPECT_EQ(lesson(kTopP, 0.2, 1), kNoTopP);
  EXPECT_EQ(lesson(kTopP, 0.2, 0.9), std::nullopt);
  constexpr const char* kBoth = "temperature and top_p cannot both be specified";
  EXPECT_EQ(lesson(kBoth, 0.2, 1), kNoTopP);
  EXPECT_EQ(lesson(kBoth, 1, 0.9), kNoTemperature);
  EXPECT_EQ(lesson(kBoth, 0.2, 0.9), std::nullopt);
  EXPECT_EQ(lesson("'Temperature' is not supported", 1, 0.5), kNoTemperature);
  EXPECT_EQ(lesson("seed is not supported", 1, 1), std::nullopt);
}

TEST(Lessons, ChangeTheRequestAsTheySay) {
  ChatCall call = question();
  call.decode.temperature = 1.0;
  Dialect dialect;
  dialect.lessons = kMaxCompletionTokens | kNoTopP | kNoTemperature;
  EXPECT_EQ(spelt(call, dialect),
            R"({"max_completion_tokens":512,"messages":[{"content":"q","role":"user"}],)"
            R"("model":"m"})");
  call.decode.temperature = 0.5;
  call.decode.top_p = 0.5;
  dialect.lessons = kNoTopP | kNoTemperature;
  EXPECT_EQ(spelt(call, dialect),
            R"({"max_tokens":512,"messages":[{"content":"q","role":"user"}],"model":"m",)"
            R"("temperature":0.5,"top_p":0.5})");
}

}  // namespace
}  // namespace fd
