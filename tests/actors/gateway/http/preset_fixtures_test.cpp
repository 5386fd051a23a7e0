// Each preset against a stand-in that replies in the form of that endpoint's public documentation.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/config/loader.hpp"
#include "actors/config/presets.hpp"
#include "actors/gateway/http/endpoint_secrets.hpp"
#include "tests/actors/gateway/gateway_client.hpp"
#include "tests/support/http_stub.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

struct Fixture {
  std::string preset;
  std::string path;  ///< of the request
  std::string key_header;
  std::string key;
  std::string parameters;  ///< of the request, behind messages and model
  std::string reply;
  std::string text;
  std::string reasoning;
};

const std::string kBearer = "authorization";
const std::string kPlain = R"("max_tokens":64,)";

/// Returns a reply whose message has these members.
std::string chat_reply(const std::string& message, const std::string& more = "") {
  return R"({"id":"c-1","object":"chat.completion","created":1,"model":"served",)" + more +
         R"("choices":[{"index":0,"message":{"role":"assistant",)" + message +
         R"(},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,)"
         R"("completion_tokens":4,"total_tokens":13,)"
         R"("completion_tokens_details":{"reasoning_tokens":2}}})";
}

std::vector<Fixture> fixtures() {
  const std::string path = "/v1/chat/completions";
  const std::string plain = chat_reply(R"("content":"SELECT 1","refusal":null,"annotations":[])");
  return {
      {"openai", path, kBearer, "Bearer k", R"("max_completion_tokens":64,)", plain, "SELECT 1",
       ""},
      {"openrouter", "/api" + path, kBearer, "Bearer k", kPlain,
       chat_reply(R"("content":"SELECT 1","reasoning":"hm","reasoning_details":[{"type":)"
                  R"("reasoning.text","text":"hm"}])",
                  R"("provider":"Somebody",)"),
       "SELECT 1", "hm"},
      {"deepseek", path, kBearer, "Bearer k", kPlain,
       chat_reply(R"("content":"SELECT 1","reasoning_content":"hm")"), "SELECT 1", "hm"},
      {"mistral", path, kBearer, "Bearer k", kPlain,
       chat_reply(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
                  R"({"type":"text","text":"SELECT 1"}])"),
       "SELECT 1", "hm"},
      {"gemini", "/v1beta/openai/chat/completions", kBearer, "Bearer k", kPlain, plain, "SELECT 1",
       ""},
      {"anthropic", path, kBearer, "Bearer k", kPlain, chat_reply(R"("content":"SELECT 1")"),
       "SELECT 1", ""},
      {"azure", "/openai" + path, "api-key", "k", kPlain,
       chat_reply(R"("content":"SELECT 1")",
                  R"("prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}],)"),
       "SELECT 1", ""},
      {"ollama", path, kBearer, "", kPlain, chat_reply(R"("content":"SELECT 1","reasoning":"hm")"),
       "SELECT 1", "hm"},
      {"vllm", path, kBearer, "", kPlain,
       chat_reply(R"("content":"SELECT 1","reasoning_content":"hm","tool_calls":[])",
                  R"("prompt_logprobs":null,"kv_transfer_params":null,)"),
       "SELECT 1", "hm"},
      {"sglang", path, kBearer, "", kPlain,
       chat_reply(R"("content":"SELECT 1","reasoning_content":null,"tool_calls":null)"), "SELECT 1",
       ""},
      {"llama.cpp", path, kBearer, "", kPlain,
       chat_reply(R"("content":"SELECT 1","reasoning_content":"hm")",
                  R"("timings":{"prompt_n":9,"predicted_per_second":30.5},)"),
       "SELECT 1", "hm"},
      {"lmstudio", path, kBearer, "", kPlain,
       chat_reply(R"("content":"SELECT 1")", R"("stats":{},"system_fingerprint":"m",)"), "SELECT 1",
       ""},
      {"tgi", path, kBearer, "", kPlain,
       chat_reply(R"("content":"SELECT 1")", R"("system_fingerprint":"3.0.0-sha",)"), "SELECT 1",
       ""},
  };
}

/// Returns the path of a base URL.
std::string path_of(const std::string& url) {
  return url.substr(url.find('/', url.find("://") + 3));
}

Result<std::vector<Endpoint>> preset_endpoints(const std::string& preset) {
  const testing_support::TempFolder folder;
  const std::string address =
      preset == "azure" ? ", base_url: 'https://resource.example/openai/v1'" : "";
  const std::string config =
      folder.put("run.yaml",
                 "task: t\ncontract: {fields: [q]}\nteacher: {model: m, prompt: '{{q}}'}\n"
                 "gateway: {providers: [{preset: " +
                     preset + address + "}]}\n");
  const auto environment = [](const std::string& name) {
    const bool key = name.ends_with("_API_KEY") && !name.starts_with("FASTDISTILL");
    return key ? std::optional<std::string>("k") : std::nullopt;
  };
  FD_TRY(const LoadedConfig loaded, load_config(config, {environment, {}}));
  return endpoints_with_secrets(loaded.config, environment);
}

TEST(Presets, EachHasAFixture) {
  std::vector<std::string> names;
  for (const Fixture& fixture : fixtures()) {
    names.push_back(fixture.preset);
  }
  std::ranges::sort(names);
  const std::vector<std::string_view> known = preset_names();
  EXPECT_EQ(names, std::vector<std::string>(known.begin(), known.end()));
}

TEST(Presets, SendAndReadWhatTheirDocumentationShows) {
  for (const Fixture& fixture : fixtures()) {
    HttpStub stub([&](const StubRequest&) { return StubReply::of(200, fixture.reply); });
    auto endpoints = preset_endpoints(fixture.preset);
    ASSERT_TRUE(endpoints.ok()) << endpoints.error().message;
    Endpoint endpoint = endpoints->front();
    endpoint.config.base_url = stub.url() + path_of(endpoint.config.base_url);
    Client client(stub.url());
    client.endpoint(0) = endpoint;
    client.start(1);
    ChatCall call = Client::call(1);
    call.decode.max_tokens = 64;
    call.decode.seed = 7;
    client.gateway().submit(call);
    const ChatResult result = client.wait(1)[1];
    EXPECT_EQ(result.answer.text, fixture.text) << fixture.preset;
    EXPECT_EQ(result.answer.reasoning, fixture.reasoning) << fixture.preset;
    EXPECT_EQ(result.answer.finish_reason, "stop") << fixture.preset;
    EXPECT_EQ(result.call.prompt_tokens, 9u) << fixture.preset;
    EXPECT_EQ(result.call.reasoning_tokens, 2u) << fixture.preset;
    EXPECT_FALSE(result.call.tokens_unknown) << fixture.preset;
    const StubRequest request = stub.requests().at(0);
    EXPECT_EQ(request.head.find("POST " + fixture.path + " HTTP/1.1\r\n"), 0u) << request.head;
    EXPECT_EQ(request.header(fixture.key_header), fixture.key) << fixture.preset;
    const std::string seed = fixture.preset == "mistral" ? "random_seed" : "seed";
    EXPECT_EQ(request.body,
              "{" + fixture.parameters +
                  R"("messages":[{"content":"question 1","role":"user"}],"model":"m",")" + seed +
                  R"(":7,"temperature":0.2,"top_p":1})")
        << fixture.preset;
  }
}

}  // namespace
}  // namespace fd
