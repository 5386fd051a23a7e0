#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/call_gateway.hpp"
#include "actors/gateway/http/curl_senders.hpp"
#include "actors/journal/unkept_journal.hpp"
#include "tests/support/http_stub.hpp"

namespace fd {

using testing::completion_body;
using testing::HttpStub;
using testing::StubReply;
using testing::StubRequest;

/// A gateway to stubs, and the results that came. Retries come after milliseconds.
class Client {
 public:
  explicit Client(const std::string& base_url, const std::string& api_key = "") {
    add(base_url, api_key);
  }

  void add(const std::string& base_url, const std::string& api_key = "") {
    Endpoint endpoint;
    endpoint.config.name = "stub" + std::to_string(endpoints_.size());
    endpoint.config.base_url = base_url;
    endpoint.config.max_concurrency = 4000;
    endpoint.api_key = api_key;
    endpoints_.push_back(endpoint);
  }

  /// Returns an endpoint, to be changed before start().
  Endpoint& endpoint(std::size_t index) { return endpoints_.at(index); }

  void start(std::uint32_t slots) {
    CallGatewayOptions options{config, slots, 7};
    for (const Endpoint& endpoint : endpoints_) {
      options.config.providers.push_back(endpoint.config);
    }
    gateway_ = std::make_unique<CallGateway>(
        journal_, clock_, options,
        curl_senders(endpoints_, config.request_timeout_s,
                     [this](const std::string& provider, const Attempt& attempt) {
                       hear(provider + ": " + attempt.error);
                     }),
        [this](ChatResult done) { add(std::move(done)); });
  }

  static ChatCall call(std::uint64_t tag, const std::string& prompt = "question") {
    ChatCall call;
    call.tag = tag;
    call.call_key = sha256(std::to_string(tag));
    call.model = "m";
    call.messages = {{"user", prompt + " " + std::to_string(tag)}};
    return call;
  }

  void submit(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t tag = first; tag <= last; ++tag) {
      gateway_->submit(call(tag));
    }
  }

  /// Waits until `count` results came; each call has exactly one.
  std::map<std::uint64_t, ChatResult> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return results_.size() >= count; }));
    EXPECT_EQ(deliveries_, results_.size());
    return results_;
  }

  /// Waits until `count` results came, whichever calls they are of.
  void wait_for_results(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return deliveries_ >= count; }));
  }

  /// Returns what the listener has heard of attempts.
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

  ChatResult ask() {
    start(1);
    submit(1, 1);
    return wait(1)[1];
  }

  /// Makes a call at the first endpoint, which is to be out afterwards. Returns what is said of it.
  EndpointReport find_out() {
    start(1);
    submit(1, 1);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    EndpointReport report;
    while (!report.out() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      report = gateway_->load().endpoints.at(0);
    }
    gateway_->cancel_waiting();
    wait(1);
    return report;
  }

  CallGateway& gateway() { return *gateway_; }
  void stop() { gateway_.reset(); }

  /// Called with each result. Thread: one of the gateway's.
  std::function<void(const ChatResult&)> on_result;

  GatewayConfig config = [] {
    GatewayConfig quick;
    quick.request_timeout_s = 60;
    quick.retry = {3, 1, 5};
    return quick;
  }();

 private:
  void add(ChatResult done) {
    if (on_result) {
      on_result(done);
    }
    const std::lock_guard lock(mutex_);
    ++deliveries_;
    const std::uint64_t tag = done.tag;
    results_[tag] = std::move(done);
    changed_.notify_all();
  }

  void hear(std::string words) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(words));
  }

  SystemClock clock_;
  UnkeptJournal journal_;
  std::vector<Endpoint> endpoints_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, ChatResult> results_;
  std::size_t deliveries_ = 0;
  std::vector<std::string> heard_;
  std::unique_ptr<CallGateway> gateway_;
};

/// Replies to anything with an answer.
inline StubReply ok(const StubRequest&) {
  return StubReply::completion("SELECT 1");
}

/// Replies with `first` to the first request and with an answer to all others.
inline HttpStub::Script first_then_ok(StubReply first) {
  return [first = std::move(first)](const StubRequest& request) {
    return request.number == 0 ? first : ok(request);
  };
}

}  // namespace fd
