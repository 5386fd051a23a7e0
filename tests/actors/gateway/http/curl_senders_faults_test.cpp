#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "actors/gateway/http/curl_transfer.hpp"
#include "protocol/limits.hpp"
#include "tests/actors/gateway/gateway_client.hpp"
#include "tests/support/http_stub.hpp"

namespace fd {
namespace {

TEST(CurlSenders, TriesAgainAfterTooManyRequestsAndErrors) {
  for (const int status : {429, 500, 503, 408, 409}) {
    HttpStub stub(first_then_ok(StubReply::of(status, "{}", "Retry-After: 0\r\n")));
    const ChatResult result = Client(stub.url()).ask();
    EXPECT_EQ(result.failure, Reason::none) << status;
    EXPECT_EQ(result.call.attempts, 2u) << status;
    EXPECT_EQ(stub.request_count(), 2u) << status;
  }
}

TEST(CurlSenders, WaitsAsLongAsItIsAskedTo) {
  HttpStub stub(first_then_ok(StubReply::of(429, "{}", "retry-after-ms: 150\r\n")));
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.call.attempts, 2u);
  EXPECT_GE(result.call.service_us, 150000u);
}

TEST(CurlSenders, ObeysTheLastHeaderOfAName) {
  HttpStub stub(
      first_then_ok(StubReply::of(429, "{}", "Retry-After-Ms: 1\r\nRETRY-AFTER-MS: \t150 \r\n")));
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.call.attempts, 2u);
  EXPECT_GE(result.call.service_us, 150000u);
}

TEST(CurlSenders, ForgetsWhatAnEarlierReplySaid) {
  HttpStub stub([](const StubRequest& request) {
    return request.body.find("question 1\"") != std::string::npos
               ? StubReply::of(500, "{}", "x-should-retry: false\r\n")
               : StubReply::drop();
  });
  Client client(stub.url());
  client.start(1);
  client.submit(1, 1);
  EXPECT_EQ(client.wait(1)[1].call.attempts, 1u);
  client.submit(2, 2);
  EXPECT_EQ(client.wait(2)[2].call.attempts, 3u);
}

TEST(CurlSenders, GivesUpAfterItsAttempts) {
  HttpStub stub([](const StubRequest&) { return StubReply::of(500, R"({"error":"boom"})"); });
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.failure, Reason::attempts_exhausted);
  EXPECT_EQ(result.call.error, "HTTP 500: boom");
  EXPECT_EQ(result.call.attempts, 3u);
  EXPECT_EQ(stub.request_count(), 3u);
}

TEST(CurlSenders, DoesNotAskAgainWhenItIsRefused) {
  for (const int status : {400, 403, 413, 422}) {
    HttpStub stub([status](const StubRequest&) {
      return StubReply::of(status, R"({"error":{"message":"no"}})");
    });
    const ChatResult result = Client(stub.url() + "/v1").ask();
    const bool filtered = status == 403;
    EXPECT_EQ(result.failure, filtered ? Reason::none : Reason::provider_rejected);
    EXPECT_EQ(result.answer.finish_reason, filtered ? "content_filter" : "");
    EXPECT_EQ(result.call.end, CallEnd::refused);
    EXPECT_EQ(result.call.error, "HTTP " + std::to_string(status) + ": no");
    EXPECT_EQ(result.call.http_status, static_cast<std::uint32_t>(status));
    EXPECT_EQ(stub.request_count(), 1u);
  }
}

TEST(CurlSenders, LeavesAnEndpointAloneThatRefusesEveryRequest) {
  for (const int status : {401, 402, 404}) {
    HttpStub stub([status](const StubRequest&) {
      return StubReply::of(status, R"({"error":{"message":"no"}})");
    });
    const EndpointReport report = Client(stub.url() + "/v1").find_out();
    EXPECT_EQ(report.state, EndpointState::refuses);
    EXPECT_EQ(report.words, "HTTP " + std::to_string(status) + ": no");
    EXPECT_EQ(stub.request_count(), 1u);
  }
}

TEST(CurlSenders, NeverSendsTwiceBehindItsOwnBackE42) {
  // Goal: when a re-used connection closes after the request and before any byte, libcurl must not
  // repeat the request on its own: the server sees exactly the attempts that are recorded.
  HttpStub stub([](const StubRequest& request) {
    return request.number % 2 == 1 ? StubReply::drop() : ok(request);
  });
  Client client(stub.url());
  client.start(1);
  std::size_t attempts = 0;
  for (std::uint64_t tag = 1; tag <= 10; ++tag) {
    client.submit(tag, tag);
    const ChatResult result = client.wait(tag)[tag];
    EXPECT_EQ(result.failure, Reason::none) << result.call.error;
    EXPECT_EQ(result.call.attempts, tag == 1 ? 1u : 2u);
    attempts += result.call.attempts;
  }
  EXPECT_EQ(stub.request_count(), attempts);
  EXPECT_EQ(stub.request_count(), 19u);
}

