// What one endpoint is sent beside the call: model name, headers, query, key, proxy.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "actors/gateway/http/curl_transfer.hpp"
#include "tests/actors/gateway/gateway_client.hpp"
#include "tests/support/http_stub.hpp"

namespace fd {
namespace {

/// Asks one call of an endpoint that `change` sets up.
template <class Change>
ChatResult ask_at(const std::string& base_url, const Change& change, std::uint64_t calls = 1) {
  Client client(base_url);
  change(client.endpoint(0));
  client.start(1);
  client.submit(1, calls);
  return client.wait(calls)[calls];
}

TEST(CurlEndpoint, IsSentItsOwnModelHeadersAndQuery) {
  HttpStub stub(ok);
  const ChatResult result = ask_at(stub.url() + "/v1", [](Endpoint& endpoint) {
    endpoint.config.model = {{"", "org/m:free"}};
    endpoint.config.auth = AuthStyle::api_key;
    endpoint.api_key = "secret-key";
    endpoint.headers = {"X-Title: fast distill", "X-Empty;"};
    endpoint.query = "api-version=preview";
  });
  EXPECT_EQ(result.call.asked_model, "org/m:free");
  EXPECT_EQ(result.answer.model, "m");  // the role's: what an endpoint calls it decides no bytes
  const StubRequest request = stub.requests().at(0);
  EXPECT_EQ(request.head.find("POST /v1/chat/completions?api-version=preview HTTP/1.1\r\n"), 0u)
      << request.head;
  EXPECT_EQ(request.header("api-key"), "secret-key");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(request.header("x-title"), "fast distill");
  EXPECT_NE(request.body.find(R"("model":"org/m:free")"), std::string::npos) << request.body;
}

TEST(CurlEndpoint, MaySeeAnotherNameOfTheProgram) {
  HttpStub stub(ok);
  ask_at(stub.url(), [](Endpoint&) {});
  ask_at(stub.url(), [](Endpoint& endpoint) { endpoint.headers = {"user-agent: other/1"}; });
  EXPECT_TRUE(stub.requests().at(0).header("user-agent").starts_with("fast-distill/"));
  const std::string head = stub.requests().at(1).head;
  EXPECT_NE(head.find("user-agent: other/1\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("fast-distill"), std::string::npos) << head;
}

/// Makes one attempt, without a loop around it.
Attempt attempt_at(const std::string& base_url) {
  Endpoint endpoint;
  endpoint.config.base_url = base_url;
  const CurlTarget target(endpoint);
  CurlTransfer transfer(5);
  transfer.begin(make_job(Client::call(1), Instant{}), target, 0);
  Attempt attempt = transfer.conclude(curl_easy_perform(transfer.easy()));
  transfer.release();
  return attempt;
}

TEST(CurlEndpoint, WithoutAHostIsNotTakenForOneThatIsDown) {
  const Attempt unknown = attempt_at("http://teacher.invalid:81/v1");
  EXPECT_EQ(unknown.end, AttemptEnd::unreachable);
  EXPECT_TRUE(unknown.lasting);
  EXPECT_EQ(unknown.error,
            "Could not resolve host: teacher.invalid (check base_url; behind a proxy, set proxy: "
            "environment)");
  const Attempt down = attempt_at("http://127.0.0.1:1/v1");
  EXPECT_EQ(down.end, AttemptEnd::unreachable);
  EXPECT_FALSE(down.lasting);
}

TEST(CurlEndpoint, ThatCountsNoTokensIsNotFree) {
  HttpStub stub([](const StubRequest&) {
    return StubReply::of(200, R"({"choices":[{"message":{"content":"x"}}]})");
  });
  const ChatResult result = ask_at(stub.url() + "/v1", [](Endpoint&) {});
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_TRUE(result.call.tokens_unknown);
  EXPECT_EQ(result.call.cached_tokens, std::nullopt);
  EXPECT_EQ(result.call.asked_model, "");
}

TEST(CurlEndpoint, TeachesAllCallsWithOneRefusal) {
  HttpStub stub([](const StubRequest& request) {
    if (request.body.find("\"max_tokens\"") != std::string::npos) {
      return StubReply::of(400, R"({"error":{"message":"use 'max_completion_tokens' instead"}})");
    }
    if (request.body.find("top_p") != std::string::npos) {
      return StubReply::of(422, R"({"error":"`top_p` must be < 1.0"})");
    }
    return ok(request);
  });
  const ChatResult result = ask_at(
      stub.url() + "/v1", [](Endpoint&) {}, 50);
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(result.call.attempts, 1u);
  EXPECT_EQ(stub.request_count(), 52u);
}

TEST(CurlEndpoint, ThatRefusesEverySpellingIsAskedOnceForEach) {
  HttpStub stub([](const StubRequest&) {
    return StubReply::of(400, R"({"error":"max_completion_tokens and top_p: no"})");
  });
  const ChatResult result = ask_at(stub.url() + "/v1", [](Endpoint&) {});
  EXPECT_EQ(result.failure, Reason::provider_rejected);
  EXPECT_EQ(result.call.error, "HTTP 400: max_completion_tokens and top_p: no");
  EXPECT_EQ(stub.request_count(), 3u);
}

TEST(CurlEndpoint, DoesNotTeachAnother) {
  HttpStub strict([](const StubRequest& request) {
    return request.body.find("top_p") != std::string::npos ? StubReply::of(400, "top_p")
                                                           : ok(request);
  });
  HttpStub plain(ok);
  Client client(strict.url());
  client.add(plain.url());
  client.start(4);
  client.submit(1, 20);
  client.wait(20);
  ASSERT_GT(plain.request_count(), 0u);
  for (const StubRequest& request : plain.requests()) {
    EXPECT_NE(request.body.find("top_p"), std::string::npos);
  }
}

TEST(CurlEndpoint, KeepsItsSecretsOutOfErrors) {
  HttpStub stub([](const StubRequest& request) {
    return StubReply::of(400, "got " + request.header("x-key") + " and " +
                                  request.head.substr(0, request.head.find(" HTTP")));
  });
  const ChatResult result = ask_at(stub.url() + "/v1", [](Endpoint& endpoint) {
    endpoint.headers = {"X-Key: hunter2-header"};
    endpoint.query = "sig=hunter2-query";
    endpoint.secrets = {"hunter2-header", "hunter2-query"};
  });
  EXPECT_EQ(result.call.error,
            "HTTP 400: got [redacted] and POST /v1/chat/completions?sig=[redacted]");
}

TEST(CurlEndpoint, IsReachedThroughItsProxy) {
  HttpStub proxy(ok);
  const ChatResult result = ask_at("http://teacher.invalid:81/v1", [&](Endpoint& endpoint) {
    endpoint.proxy = proxy.url();
    endpoint.headers = {"X-Title: a"};
  });
  EXPECT_EQ(result.answer.text, "SELECT 1");
  EXPECT_EQ(proxy.requests().at(0).head.find(
                "POST http://teacher.invalid:81/v1/chat/completions HTTP/1.1\r\n"),
            0u);
}

TEST(CurlEndpoint, IsNotReachedThroughAProxyThatOnlyTheEnvironmentNames) {
  HttpStub stub(ok);
  HttpStub proxy([](const StubRequest&) { return StubReply::of(500, "proxy"); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const ChatResult result = ask_at(stub.url() + "/v1", [](Endpoint&) {});
  ::unsetenv("http_proxy");
  EXPECT_EQ(result.answer.text, "SELECT 1");
  EXPECT_EQ(proxy.request_count(), 0u);
}

TEST(CurlEndpoint, WithoutAnAddressIsNotWaitedFor) {
  HttpStub stub([](const StubRequest&) { return StubReply::of(404, "404 page not found"); });
  EXPECT_EQ(Client(stub.url()).find_out().words,
            "HTTP 404: 404 page not found (is /v1 missing at the end of base_url?)");
  EXPECT_EQ(Client(stub.url() + "/v1beta/openai").find_out().words, "HTTP 404: 404 page not found");
}

}  // namespace
}  // namespace fd
