#include "coordinator/control/endpoint_watch.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr std::uint64_t kLastFence = 4;

Record ended(CallEnd end, std::uint32_t status) {
  Record record;
  record.fence = kLastFence + 1;
  record.call.emplace();
  record.call->end = end;
  record.call->http_status = status;
  record.call->endpoint = "http://e";
  record.call->error = "why";
  return record;
}

TEST(EndpointWatchTest, ARefusedKeyAndAnOutageEndTheRun) {
  for (const CallEnd end : {CallEnd::unauthorized, CallEnd::outage}) {
    EndpointWatch watch(kLastFence);
    const auto why = watch.look(ended(end, 401));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, Errc::unavailable);
    EXPECT_EQ(why->message, "endpoint http://e: why");
  }
}

TEST(EndpointWatchTest, SoDoesACallWithoutAReplyWhileNothingEverAnswered) {
  EndpointWatch watch(kLastFence);
  EXPECT_TRUE(watch.look(ended(CallEnd::failed, 0)));
  Record answered;
  answered.answer.emplace();
  EXPECT_FALSE(watch.look(answered));
  EXPECT_TRUE(watch.look(ended(CallEnd::failed, 0))) << "that answer is another run's";
  answered.fence = 1;
  EXPECT_FALSE(watch.look(answered));
  EXPECT_FALSE(watch.look(ended(CallEnd::failed, 0)));
}

TEST(EndpointWatchTest, WhatAnEndpointRepliedEndsNoRun) {
  EndpointWatch watch(kLastFence);
  EXPECT_FALSE(watch.look(ended(CallEnd::failed, 500)));
  EXPECT_FALSE(watch.look(ended(CallEnd::refused, 400)));
  EXPECT_FALSE(watch.look(ended(CallEnd::answered, 200)));
}

}  // namespace
}  // namespace fd