TEST(CurlSenders, SendsADroppedRequestAtMostAsOftenAsItMay) {
  HttpStub stub([](const StubRequest& request) {
    return request.number == 0 ? ok(request) : StubReply::drop();
  });
  Client client(stub.url());
  client.start(1);
  client.submit(1, 1);
  client.wait(1);
  client.submit(2, 2);
  const ChatResult result = client.wait(2)[2];
  EXPECT_EQ(result.failure, Reason::attempts_exhausted);
  EXPECT_NE(result.call.error, "");
  EXPECT_EQ(result.call.attempts, 3u);
  EXPECT_EQ(stub.request_count(), 4u);
}

TEST(CurlSenders, TakesNoPartOfAReplyForAnAnswer) {
  const std::string body = completion_body("SELECT 1");
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const StubReply cuts[] = {
      StubReply::cut(StubReply::completion("SELECT 1"), 40),
      StubReply::cut(StubReply::completion("SELECT 1"),
                     StubReply::completion("SELECT 1").bytes.size() - 1),
      {head + "\r\n" + body.substr(0, body.size() - 1), StubReply::Then::close},
      {head + "Content-Length: 30\r\n\r\n" + body.substr(0, 30), StubReply::Then::keep},
      {head + "Transfer-Encoding: chunked\r\n\r\n20\r\n" + body.substr(0, 32) + "\r\n",
       StubReply::Then::close},
      {head.substr(0, 9), StubReply::Then::close},
  };
  for (const StubReply& cut : cuts) {
    HttpStub stub(first_then_ok(cut));
    const ChatResult result = Client(stub.url()).ask();
    EXPECT_EQ(result.failure, Reason::none) << result.call.error;
    EXPECT_EQ(result.answer.text, "SELECT 1");
    EXPECT_EQ(result.call.attempts, 2u) << cut.bytes;
  }
}

TEST(CurlSenders, SurvivesGarbage) {
  for (const char* body : {"", "null", "[]", "<html>busy</html>", "{\"choices\":[]}", "\xFF\xFE"}) {
    HttpStub stub(first_then_ok(StubReply::of(200, body)));
    EXPECT_EQ(Client(stub.url()).ask().call.attempts, 2u) << body;
  }
  HttpStub stub(first_then_ok({"SSH-2.0-OpenSSH_9.2\r\n", StubReply::Then::close}));
  EXPECT_EQ(Client(stub.url()).ask().failure, Reason::none);
}

TEST(CurlSenders, CutsAHugeReplyAndLeavesItsNeighboursAlone) {
  // Without a Content-Length: libcurl's own limit would let it through.
  const std::string huge = "HTTP/1.1 200 OK\r\n\r\n" + std::string(kMaxReplyBytes + 1, ' ');
  HttpStub stub([&huge](const StubRequest& request) {
    return request.body.find("question 3\"") != std::string::npos
               ? StubReply{huge, StubReply::Then::close}
               : ok(request);
  });
  Client client(stub.url());
  client.start(4);
  client.submit(1, 8);
  for (const auto& [tag, result] : client.wait(8)) {
    EXPECT_EQ(result.failure, tag == 3 ? Reason::provider_error : Reason::none) << tag;
    EXPECT_EQ(result.call.error, tag == 3 ? "the reply is longer than 8388608 bytes" : "");
  }
}

TEST(CurlSenders, TakesAReplyAtTheLimit) {
  std::string body = completion_body("SELECT 1");
  body += std::string(kMaxReplyBytes - body.size(), ' ');
  HttpStub stub([&body](const StubRequest&) { return StubReply::of(200, body); });
  EXPECT_EQ(Client(stub.url()).ask().failure, Reason::none);
}

TEST(CurlSenders, RefusesAnAnswerThatGrowsBeyondTheLimitAsUtf8) {
  // Each of these bytes is no UTF-8, and becomes the three of U+FFFD.
  const auto reply = [](std::size_t bytes) {
    return completion_body(std::string(bytes, static_cast<char>(0xFF)));
  };
  const std::size_t most = (kMaxAnswerBytes - 64) / 3;
  for (const std::size_t bytes : {most, most + 64}) {
    HttpStub stub([&](const StubRequest&) { return StubReply::of(200, reply(bytes)); });
    const ChatResult result = Client(stub.url()).ask();
    EXPECT_EQ(result.failure, bytes == most ? Reason::none : Reason::provider_error);
    EXPECT_EQ(result.call.error.find("the answer has "), bytes == most ? std::string::npos : 0u);
    EXPECT_EQ(result.call.attempts, 1u);
    EXPECT_GT(result.call.prompt_tokens, 0u) << "it is paid for";
  }
}

TEST(CurlSenders, TakesHeadersUpToTheLimit) {
  const std::string body = completion_body("SELECT 1");
  const std::size_t rest = StubReply::of(200, body).bytes.size() - body.size();
  std::string lines;
  while (lines.size() + 1000 < kMaxHeaderBytes - rest) {
    lines += "X-Filler: " + std::string(488, 'x') + "\r\n";
  }
  lines.insert(lines.size() - 2, std::string(kMaxHeaderBytes - rest - lines.size(), 'x'));
  HttpStub stub([&](const StubRequest&) { return StubReply::of(200, body, lines); });
  EXPECT_EQ(Client(stub.url()).ask().failure, Reason::none);
  lines.insert(lines.size() - 2, "x");
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.failure, Reason::provider_error);
  EXPECT_EQ(result.call.error, "the reply's headers are longer than 65536 bytes");
}

