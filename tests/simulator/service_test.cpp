#include "tests/simulator/service.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "protocol/json/json.hpp"

namespace fd::simulator {
namespace {

struct Reply {
  Outcome outcome;
  std::string bytes;
  std::string body;
};

Reply ask(Service& service, std::string_view body, std::string_view target = "/v1/chat/completions",
          std::string_view method = "POST") {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  Reply reply;
  reply.outcome = service.handle(request, reply.bytes);
  const std::size_t end = reply.bytes.find("\r\n\r\n");
  reply.body = end == std::string::npos ? "" : reply.bytes.substr(end + 4);
  return reply;
}

std::string chat(std::string_view user, std::string_view more = "") {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":)";
  json::append_string(user, body);
  return body + "}]" + std::string(more) + "}";
}

/// Returns the text of choice `index`, and fails the test when there is none.
std::string content_of(const std::string& body, std::size_t index = 0) {
  const auto value = json::parse(body);
  EXPECT_TRUE(value.ok()) << body;
  const json::Value* choices = value.ok() ? value->find("choices") : nullptr;
  if (choices == nullptr || choices->as_array() == nullptr ||
      choices->as_array()->size() <= index) {
    ADD_FAILURE() << "no choice in " << body;
    return "";
  }
  const json::Value* message = (*choices->as_array())[index].find("message");
  return *message->find("content")->as_string();
}

AnswerBook small_book() {
  return AnswerBook::from_lines(
      {{"hello", "SELECT \"héllo\"\n;"}, {"long", std::string(400, 'x')}});
}

TEST(Service, AnswersAsTheContractSays) {
  Service service({}, small_book());
  const Reply reply = ask(service, chat("say hello"));
  EXPECT_EQ(reply.outcome.status, 200);
  EXPECT_TRUE(reply.outcome.completion);
  EXPECT_FALSE(reply.outcome.close);
  EXPECT_TRUE(reply.bytes.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(reply.bytes.find("\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n"),
            std::string::npos);
  const auto value = json::parse(reply.body);
  ASSERT_TRUE(value.ok()) << reply.body;
  EXPECT_EQ(*value->find("object")->as_string(), "chat.completion");
  EXPECT_EQ(*value->find("model")->as_string(), "fd-simulator/m");
  EXPECT_EQ(value->find("created")->as_uint(), 0u);
  EXPECT_EQ(content_of(reply.body), "SELECT \"héllo\"\n;");
  const json::Value* usage = value->find("usage");
  EXPECT_EQ(usage->find("prompt_tokens")->as_uint(), 2u);      // 9 bytes
  EXPECT_EQ(usage->find("completion_tokens")->as_uint(), 4u);  // 17 bytes
  EXPECT_EQ(usage->find("total_tokens")->as_uint(), 6u);
  EXPECT_EQ(*(*value->find("choices")->as_array())[0].find("finish_reason")->as_string(), "stop");
}

TEST(Service, ServesBothPathsAndNoOthers) {
  Service service({}, small_book());
  EXPECT_EQ(ask(service, chat("hello"), "/chat/completions").outcome.status, 200);
  EXPECT_EQ(ask(service, chat("hello"), "/v1/chat/completions?x=1").outcome.status, 200);
  EXPECT_EQ(ask(service, "", "/v1/models", "GET").outcome.status, 200);
  EXPECT_EQ(ask(service, "", "/models", "GET").outcome.status, 200);
  EXPECT_FALSE(ask(service, "", "/models", "GET").outcome.completion);
  EXPECT_EQ(ask(service, "", "/v1/models", "POST").outcome.status, 405);
  EXPECT_EQ(ask(service, "", "/v1/chat/completions", "GET").outcome.status, 405);
  EXPECT_EQ(ask(service, "", "/v2/models", "GET").outcome.status, 404);
}

TEST(Service, ListsItsModelsAndServesNoOthers) {
  Service service({.models = {"a", "b"}}, small_book());
  EXPECT_NE(ask(service, "", "/models", "GET").body.find(R"("id":"b")"), std::string::npos);
  const Reply unknown = ask(service, chat("hello"));
  EXPECT_EQ(unknown.outcome.status, 404);
  EXPECT_NE(unknown.body.find("the model 'm' does not exist"), std::string::npos);
  EXPECT_EQ(
      ask(service, R"({"model":"b","messages":[{"role":"user","content":"x"}]})").outcome.status,
      200);
}

TEST(Service, RefusesBadBodiesByName) {
  Service service({}, small_book());
  const std::pair<const char*, const char*> cases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "model: must be"},
      {R"({"messages":[]})", "model: must be"},
      {R"({"model":"m"})", "messages: missing"},
      {R"({"model":"m","messages":[]})", "messages: must be"},
      {R"({"model":"m","messages":[1]})", "needs a role"},
      {R"({"model":"m","messages":[{"role":"user","content":1}]})", "content must be"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":0})", "n: must be"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":129})", "n: must be"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"seed":"1"})", "seed: must be"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0})",
       "max_tokens: must be"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream":true})", "stream"},
      {"{\"model\":\"m\xFF\"}", "not valid JSON"}};
  for (const auto& [body, message] : cases) {
    const Reply reply = ask(service, body);
    EXPECT_EQ(reply.outcome.status, 400) << body;
    EXPECT_NE(reply.body.find(message), std::string::npos) << body << " got " << reply.body;
    EXPECT_TRUE(json::parse(reply.body).ok()) << reply.body;
  }
  EXPECT_EQ(ask(service, chat("x", R"(,"n":128,"stream":false,"seed":null)")).outcome.status, 200);
}

