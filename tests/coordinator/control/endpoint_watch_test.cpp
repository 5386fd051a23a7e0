#include "coordinator/control/endpoint_watch.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

Record ended(CallEnd end, std::uint32_t status) {
  Record record;
  record.call.emplace();
  record.call->end = end;
  record.call->http_status = status;
  record.call->endpoint = "http://e";
  record.call->error = "why";
  return record;
}

TEST(EndpointWatchTest, ARefusedKeyAndAnOutageEndTheRun) {
  for (const CallEnd end : {CallEnd::unauthorized, CallEnd::outage}) {
    EndpointWatch watch;
    const auto why = watch.look(ended(end, 401));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code, Errc::unavailable);
    EXPECT_EQ(why->message, "endpoint http://e: why");
  }
}

TEST(EndpointWatchTest, SoDoesACallWithoutAReplyWhileNothingEverAnswered) {
  EndpointWatch watch;
  EXPECT_TRUE(watch.look(ended(CallEnd::failed, 0)));
  Record answered;
  answered.answer.emplace();
  EXPECT_FALSE(watch.look(answered));
  EXPECT_FALSE(watch.look(ended(CallEnd::failed, 0)));
}

TEST(EndpointWatchTest, WhatAnEndpointRepliedEndsNoRun) {
  EndpointWatch watch;
  EXPECT_FALSE(watch.look(ended(CallEnd::failed, 500)));
  EXPECT_FALSE(watch.look(ended(CallEnd::refused, 400)));
  EXPECT_FALSE(watch.look(ended(CallEnd::answered, 200)));
}

}  // namespace
}  // namespace fd
