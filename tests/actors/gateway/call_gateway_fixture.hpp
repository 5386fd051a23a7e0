#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/call_gateway.hpp"
#include "actors/journal/answer_journal.hpp"
#include "tests/actors/gateway/scripted_senders.hpp"
#include "tests/actors/journal/faulty_files.hpp"
#include "tests/actors/journal/journal_calls.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {

constexpr std::uint64_t kFirstTag = 1000;

inline ChatCall call_of(std::uint32_t index) {
  ChatCall call;
  call.tag = kFirstTag + index;
  call.sample_id = sha256("sample " + std::to_string(index));
  call.call_key = sha256("key " + std::to_string(index));
  call.candidate = index % 4;
  call.model = "m";
  call.messages = {{"system", "12345"}, {"user", "678"}};
  call.decode.max_tokens = 77;
  call.shard = index % 7;
  call.fence = 40 + index;
  return call;
}

/// A gateway over a journal whose disk can fail, and senders that the test plays.
class CallGatewayTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 8;

  CallGatewayTest() {
    AnswerJournalOptions options;
    options.files = &files;
    options.gather = std::chrono::microseconds(50);
    auto opened = AnswerJournal::open(folder.root(), testing_support::identity_of(), {}, options);
    FD_CHECK(opened.ok());
    journal = std::move(opened).value();
  }

  void start(std::uint32_t slots = kSlots, testing_support::ScriptedSenders::Script script = {}) {
    CallGatewayOptions options;
    options.config.providers.resize(1);
    options.config.providers[0].name = "a";
    options.config.retry = {3, 1, 2};
    options.slots = slots;
    const auto make = [&](CallExchange& exchange) -> std::unique_ptr<CallSenders> {
      auto made = std::make_unique<testing_support::ScriptedSenders>(exchange, std::move(script));
      senders = made.get();
      return made;
    };
    gateway =
        std::make_unique<CallGateway>(*journal, clock, options, make, [this](ChatResult done) {
          const std::lock_guard lock(mutex);
          results.push_back(std::move(done));
          changed.notify_all();
        });
  }
  void submit(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t i = first; i <= last; ++i) {
      gateway->submit(call_of(i));
    }
  }
  std::vector<ChatResult> wait(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return results.size() >= count; });
    return results;
  }
  /// Returns what the gateway has to do: its calls only.
  CallLoad load() {
    CallLoad load = gateway->load();
    load.endpoints.clear();
    load.full_ms = 0;
    return load;
  }
  /// Ends the gateway and the journal, and returns what is in it.
  RecoveredJournal read() {
    gateway.reset();
    journal.reset();
    auto read = read_journal(folder.root(), "run-1");
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
    return read.ok() ? std::move(read).value() : RecoveredJournal();
  }

  testing_support::TempFolder folder;
  testing_support::FaultyFiles files;
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ChatResult> results;
  std::unique_ptr<AnswerJournal> journal;
  testing_support::ScriptedSenders* senders = nullptr;
  std::unique_ptr<CallGateway> gateway;
};

}  // namespace fd