TEST(Service, LooksAtTheLastUserMessageOnly) {
  Service service({}, small_book());
  const Reply reply = ask(service, R"({"messages":[{"role":"user","content":"hello"},)"
                                   R"({"role":"user","content":[{"type":"text","text":"lo"},)"
                                   R"({"type":"text","text":"ng"}]},)"
                                   R"({"role":"assistant","content":"hello"}],"model":"m"})");
  EXPECT_EQ(content_of(reply.body), std::string(400, 'x'));
}

TEST(Service, CutsAtMaxTokensButNotInsideALetter) {
  Service service({}, small_book());
  const Reply whole = ask(service, chat("long", R"(,"max_tokens":100)"));
  EXPECT_EQ(content_of(whole.body).size(), 400u);
  EXPECT_NE(whole.body.find(R"("finish_reason":"stop")"), std::string::npos);
  const Reply cut = ask(service, chat("long", R"(,"max_completion_tokens":99)"));
  EXPECT_EQ(content_of(cut.body).size(), 396u);
  EXPECT_NE(cut.body.find(R"("finish_reason":"length")"), std::string::npos);
  EXPECT_NE(cut.body.find(R"("completion_tokens":99)"), std::string::npos);
  Choice choice{"abcdefgé and more", false};
  cut_to_tokens(2, choice);
  EXPECT_EQ(choice.text, "abcdefg");
  EXPECT_TRUE(choice.cut);
}

AnswerBook mistaken_book() {
  return AnswerBook::from_dataset(
      {{"which one", "t(a)", "SELECT 1 FROM t"}, {"which other", "t(a)", "SELECT 2 FROM t"}},
      {.wrong = 0.3, .fenced = 0.5, .broken = 0.2});
}

TEST(Service, AnswersDependOnContentAndSeedsAlone) {
  Service first({.seed = 7}, mistaken_book());
  Service second({.seed = 7}, mistaken_book());
  Service third({.seed = 8}, mistaken_book());
  int differ_by_seed = 0;
  int differ_by_server = 0;
  const std::string base = content_of(ask(first, chat("which one", R"(,"seed":0)")).body);
  for (int seed = 63; seed >= 0; --seed) {
    const std::string body = chat("which one", ",\"seed\":" + std::to_string(seed));
    const std::string spaced = "{ \"seed\": " + std::to_string(seed) +
                               R"(, "messages": [ {"content":"which \u006fne", "role":"user"} ],)" +
                               R"( "model": "m"})";
    const std::string answer = content_of(ask(second, body).body);
    EXPECT_EQ(content_of(ask(first, spaced).body), answer) << seed;
    EXPECT_EQ(ask(first, body).bytes, ask(second, body).bytes) << seed;
    differ_by_seed += answer != base ? 1 : 0;
    differ_by_server += answer != content_of(ask(third, body).body) ? 1 : 0;
  }
  EXPECT_GT(differ_by_seed, 20);
  EXPECT_GT(differ_by_server, 20);
}

TEST(Service, ChoicesAreThoseOfRisingSeeds) {
  Service service({.seed = 7}, mistaken_book());
  const std::string three = ask(service, chat("which one", R"(,"seed":5,"n":3)")).body;
  for (std::size_t index = 0; index < 3; ++index) {
    const std::string body = chat("which one", ",\"seed\":" + std::to_string(5 + index));
    EXPECT_EQ(content_of(three, index), content_of(ask(service, body).body));
  }
}