TEST(CurlSenders, CutsHeadersThatDoNotEnd) {
  std::string lines;
  while (lines.size() <= kMaxHeaderBytes) {
    lines += "X-Filler: " + std::string(990, 'x') + "\r\n";
  }
  HttpStub stub([&lines](const StubRequest&) { return StubReply::of(200, "{}", lines); });
  const ChatResult result = Client(stub.url()).ask();
  EXPECT_EQ(result.failure, Reason::provider_error);
  EXPECT_EQ(result.call.error, "the reply's headers are longer than 65536 bytes");
}

TEST(CurlSenders, GivesUpOnAServerThatNeverReplies) {
  HttpStub stub([](const StubRequest& request) {
    return request.body.find("question 1\"") != std::string::npos
               ? StubReply{"HTTP/1.1 200 OK\r\n", StubReply::Then::silence}
               : ok(request);
  });
  Client client(stub.url());
  client.config.request_timeout_s = 0.2;
  client.config.retry.max_attempts = 2;
  client.start(2);
  client.submit(1, 5);
  auto results = client.wait(5);
  EXPECT_EQ(results[1].failure, Reason::attempts_exhausted);
  EXPECT_NE(results[1].call.error.find("timed out"), std::string::npos) << results[1].call.error;
  EXPECT_EQ(results[1].call.attempts, 2u);
  EXPECT_EQ(results[5].failure, Reason::none);
}

TEST(CurlSenders, FollowsNoRedirect) {
  HttpStub other(ok);
  for (const int status : {301, 302, 307, 308}) {
    HttpStub stub([&](const StubRequest&) {
      return StubReply::of(status, "", "Location: " + other.url() + "/v1/chat/completions\r\n");
    });
    const EndpointReport report = Client(stub.url()).find_out();
    EXPECT_EQ(report.state, EndpointState::refuses);
    EXPECT_NE(report.words.find(other.url()), std::string::npos) << report.words;
    EXPECT_EQ(stub.request_count(), 1u);
  }
  EXPECT_EQ(other.connection_count(), 0u);
}

TEST(CurlSenders, SendsItsKeyAndNeverShowsIt) {
  const std::string key = "sk-verysecret-0123456789";
  HttpStub stub([&](const StubRequest&) {
    return StubReply::of(401, R"({"error":{"message":"no key )" + key + " or sk-verysec\"}}");
  });
  EXPECT_EQ(Client(stub.url(), key).find_out().words, "HTTP 401: no key [redacted] or [redacted]");
  EXPECT_EQ(stub.requests().at(0).header("authorization"), "Bearer " + key);
}

TEST(CurlSenders, SendsNothingWithAKeyThatWouldForgeAHeader) {
  HttpStub stub(ok);
  const EndpointReport report = Client(stub.url(), "key\r\nX-Evil: 1").find_out();
  EXPECT_EQ(report.state, EndpointState::refuses);
  EXPECT_EQ(report.words, "the API key holds a line break or another control character");
  EXPECT_EQ(stub.connection_count(), 0u);
}

TEST(CurlSenders, UsesNoProxyOfTheEnvironment) {
  HttpStub proxy(ok);
  HttpStub stub(ok);
  setenv("http_proxy", proxy.url().c_str(), 1);
  const ChatResult result = Client(stub.url()).ask();
  unsetenv("http_proxy");
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(proxy.connection_count(), 0u);
}

TEST(CurlSenders, DoesNotAskAgainWhereTheUrlMakesNoSense) {
  EXPECT_EQ(Client("http://[::1").find_out().state, EndpointState::refuses);
}

TEST(CurlSenders, CountsNoAttemptThatWasNotSent) {
  std::string url;
  {
    HttpStub gone(ok);
    url = gone.url();
  }
  Client client(url);
  const EndpointReport report = client.find_out();
  EXPECT_EQ(report.state, EndpointState::waits);
  EXPECT_NE(report.words.find("127.0.0.1"), std::string::npos) << report.words;
  const ChatResult result = client.wait(1)[1];
  EXPECT_EQ(result.call.end, CallEnd::cancelled);
  EXPECT_EQ(result.call.attempts, 0u);
  EXPECT_EQ(result.call.http_status, 0u);
}

TEST(CurlSenders, GoesOnWithTheEndpointThatLives) {
  HttpStub alive(ok);
  std::string url;
  {
    HttpStub gone(ok);
    url = gone.url();
  }
  Client client(url);
  client.add(alive.url());
  client.config.retry.max_attempts = 6;
  client.start(8);
  client.submit(1, 200);
  for (const auto& [tag, result] : client.wait(200)) {
    EXPECT_EQ(result.failure, Reason::none) << result.call.error;
    EXPECT_EQ(result.call.endpoint, "stub1");
  }
}

}  // namespace
}  // namespace fd
