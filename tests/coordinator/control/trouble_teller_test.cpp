#include "coordinator/control/trouble_teller.hpp"

#include <gtest/gtest.h>

#include "tests/coordinator/control/fake_ports.hpp"

namespace fd {
namespace {

using Strings = std::vector<std::string>;

constexpr std::uint64_t kLastFence = 4;

class TroubleTellerTest : public testing::Test {
 protected:
  void call_ended(CallEnd end, std::string words, std::uint64_t fence = kLastFence + 1) {
    Record record;
    record.fence = fence;
    record.call.emplace();
    record.call->endpoint = "stub";
    record.call->http_status = 418;
    record.call->end = end;
    record.call->error = std::move(words);
    teller_.hear(record);
  }
  void answered(std::string text, std::string finish_reason) {
    Record record;
    record.answer.emplace();
    record.answer->text = std::move(text);
    record.answer->finish_reason = std::move(finish_reason);
    teller_.hear(record);
  }
  void heard(std::vector<EndpointError> errors) {
    WorkerState state;
    state.name = "w";
    state.endpoint_errors = std::move(errors);
    teller_.hear(state);
  }

  testing_support::FakePorts ports_;
  TroubleTeller teller_{ports_, kLastFence};
};

TEST_F(TroubleTellerTest, TheFirstErrorOfASortIsToldInTheServersWords) {
  call_ended(CallEnd::refused, "no tea, id 17");
  call_ended(CallEnd::failed, "no tea, id 18");
  EXPECT_EQ(ports_.told, (Strings{"stub: no tea, id 17"}));
}

TEST_F(TroubleTellerTest, AnErrorThatAWorkerMetAndACallEndedByIsToldOnce) {
  heard({{"stub", 418, "no key", 0}});
  call_ended(CallEnd::unauthorized, "unauthorized: no key");
  heard({{"stub", 418, "no key", 0}, {"stub", 503, "busy", 0}});
  EXPECT_EQ(ports_.told, (Strings{"stub: no key", "stub: busy"}));
}

TEST_F(TroubleTellerTest, WhatNoProviderSaidIsNotTold) {
  for (const CallEnd end :
       {CallEnd::answered, CallEnd::cancelled, CallEnd::in_doubt, CallEnd::journal_failed}) {
    call_ended(end, "why");
  }
  call_ended(CallEnd::refused, "of an earlier start", kLastFence);
  EXPECT_EQ(ports_.told, Strings{});
}

TEST_F(TroubleTellerTest, BeyondTheBoundOneLineSaysSo) {
  for (std::size_t i = 0; i < kErrorSortsMax + 3; ++i) {
    call_ended(CallEnd::refused, std::string(i + 1, 'x'));
  }
  ASSERT_EQ(ports_.told.size(), kErrorSortsMax + 1);
  EXPECT_EQ(ports_.told.back(), "further sorts of errors are counted, not shown");
}

TEST_F(TroubleTellerTest, APauseIsToldWithItsEnd) {
  heard({{"stub", 429, "slow", 3600 * 1000}});
  EXPECT_EQ(ports_.told.back(), "stub asked for a pause: its calls wait until in 3600 s");
}

TEST_F(TroubleTellerTest, PausesThatFollowEachOtherAreToldMoreAndMoreSeldom) {
  std::vector<std::size_t> told_at;
  for (std::size_t minute = 0; minute <= 100; ++minute) {
    const std::size_t before = ports_.told.size();
    heard({{"stub", 429, "slow", 60 * 1000}});
    heard({{"stub", 429, "slow", 50 * 1000}});  // what is left of it
    if (ports_.told.size() > before) {
      told_at.push_back(minute);
    }
    ports_.time += std::chrono::minutes(1);
  }
  EXPECT_EQ(told_at, (std::vector<std::size_t>{0, 1, 3, 7, 15, 31, 61, 91}));
}

TEST_F(TroubleTellerTest, AShortPauseIsNoNews) {
  heard({{"stub", 429, "slow", 4999}});
  EXPECT_EQ(ports_.told.size(), 1u);  // the error
  heard({{"stub", 429, "slow", 5000}});
  EXPECT_EQ(ports_.told.size(), 2u);
}

TEST_F(TroubleTellerTest, AnAnswerThatIsAllReasoningNamesTheKeyOnce) {
  answered("SELECT", "length");
  answered("text", "stop");
  EXPECT_EQ(ports_.told, Strings{});
  answered("\n ", "length");
  answered("", "max_tokens");
  ASSERT_EQ(ports_.told.size(), 1u);
  EXPECT_NE(ports_.told[0].find("teacher.decode.max_tokens"), std::string::npos);
}

}  // namespace
}  // namespace fd