TEST(Service, FailsWithTheStatusAndHeadersOfEachFault) {
  const auto with = [](FaultRates faults) {
    return Service({.latency = {.mean_ms = 5}, .faults = faults, .retry_after_s = 1.5},
                   small_book());
  };
  Service limited = with({.rate_limited = 1});
  Reply reply = ask(limited, chat("hello"));
  EXPECT_EQ(reply.outcome.status, 429);
  EXPECT_EQ(reply.outcome.delay_us, 0u);
  EXPECT_NE(reply.bytes.find("\r\nRetry-After: 1.5\r\n"), std::string::npos);
  Service broken = with({.server_error = 1});
  reply = ask(broken, chat("hello"));
  EXPECT_EQ(reply.outcome.status, 500);
  EXPECT_EQ(reply.bytes.find("Retry-After"), std::string::npos);
  Service closed = with({.closed = 1});
  reply = ask(closed, chat("hello"));
  EXPECT_EQ(reply.outcome.status, 0);
  EXPECT_TRUE(reply.outcome.close);
  EXPECT_EQ(reply.outcome.delay_us, 5000u);
  EXPECT_EQ(reply.bytes, "");
  Service hung = with({.hung = 1});
  reply = ask(hung, chat("hello"));
  EXPECT_TRUE(reply.outcome.silent);
  EXPECT_EQ(reply.bytes, "");
  Service malformed = with({.malformed = 1});
  reply = ask(malformed, chat("hello"));
  EXPECT_EQ(reply.outcome.status, 200);
  EXPECT_FALSE(json::parse(reply.body).ok());
  Service recovering = with({.fail_first = 1});
  EXPECT_EQ(ask(recovering, chat("hello")).outcome.status, 503);
  EXPECT_EQ(ask(recovering, chat("hello")).outcome.status, 200);
}

TEST(Service, TruncatesTheBodyButNotItsPromise) {
  Service good({}, small_book());
  const Reply whole = ask(good, chat("hello"));
  Service service({.faults = {.truncated = 1}}, small_book());
  const Reply reply = ask(service, chat("hello"));
  EXPECT_TRUE(reply.outcome.close);
  EXPECT_LT(reply.body.size(), whole.body.size());
  EXPECT_GT(reply.body.size(), whole.body.size() / 3);
  EXPECT_TRUE(whole.bytes.starts_with(reply.bytes));
}

TEST(Service, RejectsWhatContainsTheTextAlways) {
  Service service({.reject_contains = "héllo"}, small_book());
  for (int time = 0; time < 3; ++time) {
    const Reply reply =
        ask(service, R"({"model":"m","messages":[{"role":"user","content":"a h\u00e9llo b"}]})");
    EXPECT_EQ(reply.outcome.status, 400);
    EXPECT_EQ(reply.outcome.fault, Fault::rejected);
  }
  EXPECT_EQ(ask(service, chat("hello")).outcome.status, 200);
}

TEST(Service, BringsTheFirstChoicesWhenItIsToBringFewer) {
  Service all({}, small_book());
  Service few({.choices_max = 2}, small_book());
  const std::string whole = ask(all, chat("hello", R"(,"seed":5,"n":4)")).body;
  const std::string part = ask(few, chat("hello", R"(,"seed":5,"n":4)")).body;
  const auto choices = [](const std::string& body) {
    return json::parse(body)->find("choices")->as_array()->size();
  };
  EXPECT_EQ(choices(whole), 4u);
  EXPECT_EQ(choices(part), 2u);
  EXPECT_EQ(content_of(part, 1), content_of(whole, 1));
  EXPECT_EQ(choices(ask(few, chat("hello")).body), 1u);
}

TEST(Service, RefusesSeveralChoicesWhenItIsTo) {
  Service service({.refuse_n = true}, small_book());
  const Reply reply = ask(service, chat("hello", R"(,"n":2)"));
  EXPECT_EQ(reply.outcome.status, 400);
  EXPECT_EQ(reply.outcome.fault, Fault::rejected);
  EXPECT_NE(reply.body.find("n: only 1 is supported"), std::string::npos);
  EXPECT_EQ(ask(service, chat("hello", R"(,"n":1)")).outcome.status, 200);
}

TEST(Service, DigestsBodiesWhenAsked) {
  Service service({.digest_bodies = true}, small_book());
  EXPECT_EQ(ask(service, chat("hello")).outcome.key, sha256(chat("hello")));
}

TEST(Service, FixedAnswersAnythingWithoutReadingIt) {
  Service service({.fixed = true}, AnswerBook());
  const Reply reply = ask(service, "no JSON at all");
  EXPECT_EQ(reply.outcome.status, 200);
  EXPECT_EQ(content_of(reply.body), kUnknownAnswer);
}

}  // namespace
}  // namespace fd::simulator
