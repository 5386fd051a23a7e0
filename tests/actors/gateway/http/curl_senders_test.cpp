#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/system/open_files.hpp"
#include "tests/actors/gateway/gateway_client.hpp"
#include "tests/support/http_stub.hpp"

namespace fd {
namespace {

TEST(CurlSenders, BringsAnAnswerHome) {
  HttpStub stub(ok);
  Client client(stub.url() + "/v1/");
  const ChatResult result = client.ask();
  EXPECT_EQ(result.failure, Reason::none);
  EXPECT_EQ(result.answer.text, "SELECT 1");
  EXPECT_EQ(result.answer.model, "m");
  EXPECT_EQ(result.call.served_model, "served");
  EXPECT_EQ(result.answer.finish_reason, "stop");
  EXPECT_EQ(result.answer.call_key, sha256("1"));
  EXPECT_EQ(result.call.call_key, sha256("1"));
  EXPECT_EQ(result.call.endpoint, "stub0");
  EXPECT_EQ(result.call.attempts, 1u);
  EXPECT_EQ(result.call.http_status, 200u);
  EXPECT_EQ(result.call.prompt_tokens, 7u);
  EXPECT_EQ(result.call.completion_tokens, 3u);
  EXPECT_EQ(result.call.end, CallEnd::answered);
  EXPECT_EQ(result.call.error, "");
  const StubRequest request = stub.requests().at(0);
  EXPECT_EQ(request.head.find("POST /v1/chat/completions HTTP/1.1\r\n"), 0u) << request.head;
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("authorization"), "");
  EXPECT_EQ(request.header("accept-encoding"), "gzip, deflate");
  EXPECT_EQ(request.header("expect"), "");
  EXPECT_EQ(request.body,
            R"({"max_tokens":512,"messages":[{"content":"question 1","role":"user"}],"model":"m",)"
            R"("temperature":0.2,"top_p":1})");
}

// --- several candidates -------------------------------------------------------------------------

ChatCall purchase(std::uint32_t count) {
  ChatCall call = Client::call(1);
  call.count = count;
  for (std::uint32_t i = 1; i < count; ++i) {
    call.more_keys.push_back(sha256("1+" + std::to_string(i)));
  }
  return call;
}

/// Replies with as many choices as `texts` has.
StubReply with_choices(const std::vector<std::string>& texts) {
  std::string choices;
  for (const std::string& text : texts) {
    choices += (choices.empty() ? "" : ",") +
               (R"({"finish_reason":"stop","message":{"content":")" + text) + "\"}}";
  }
  return StubReply::of(200, R"({"model":"served","choices":[)" + choices +
                                R"(],"usage":{"prompt_tokens":7,"completion_tokens":3}})");
}

TEST(CurlSenders, BringsSeveralCandidatesHomeUnderTheirOwnKeys) {
  HttpStub stub([](const StubRequest&) { return with_choices({"a", "b", "c"}); });
  Client client(stub.url());
  std::mutex mutex;
  std::vector<ChatResult> results;
  client.on_result = [&](const ChatResult& result) {
    const std::lock_guard lock(mutex);
    results.push_back(result);
  };
  client.start(1);
  client.gateway().submit(purchase(3));
  client.wait_for_results(3);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(results.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(static_cast<const CallIdentity&>(results[i].answer), identity_of(purchase(3), i));
    EXPECT_EQ(results[i].answer.text, std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(results[i].answer.model, "m");
    EXPECT_EQ(results[i].partial, i < 2);
  }
  EXPECT_EQ(results[2].call.count, 3u);
  EXPECT_EQ(results[2].call.attempts, 1u);
  EXPECT_EQ(results[2].call.prompt_tokens, 7u);
  EXPECT_NE(stub.requests().at(0).body.find(R"("n":3)"), std::string::npos);
}

TEST(CurlSenders, TellsOfFewerCandidatesThanItAskedFor) {
  HttpStub stub([](const StubRequest&) { return with_choices({"a"}); });
  Client client(stub.url());
  client.start(1);
  client.gateway().submit(purchase(2));
  const ChatResult result = client.wait(1)[1];
  EXPECT_EQ(result.call.end, CallEnd::answered);
  EXPECT_EQ(result.call.error, "");
  EXPECT_EQ(client.heard(), std::vector<std::string>{"stub0: brought 1 of 2 candidates at once"});
}

TEST(CurlSenders, AsksForOneCandidateAfterTheOtherWhereSeveralAreRefused) {
  HttpStub stub([](const StubRequest& request) {
    return request.body.find("\"n\"") == std::string::npos
               ? ok(request)
               : StubReply::of(400, R"({"error":"n must be 1"})");
  });
  Client client(stub.url());
  client.start(2);
  client.gateway().submit(purchase(2));
  client.wait_for_results(2);
  EXPECT_EQ(stub.request_count(), 3u);
  EXPECT_EQ(client.heard(),
            std::vector<std::string>{
                "stub0: HTTP 400: n must be 1 (it was asked for 2 candidates at once)"});
}

TEST(CurlSenders, SendsABodyOfAnySizeWithoutWaiting) {
  HttpStub stub(ok);
  Client client(stub.url());
  client.start(1);
  ChatCall call = Client::call(1, std::string(3u << 20, 'x'));
  client.gateway().submit(call);
  EXPECT_EQ(client.wait(1)[1].failure, Reason::none);
  EXPECT_EQ(stub.requests().at(0).header("expect"), "");
  EXPECT_GT(stub.requests().at(0).body.size(), 3u << 20);
}

TEST(CurlSenders, UsesAConnectionAgain) {
  HttpStub stub(ok);
  Client client(stub.url());
  client.start(1);
  client.submit(1, 20);
  client.wait(20);
  EXPECT_EQ(stub.request_count(), 20u);
  EXPECT_EQ(stub.connection_count(), 1u);
}

TEST(CurlSenders, TellsHowLongACallConnectedAndWaitedForItsReply) {
  // Method: the reply is held, and the call has waited for it at least as long as we saw it held.
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(1);
  const auto check = [&](std::uint64_t tag, bool connects) {
    client.submit(tag, tag);
    ASSERT_TRUE(stub.wait_for_held(1));
    const auto seen = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - seen < std::chrono::milliseconds(20)) {
      std::this_thread::yield();
    }
    stub.release(1);
    const Call call = client.wait(tag)[tag].call;
    ASSERT_TRUE(call.connect_us.has_value() && call.first_byte_us.has_value());
    EXPECT_EQ(*call.connect_us > 0, connects);
    EXPECT_GE(*call.first_byte_us, 20'000u);
    EXPECT_LE(*call.connect_us + *call.first_byte_us, call.service_us);
  };
  check(1, true);
  check(2, false);
}

TEST(CurlSenders, TellsNoTimesOfACallThatNeverConnected) {
  Client client("http://127.0.0.1:1/v1");
  client.find_out();
  const Call call = client.wait(1)[1].call;
  EXPECT_EQ(call.connect_us, std::nullopt);
  EXPECT_EQ(call.first_byte_us, std::nullopt);
}

TEST(CurlSenders, BringsTwoHundredAtOnceToTheRightCallers) {
  // Method: nothing is answered before all 200 have arrived; answers name the question.
  HttpStub stub([](const StubRequest& request) {
    const std::size_t from = request.body.find("question ");
    return StubReply::completion(request.body.substr(from, request.body.find('"', from) - from))
        .held();
  });
  Client client(stub.url());
  client.start(200);
  client.submit(1, 200);
  ASSERT_TRUE(stub.wait_for_held(200));
  stub.release_all();
  for (const auto& [tag, result] : client.wait(200)) {
    EXPECT_EQ(result.answer.text, "question " + std::to_string(tag));
  }
  client.submit(201, 400);
  client.wait(400);
  EXPECT_LE(stub.connection_count(), 200u);
  EXPECT_EQ(stub.request_count(), 400u);
}

TEST(CurlSenders, KeepsTheConnectionsOfMoreCallsThanAMultiHandleHas) {
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(600);
  client.submit(1, 700);
  ASSERT_TRUE(stub.wait_for_held(600));
  EXPECT_EQ(stub.most_at_once(), 600u);
  stub.release_all();
  client.wait(700);
  client.submit(701, 1400);
  client.wait(1400);
  EXPECT_EQ(stub.request_count(), 1400u);
  EXPECT_EQ(stub.most_at_once(), 600u);
  EXPECT_LE(stub.connection_count(), 600u);
}

TEST(CurlSenders, SpreadsManySlotsOverItsThreads) {
  ASSERT_TRUE(raise_open_files(5000).ok());  // the stub has the other ends
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(2100);
  client.submit(1, 2200);
  ASSERT_TRUE(stub.wait_for_held(2100));
  stub.release_all();
  client.wait(2200);
  EXPECT_EQ(stub.request_count(), 2200u);
  EXPECT_EQ(stub.most_at_once(), 2100u);
}

TEST(CurlSenders, KeepsToItsSlots) {
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(4);
  client.submit(1, 30);
  ASSERT_TRUE(stub.wait_for_held(4));
  stub.release(4);
  ASSERT_TRUE(stub.wait_for_held(4));
  EXPECT_EQ(stub.most_at_once(), 4u);
  client.gateway().set_shares({{"stub0", 9}});
  ASSERT_TRUE(stub.wait_for_held(9));
  EXPECT_EQ(stub.most_at_once(), 9u);
  stub.release_all();
  client.wait(30);
  EXPECT_EQ(stub.most_at_once(), 9u);
}

TEST(CurlSenders, CancelsWhatWaitsAndLetsTheRestFinish) {
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(2);
  client.submit(1, 10);
  ASSERT_TRUE(stub.wait_for_held(2));
  client.gateway().cancel_waiting();
  for (const auto& [tag, result] : client.wait(8)) {
    EXPECT_GE(tag, 3u);
    EXPECT_EQ(result.failure, Reason::internal);
    EXPECT_EQ(result.call.end, CallEnd::cancelled);
    EXPECT_EQ(result.call.attempts, 0u);
  }
  stub.release_all();
  auto results = client.wait(10);
  EXPECT_EQ(results[1].failure, Reason::none);
  EXPECT_EQ(results[2].failure, Reason::none);
  EXPECT_EQ(stub.request_count(), 2u);
}

TEST(CurlSenders, EndsWithCallsInFlightAndWaiting) {
  HttpStub stub([](const StubRequest& request) { return ok(request).held(); });
  Client client(stub.url());
  client.start(3);
  client.submit(1, 10);
  ASSERT_TRUE(stub.wait_for_held(3));
  client.stop();
  EXPECT_TRUE(client.wait(0).empty());
}

TEST(CurlSenders, TakesCallsFromItsOwnCallback) {
  HttpStub stub(ok);
  Client client(stub.url());
  client.on_result = [&client](const ChatResult& result) {
    if (result.tag < 50) {
      client.submit(result.tag + 1, result.tag + 1);
    }
  };
  client.start(1);
  client.submit(1, 1);
  EXPECT_EQ(client.wait(50).size(), 50u);
}

}  // namespace
}  // namespace fd
